package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/build"
)

// load takes images from an archive of docker save.
func (p *program) load(args []string) error {
	input := ""
	for i := 0; i < len(args); i++ {
		value, ok := strings.CutPrefix(args[i], "--input=")
		switch {
		case ok:
			input = value
		case args[i] == "--input" || args[i] == "-i":
			if i++; i == len(args) {
				return usageError{errors.New("--input must be followed by a file")}
			}
			input = args[i]
		case args[i] == "--quiet" || args[i] == "-q":
		case strings.HasPrefix(args[i], "-"):
			return usageError{fmt.Errorf("load has no flag %s", strings.SplitN(args[i], "=", 2)[0])}
		default:
			return usageError{
				fmt.Errorf("load takes no arguments, got %q; name a file with --input", args[i]),
			}
		}
	}
	var from io.Reader = p.in
	if input != "" {
		file, err := p.openInput(input)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		defer file.Close()
		from = file
	}
	loaded, err := build.Load(p.ctx, p.store, p.input(from))
	if err != nil {
		if input == "" {
			input = "standard input"
		}
		return fmt.Errorf("load %s: %w", input, err)
	}
	for _, image := range loaded {
		if err := p.named(image); err != nil {
			return err
		}
	}
	return nil
}

// named gives a loaded image its names, and prints them as docker does.
func (p *program) named(image build.Loaded) error {
	if len(image.Names) == 0 {
		if err := p.store.Tag(unnamed+image.ID.String(), image.Descriptor); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.out, "Loaded image ID: %s\n", image.ID)
		return err
	}
	for _, text := range image.Names {
		full, err := build.FullName(text)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if err := p.store.Tag(full, image.Descriptor); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.out, "Loaded image: %s\n", familiar(full)); err != nil {
			return err
		}
	}
	return nil
}
