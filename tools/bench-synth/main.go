// Command bench-synth compares synthesis through web.NewService with that of a stack which defines
// the same resources by hand, with L1 constructs: the time, and the number of calls to the CDK's
// Node process, for 1, 10 and 100 App Runner services.
//
//	go run ./tools/bench-synth                      times and numbers of calls
//	go run ./tools/bench-synth -calls -sizes 10     the calls by kind, without times
//
// Each measurement is a process of its own, because the Node process grows with what it has done.
// The variants take turns, and the table shows the median of all rounds. Calls are counted in runs
// of their own, which are not timed.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// variant defines the services of a stack.
type variant struct {
	name   string
	define func(stack awscdk.Stack, services int)
}

var (
	byHand   = variant{"by hand", defineByHand}
	cdkweb   = variant{"cdkweb", defineWithCDKWeb}
	variants = []variant{byHand, cdkweb}
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench-synth: ")
	rounds := flag.Int("rounds", 5, "how often each measurement is repeated")
	sizes := numbers{1, 10, 100}
	flag.Var(&sizes, "sizes", "the numbers of services, separated by commas")
	kinds := flag.Bool("calls", false, "print the calls to Node by kind instead of times")
	child := flag.String("variant", "", "measure one variant; the command calls itself so")
	services := flag.Int("services", 1, "the number of services, with -variant")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		log.Fatal("usage: bench-synth [-rounds N] [-sizes N,N…] [-calls], with 1 round at least")
	}
	var err error
	switch {
	case *child != "":
		err = printMeasurement(*child, *services)
	case *kinds:
		err = compareCalls(sizes)
	default:
		err = compareTimes(sizes, *rounds)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// printMeasurement is what a child does.
func printMeasurement(name string, services int) error {
	i := slices.IndexFunc(variants, func(v variant) bool { return v.name == name })
	if i < 0 {
		return fmt.Errorf("there is no variant %q", name)
	}
	r, err := measure(variants[i], services)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// compareTimes prints a row for each size.
func compareTimes(sizes []int, rounds int) error {
	fmt.Printf("%s, %s, %d cores, median of %d rounds, times in ms\n",
		time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), rounds)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tby hand\t\t\tcdkweb\t\t\t\tcalls to Node\t\t")
	fmt.Fprintln(table,
		"services\tdefine\tsynth\tboth\tdefine\tsynth\tboth\tratio\tby hand\tcdkweb\t")
	for _, size := range sizes {
		results := map[string][]result{}
		for round := range rounds {
			for _, v := range variants {
				log.Printf("%d services, round %d of %d, %s", size, round+1, rounds, v.name)
				r, err := runChild(v, size, "")
				if err != nil {
					return err
				}
				results[v.name] = append(results[v.name], r)
			}
		}
		hand, ours := results[byHand.name], results[cdkweb.name]
		if !maps.Equal(hand[0].Resources, ours[0].Resources) {
			return fmt.Errorf("the variants define different resources: by hand %v, cdkweb %v",
				hand[0].Resources, ours[0].Resources)
		}
		counted, err := countBoth(size)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%.2f\t%d\t%d\t\n", size, times(hand), times(ours),
			float64(median(ours, result.total))/float64(median(hand, result.total)),
			counted[byHand.name].total(), counted[cdkweb.name].total())
	}
	return table.Flush()
}

// times returns the cells of a variant.
func times(results []result) string {
	var cells []string
	for _, of := range []func(result) time.Duration{
		func(r result) time.Duration { return r.Define },
		func(r result) time.Duration { return r.Synth },
		result.total,
	} {
		cells = append(cells, strconv.FormatInt(median(results, of).Milliseconds(), 10))
	}
	return strings.Join(cells, "\t")
}

func median(results []result, of func(result) time.Duration) time.Duration {
	var all []time.Duration
	for _, r := range results {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// compareCalls prints a table for each size.
func compareCalls(sizes []int) error {
	for _, size := range sizes {
		counted, err := countBoth(size)
		if err != nil {
			return err
		}
		fmt.Printf("calls to Node for %d services\n", size)
		printCalls(os.Stdout, counted[byHand.name], counted[cdkweb.name])
	}
	return nil
}

// countBoth counts the calls of each variant.
func countBoth(services int) (map[string]calls, error) {
	counted := map[string]calls{}
	for _, v := range variants {
		log.Printf("%d services, calls, %s", services, v.name)
		c, err := countCalls(v, services)
		if err != nil {
			return nil, err
		}
		counted[v.name] = c
	}
	return counted, nil
}

// numbers is a flag's list of positive numbers.
type numbers []int

func (n *numbers) String() string {
	var words []string
	for _, number := range *n {
		words = append(words, strconv.Itoa(number))
	}
	return strings.Join(words, ",")
}

func (n *numbers) Set(text string) error {
	*n = nil
	for word := range strings.SplitSeq(text, ",") {
		number, err := strconv.Atoi(word)
		if err != nil || number < 1 {
			return errors.New("want numbers from 1, separated by commas")
		}
		*n = append(*n, number)
	}
	return nil
}
