// Command readme writes the table of the hostings into a README.
//
//	readme README.md
package main

import (
	"log"
	"os"

	"github.com/cdkweb/cdkweb/internal/limits"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("readme: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: readme FILE")
	}
	if err := rewrite(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func rewrite(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := limits.Rewrite(string(content))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
