package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/secrets"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// environment is a process's, NAME=value each.
type environment []string

// get is os.Getenv.
func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

// lookup takes the first of variables that come twice, as libraries in C do.
func (e environment) lookup(name string) (string, bool) {
	for _, pair := range e {
		if n, value, _ := strings.Cut(pair, "="); n == name {
			return value, true
		}
	}
	return "", false
}

// without is the environment without some variables.
func (e environment) without(drop func(name string) bool) environment {
	return slices.DeleteFunc(slices.Clone(e), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return drop(name)
	})
}

// secrets returns the variables that references to secrets are for. Outside of
// Lambda, one that is there already needs no secret: this is how the same
// command runs on a laptop. On Lambda it is one of the image's, which a secret
// goes before, as on ECS.
func (e environment) secrets() (wanted []secrets.Variable, err error) {
	onLambda := e.get("AWS_LAMBDA_RUNTIME_API") != ""
	var errs []error
	for _, pair := range e {
		name, text, _ := strings.Cut(pair, "=")
		variable, ok := strings.CutPrefix(name, settings.SecretPrefix)
		if !ok {
			continue
		}
		if _, ok := e.lookup(variable); ok && !onLambda {
			continue
		}
		r, err := secrets.Parse(text)
		switch {
		case variable == "":
			errs = append(errs, fmt.Errorf("%s must have the name of a variable behind it", name))
		case settings.OnlyForAdapter(variable):
			errs = append(errs, fmt.Errorf("%s would give the server what only the adapter reads; set %s to the value", name, variable))
		case err != nil:
			if strings.HasPrefix(text, "arn:") { // else somebody may have written the secret itself there
				name += ", " + strconv.Quote(text) + ","
			}
			errs = append(errs, fmt.Errorf("%s holds no reference to a secret: %w", name, err))
		case !slices.ContainsFunc(wanted, func(v secrets.Variable) bool { return v.Name == variable }):
			wanted = append(wanted, secrets.Variable{Name: variable, Reference: r})
		}
	}
	return wanted, errors.Join(errs...)
}

// fetch gets the values of the variables that references to secrets are for.
func (e environment) fetch() (wanted []secrets.Variable, values map[string]string, err error) {
	wanted, referenceErr := e.secrets()
	values, fetchErr := secrets.Fetch(wanted, e.get)
	return wanted, values, errors.Join(referenceErr, fetchErr)
}
