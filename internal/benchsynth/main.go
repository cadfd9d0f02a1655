// Command benchsynth compares the time that synthesis takes through web.NewService with that of a stack which defines the same
// resources by hand, with L1 constructs, for 1, 10 and 100 App Runner services.
//
//	go run ./internal/benchsynth [-rounds 5]
//
// Each measurement is a process of its own, because the CDK's Node process grows with what it has done. The variants take turns, and
// the table shows the median of all rounds. Calls are counted in runs of their own, which are not timed.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

var (
	rounds = flag.Int("rounds", 5, "how often each measurement is repeated")
	sizes  = []int{1, 10, 100}

	// variants define the services of a stack.
	variants = []variant{{"hand-written", defineByHand}, {"cdkweb", defineWithCDKWeb}}
)

type variant struct {
	name   string
	define func(stack awscdk.Stack, services int)
}

// result is what a child process measured.
type result struct {
	Define, Synth time.Duration
	Resources     map[string]int
}

func (r result) total() time.Duration { return r.Define + r.Synth }

func main() {
	log.SetFlags(0)
	log.SetPrefix("benchsynth: ")
	name := flag.String("variant", "", "measure one variant and print it as JSON; used by the command itself")
	services := flag.Int("services", 1, "the number of services, with -variant")
	flag.Parse()
	if *name != "" {
		child(*name, *services)
		return
	}
	if err := compare(); err != nil {
		log.Fatal(err)
	}
}

// child measures one variant in this process.
func child(name string, services int) {
	defer jsii.Close()
	i := slices.IndexFunc(variants, func(v variant) bool { return v.name == name })
	if i < 0 {
		log.Fatalf("there is no variant %q", name)
	}
	outdir, err := os.MkdirTemp("", "benchsynth")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(outdir)

	// What a process does once, starting Node and loading the CDK, belongs to neither variant.
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir})
	stack := awscdk.NewStack(app, new("Stack"), nil)

	var r result
	start := time.Now()
	variants[i].define(stack, services)
	r.Define = time.Since(start)
	start = time.Now()
	app.Synth(nil)
	r.Synth = time.Since(start)

	content, err := os.ReadFile(filepath.Join(outdir, "Stack.template.json"))
	if err != nil {
		log.Fatal(err)
	}
	var template struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(content, &template); err != nil {
		log.Fatal(err)
	}
	r.Resources = map[string]int{}
	for _, resource := range template.Resources {
		r.Resources[resource.Type]++
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

// compare runs the children and prints the table.
func compare() error {
	fmt.Printf("%s, %d cores, median of %d rounds\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), *rounds)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "services\thand-written ms\tcdkweb ms\tratio\tdefine ms\tsynth ms\tdefine ms\tsynth ms\thand-written calls\tcdkweb calls\t")
	for _, size := range sizes {
		runs := map[string][]result{}
		for round := range *rounds {
			for _, variant := range variants {
				fmt.Fprintf(os.Stderr, "benchsynth: %d services, round %d of %d, %s\n", size, round+1, *rounds, variant.name)
				r, _, err := run(variant.name, size, false)
				if err != nil {
					return err
				}
				runs[variant.name] = append(runs[variant.name], r)
			}
		}
		hand, ours := runs["hand-written"], runs["cdkweb"]
		if !maps.Equal(hand[0].Resources, ours[0].Resources) {
			return fmt.Errorf("the variants define different resources: %v and %v", hand[0].Resources, ours[0].Resources)
		}
		calls := map[string]int{}
		for _, variant := range variants {
			_, n, err := run(variant.name, size, true)
			if err != nil {
				return err
			}
			calls[variant.name] = n
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%.2f\t%s\t%s\t%s\t%s\t%d\t%d\t\n", size,
			ms(median(hand, result.total)), ms(median(ours, result.total)),
			float64(median(ours, result.total))/float64(median(hand, result.total)),
			ms(median(hand, func(r result) time.Duration { return r.Define })), ms(median(hand, func(r result) time.Duration { return r.Synth })),
			ms(median(ours, func(r result) time.Duration { return r.Define })), ms(median(ours, func(r result) time.Duration { return r.Synth })),
			calls["hand-written"], calls["cdkweb"])
	}
	return table.Flush()
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func median(results []result, of func(result) time.Duration) time.Duration {
	var all []time.Duration
	for _, r := range results {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// run measures a variant in a child process, or counts the calls to the CDK's Node process: one line of its input each.
func run(variant string, services int, count bool) (r result, calls int, err error) {
	dir, err := os.MkdirTemp("", "benchsynth")
	if err != nil {
		return r, 0, err
	}
	defer os.RemoveAll(dir)
	executable, err := os.Executable()
	if err != nil {
		return r, 0, err
	}
	command := exec.Command(executable, "-variant", variant, "-services", strconv.Itoa(services))
	command.Env = os.Environ()
	requests := filepath.Join(dir, "requests")
	if count {
		node := filepath.Join(dir, "node")
		script := fmt.Sprintf("#!/bin/sh\nexec tee '%s' | node \"$@\"\n", requests)
		if err := os.WriteFile(node, []byte(script), 0o755); err != nil {
			return r, 0, err
		}
		command.Env = append(command.Env, "JSII_NODE="+node)
	}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return r, 0, fmt.Errorf("%s with %d services: %w\n%s", variant, services, err, &stderr)
	}
	if err := json.Unmarshal(output, &r); err != nil {
		return r, 0, fmt.Errorf("%s with %d services: %w", variant, services, err)
	}
	if count {
		content, err := os.ReadFile(requests)
		if err != nil {
			return r, 0, err
		}
		calls = strings.Count(string(content), "\n")
	}
	return r, calls, nil
}
