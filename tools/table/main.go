// Command table writes the table of the hostings into documents.
//
//	table README.md docs/moving.md
package main

import (
	"log"
	"os"

	"github.com/cdkweb/cdkweb/platform"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("table: ")
	if len(os.Args) < 2 {
		log.Fatal("usage: table FILE...")
	}
	for _, file := range os.Args[1:] {
		if err := rewrite(file); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
	}
}

func rewrite(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := platform.Rewrite(string(content))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
