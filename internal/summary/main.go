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

	"github.com/cdkweb/cdkweb/internal/assembly"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("summary: ")
	if len(os.Args) < 3 {
		log.Fatal("usage: summary FOLDER ASSEMBLY...")
	}
	for _, name := range os.Args[2:] {
		if err := summarize(os.Stdout, filepath.Join(os.Args[1], name)); err != nil {
			log.Fatal(err)
		}
	}
}

// summarize prints a line for each template of a cloud assembly.
func summarize(out io.Writer, dir string) error {
	stacks, err := assembly.Stacks(dir)
	if err != nil {
		return err
	}
	if len(stacks) == 0 {
		return fmt.Errorf("there is no template in %s", dir)
	}
	for _, stack := range stacks {
		template := assembly.TemplateFile(dir, stack)
		types, err := count(template)
		if err != nil {
			return err
		}
		images, err := images(dir, stack)
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
	content, err := os.ReadFile(template)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return "", fmt.Errorf("%s: %w", template, err)
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
func images(dir, stack string) (string, error) {
	assets, err := assembly.ReadAssets(dir, stack)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	var names []string
	for _, hash := range slices.Sorted(maps.Keys(assets.Images)) {
		names = append(names, fmt.Sprintf("%s %.12s", assets.Images[hash].DisplayName, hash))
	}
	if len(names) == 0 {
		return "no image", nil
	}
	return "image " + strings.Join(names, ", "), nil
}
