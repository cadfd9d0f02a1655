// Package project finds the folder that a CDK app belongs to, so that `cdk synth` and `go test ./...`, which run in
// different folders, read the same files.
package project

import (
	"fmt"
	"os"
	"path/filepath"
)

// Config is the file that marks the folder of a CDK app.
const Config = "cdk.json"

// Root returns the folder of the nearest cdk.json at or above the working directory or, where there is none, of the nearest
// go.mod. With neither it is the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the app's folder: %w", err)
	}
	for _, marker := range []string{Config, "go.mod"} {
		if root, ok := above(dir, marker); ok {
			return root, nil
		}
	}
	return dir, nil
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
