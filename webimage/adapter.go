package webimage

import (
	"fmt"

	"github.com/cdkweb/cdkweb/adapter"
)

// writeAdapter writes the archive with the adapter that an image of this architecture gets.
func writeAdapter(file string, architecture Architecture) error {
	program, err := adapter.Build(architectures[architecture].goarch)
	if err != nil {
		return err
	}
	archive := newArchive()
	if err := archive.file(adapter.Path, 0o755, program); err != nil {
		return fmt.Errorf("pack the Lambda adapter: %w", err)
	}
	return archive.write(file)
}
