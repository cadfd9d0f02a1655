package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/cdkweb/cdkweb/internal/assembly"
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
	names, err := assembly.Stacks(dir)
	if err != nil {
		return nil, err
	}
	var stacks []stack
	for _, name := range names {
		found := stack{template: assembly.TemplateFile(dir, name)}
		var document struct {
			Resources map[string]struct{ Type string }
		}
		if err := read(found.template, &document); err != nil {
			return nil, err
		}
		for _, resource := range document.Resources {
			found.resources = append(found.resources, resource.Type)
		}
		assets, err := assembly.ReadAssets(dir, name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, hash := range slices.Sorted(maps.Keys(assets.Images)) {
			found.images = append(found.images, image{assets.Images[hash].DisplayName, hash})
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
