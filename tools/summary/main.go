// Command summary says what `cdk synth` wrote: a line for each template below the named cloud
// assemblies, with what it holds.
//
//	go run ./tools/summary cdk.out apprunner lambda
package main

import (
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
	stacks, err := readAssembly(assembly)
	if err != nil {
		return err
	}
	if len(stacks) == 0 {
		return fmt.Errorf("there is no template in %s", assembly)
	}
	for _, stack := range stacks {
		fmt.Fprintf(out, "%s: %s, %s\n", stack.template, count(stack.resources), list(stack.images))
	}
	return nil
}

// count says how many resources there are, and of each type, without the common prefix.
func count(resources []string) string {
	numbers := map[string]int{}
	for _, kind := range resources {
		numbers[strings.TrimPrefix(kind, "AWS::")]++
	}
	var types []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if n := numbers[name]; n > 1 {
			name = fmt.Sprintf("%d %s", n, name)
		}
		types = append(types, name)
	}
	return fmt.Sprintf("%d resources (%s)", len(resources), strings.Join(types, ", "))
}

// list names images, with the beginning of their hash.
func list(images []image) string {
	var names []string
	for _, image := range images {
		names = append(names, fmt.Sprintf("%s %.12s", image.name, image.hash))
	}
	if len(names) == 0 {
		return "no image"
	}
	return "image " + strings.Join(names, ", ")
}
