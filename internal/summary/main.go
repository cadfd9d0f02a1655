// Command summary says what `cdk synth` wrote: a line for each template below the named cloud assemblies, with what it holds.
//
//	summary cdk.out apprunner lambda
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("summary: ")
	if len(os.Args) < 3 {
		log.Fatal("usage: summary FOLDER ASSEMBLY...")
	}
	for _, assembly := range os.Args[2:] {
		if err := summarize(os.Stdout, filepath.Join(os.Args[1], assembly)); err != nil {
			log.Fatal(err)
		}
	}
}

// summarize prints a line for each template of a cloud assembly.
func summarize(out io.Writer, assembly string) error {
	templates, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		return err
	}
	if len(templates) == 0 {
		return fmt.Errorf("there is no template in %s", assembly)
	}
	for _, template := range templates {
		types, err := count(template)
		if err != nil {
			return err
		}
		images, err := images(strings.TrimSuffix(template, ".template.json") + ".assets.json")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %s, %s\n", template, types, images)
	}
	return nil
}

// count lists a template's resources by type, without the common prefix.
func count(template string) (string, error) {
	var document struct {
		Resources map[string]struct{ Type string }
	}
	if err := read(template, &document); err != nil {
		return "", err
	}
	numbers := map[string]int{}
	for _, resource := range document.Resources {
		numbers[strings.TrimPrefix(resource.Type, "AWS::")]++
	}
	var types []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if n := numbers[name]; n > 1 {
			name = fmt.Sprintf("%d %s", n, name)
		}
		types = append(types, name)
	}
	return fmt.Sprintf("%d resources (%s)", len(document.Resources), strings.Join(types, ", ")), nil
}

// images lists the images that are built for a stack, by the beginning of their hash.
func images(manifest string) (string, error) {
	var document struct {
		DockerImages map[string]struct{ DisplayName string }
	}
	if err := read(manifest, &document); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	var names []string
	for _, hash := range slices.Sorted(maps.Keys(document.DockerImages)) {
		names = append(names, fmt.Sprintf("%s %.12s", document.DockerImages[hash].DisplayName, hash))
	}
	if len(names) == 0 {
		return "no image", nil
	}
	return "image " + strings.Join(names, ", "), nil
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
