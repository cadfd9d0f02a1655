// Command cdkweb has programs for those who run web servers on AWS with the CDK.
//
//	cdkweb cost cdk.out --requests-per-month 3M
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/cdkweb/cdkweb/cmd/cdkweb/internal/cost"
	"github.com/cdkweb/cdkweb/cmd/cdkweb/internal/importer"
)

// commands are the programs.
var commands = []struct {
	name, what string
	run        func(args []string, stdout, stderr io.Writer) int
}{
	{"cost", "what each web server of a CDK app costs a month, here and on the other hostings", cost.Run},
	{"import", "a CDK app of what AWS Copilot, App Runner or AWS SAM runs", importer.Run},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	for _, command := range commands {
		if args[0] == command.name {
			return command.run(args[1:], stdout, stderr)
		}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return 0
	}
	fmt.Fprintf(stderr, "cdkweb: there is no command %q; cdkweb --help lists them\n", args[0])
	return 2
}

func usage(out io.Writer) {
	fmt.Fprint(out, "usage: cdkweb COMMAND [arguments]\n\n")
	for _, command := range commands {
		fmt.Fprintf(out, "  %-8s %s\n", command.name, command.what)
	}
	fmt.Fprint(out, "\ncdkweb COMMAND --help says more.\n")
}
