package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// result is what a child process measured.
type result struct {
	Define, Synth time.Duration
	Resources     resources
}

func (r result) total() time.Duration { return r.Define + r.Synth }

// resources counts those of a template by type.
type resources map[string]int

func (r resources) total() int {
	sum := 0
	for _, n := range r {
		sum += n
	}
	return sum
}

// without leaves some types out.
func (r resources) without(types ...string) resources {
	rest := maps.Clone(r)
	for _, t := range types {
		delete(rest, t)
	}
	return rest
}

// measure defines the services in a stack of this process, and synthesizes it.
func measure(define define, services int) (r result, err error) {
	defer jsii.Close()
	outdir, err := os.MkdirTemp("", "bench-synth")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(outdir)

	// What a process does once, starting Node and loading the CDK, belongs to neither variant.
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:  &outdir,
		Context: &map[string]any{"@aws-cdk/core:stackResourceLimit": 0}, // never deployed
	})
	stack := awscdk.NewStack(app, new("Stack"), nil)

	start := time.Now()
	define(stack, services)
	r.Define = time.Since(start)
	start = time.Now()
	app.Synth(nil)
	r.Synth = time.Since(start)

	content, err := os.ReadFile(filepath.Join(outdir, "Stack.template.json"))
	if err != nil {
		return r, err
	}
	var template struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(content, &template); err != nil {
		return r, err
	}
	r.Resources = resources{}
	for _, resource := range template.Resources {
		r.Resources[resource.Type]++
	}
	return r, nil
}

// runChild measures a variant in a process of its own. The program node, if there is one, takes the
// place of Node.
func runChild(c comparison, v variant, services int, node string) (r result, err error) {
	executable, err := os.Executable()
	if err != nil {
		return r, err
	}
	command := exec.Command(executable, "-of", c.name, "-variant", v.name,
		"-services", strconv.Itoa(services))
	command.Env = os.Environ()
	if node != "" {
		command.Env = append(command.Env, "JSII_NODE="+node)
	}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return r, fmt.Errorf("%s, %s with %d services: %w\n%s", c.name, v.name, services, err, &stderr)
	}
	if err := json.Unmarshal(output, &r); err != nil {
		return r, fmt.Errorf("%s, %s with %d services: %w", c.name, v.name, services, err)
	}
	return r, nil
}

// countCalls runs a variant once more, untimed, with a Node that keeps a copy of its input.
func countCalls(c comparison, v variant, services int) (calls, error) {
	dir, err := os.MkdirTemp("", "bench-synth")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	node := filepath.Join(dir, "node")
	script := "#!/bin/sh\ntee \"${0%/*}/requests\" | node \"$@\"\n"
	if err := os.WriteFile(node, []byte(script), 0o755); err != nil {
		return nil, err
	}
	if _, err := runChild(c, v, services, node); err != nil {
		return nil, err
	}
	requests, err := os.Open(filepath.Join(dir, "requests"))
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	return readCalls(requests)
}
