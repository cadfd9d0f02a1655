package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// commands are what the program does if it is started with arguments, which
// Lambda does not do with an extension. The first argument names the command.
var commands = []struct {
	name, arguments string
	run             func(arguments []string) error
}{
	{"health", "URL [STATUSCODES [TIMEOUT]]", health},
	{"exec", "-- COMMAND [ARGUMENT...]", execute},
}

// usageError says what is wrong with the arguments.
type usageError string

func (u usageError) Error() string { return string(u) }

// command runs the command that the arguments name and returns the exit code: 0
// if all is well, 2 if the arguments are wrong, 1 for any other error, each error
// with a sentence.
func command(arguments []string, stderr io.Writer) int {
	var usages []string
	for _, c := range commands {
		usage := "cdkweb-adapter " + c.name + " " + c.arguments
		usages = append(usages, usage)
		if c.name != arguments[0] {
			continue
		}
		err := c.run(arguments[1:])
		if err == nil {
			return 0
		}
		if _, ok := errors.AsType[usageError](err); ok {
			fmt.Fprintf(stderr, "%v; usage: %s\n", err, usage)
			return 2
		}
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stderr, "%q is no command; usage: %s\n", arguments[0], strings.Join(usages, " or "))
	return 2
}
