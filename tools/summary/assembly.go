package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stack is what a cloud assembly holds of a stack.
type stack struct {
	template  string   // its file
	resources []string // the type of each
	images    []image
}

// image is one that is built for a stack.
type image struct{ name, hash string }

// readAssembly returns the stacks of a cloud assembly, by the names of their templates.
func readAssembly(dir string) ([]stack, error) {
	templates, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return nil, err
	}
	var stacks []stack
	for _, template := range templates {
		found := stack{template: template}
		var document struct {
			Resources map[string]struct{ Type string }
		}
		if err := read(template, &document); err != nil {
			return nil, err
		}
		for _, resource := range document.Resources {
			found.resources = append(found.resources, resource.Type)
		}
		var manifest struct {
			DockerImages map[string]struct{ DisplayName string }
		}
		assets := strings.TrimSuffix(template, ".template.json") + ".assets.json"
		if err := read(assets, &manifest); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, hash := range slices.Sorted(maps.Keys(manifest.DockerImages)) {
			name := manifest.DockerImages[hash].DisplayName
			found.images = append(found.images, image{name, hash})
		}
		stacks = append(stacks, found)
	}
	return stacks, nil
}

func read(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
