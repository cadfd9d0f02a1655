// Package project finds the folder that a CDK app belongs to, so that `cdk synth` and `go test
// ./...`, which run in different folders, read the same files.
package project

import (
	"fmt"
	"os"
	"path/filepath"
)

// Config is the file that marks the folder of a CDK app.
const Config = "cdk.json"

const module = "go.mod"

// Root returns the folder of the nearest cdk.json at or above the working directory or, if there is
// none, of the nearest go.mod. With neither it is the working directory.
func Root() (string, error) {
	root, _, err := find()
	return root, err
}

// find returns the folder of the app, and the file that marks it.
func find() (root, marker string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", "", fmt.Errorf("find the app's folder: %w", err)
	}
	for _, marker := range []string{Config, module} {
		if root, ok := above(dir, marker); ok {
			return root, marker, nil
		}
	}
	return dir, "", nil
}

// Path returns name as an absolute path; a relative name starts at [Root].
func Path(name string) (string, error) {
	if filepath.IsAbs(name) {
		return filepath.Clean(name), nil
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, name), nil
}

// Relative returns a path as it is seen from [Root], with slashes: the same on every machine.
func Relative(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return filepath.ToSlash(name), nil // on another drive
	}
	return filepath.ToSlash(relative), nil
}

// Hint says where relative paths start, for an error about one of them.
func Hint() string {
	root, marker, err := find()
	switch {
	case err != nil:
		return err.Error()
	case marker == "":
		return fmt.Sprintf("relative paths start at the working directory %s, because there is "+
			"no %s and no %s at or above it", root, Config, module)
	}
	return fmt.Sprintf("relative paths start at %s, the folder of %s", root, marker)
}

// above returns the nearest folder at or above dir that holds a file of that name.
func above(dir, file string) (string, bool) {
	for {
		if info, err := os.Stat(filepath.Join(dir, file)); err == nil && info.Mode().IsRegular() {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
