// Package command runs the programs of cdkweb, so that they treat flags, errors and --help alike.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// UsageError is a mistake in the flags: the status is 2.
type UsageError struct{ error }

// Usage makes an error a mistake in the flags.
func Usage(err error) error { return UsageError{err} }

// Run runs a program, "cost", and returns the status to exit with: 1 for its errors, 2 for a
// [UsageError], 0 for flag.ErrHelp, which prints the help.
func Run(
	name, help string,
	args []string,
	stdout, stderr io.Writer,
	run func(args []string, stdout, stderr io.Writer) error,
) int {
	err := run(args, stdout, stderr)
	var usage UsageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		if _, err := io.WriteString(stdout, help); err != nil {
			return 1
		}
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "cdkweb %s: %v; cdkweb %[1]s --help lists the flags\n", name, err)
		return 2
	}
	fmt.Fprintf(stderr, "cdkweb %s: %v\n", name, err)
	return 1
}
