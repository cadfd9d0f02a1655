// Command bench-synth compares synthesis through web.NewService with that of a stack which defines
// the same resources without this library: the time, and the number of calls to the CDK's Node
// process, for 1, 10 and 100 services.
//
//	go run ./tools/bench-synth                      times and numbers of calls
//	go run ./tools/bench-synth -calls -sizes 10     the calls by kind, without times
//	go run ./tools/bench-synth -of fargate          one comparison
//
// By hand, App Runner services are L1 constructs. Services on Fargate are L2 constructs where they
// share a load balancer, and else awsecspatterns.NewApplicationLoadBalancedFargateService.
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
	"io"
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

// comparison is of two ways to define the same services.
type comparison struct {
	name     string
	variants [2]variant

	// differs are the types of resources of which one variant needs more than the other.
	differs []string
}

// variant is one of the ways. All comparisons have variants of the same names.
type variant struct {
	name   string
	define define
}

// define defines the services of a stack.
type define func(stack awscdk.Stack, services int)

const byHand, cdkweb = "by hand", "cdkweb"

func compare(name string, hand, ours define, differs ...string) comparison {
	return comparison{name, [2]variant{{byHand, hand}, {cdkweb, ours}}, differs}
}

var comparisons = []comparison{
	compare("apprunner", appRunnerByHand, appRunnerWithCDKWeb),

	// All services behind one load balancer.
	compare("fargate", fargateByHand, fargateWithCDKWeb),

	// Each service with a load balancer and a VPC of its own. The pattern's listener sends all
	// requests to the service, where a webalb.LoadBalancer has a rule.
	compare("fargate-own", ownFargateByHand, ownFargateWithCDKWeb,
		"AWS::ElasticLoadBalancingV2::ListenerRule"),
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench-synth: ")
	rounds := flag.Int("rounds", 5, "how often each measurement is repeated")
	sizes, of := numbers{1, 10, 100}, selection(comparisons)
	flag.Var(&sizes, "sizes", "the numbers of services, separated by commas")
	flag.Var(&of, "of", "the comparisons, separated by commas")
	kinds := flag.Bool("calls", false, "print the calls to Node by kind instead of times")
	child := flag.String("variant", "", "measure one variant of -of; the command calls itself so")
	services := flag.Int("services", 1, "the number of services, with -variant")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		log.Fatal("usage: bench-synth [-rounds N] [-sizes N,N…] [-of name,name…] [-calls], with 1 round at least")
	}
	var err error
	switch {
	case *child != "":
		err = printMeasurement(of[0], *child, *services)
	case *kinds:
		err = compareCalls(of, sizes)
	default:
		err = compareTimes(of, sizes, *rounds)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// printMeasurement is what a child does.
func printMeasurement(c comparison, name string, services int) error {
	i := slices.IndexFunc(c.variants[:], func(v variant) bool { return v.name == name })
	if i < 0 {
		return fmt.Errorf("there is no variant %q", name)
	}
	r, err := measure(c.variants[i].define, services)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// compareTimes prints a row for each comparison and size.
func compareTimes(of []comparison, sizes []int, rounds int) error {
	fmt.Printf("%s, %s, %d cores, median of %d rounds, times in ms\n",
		time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), rounds)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\t\tby hand\t\t\tcdkweb\t\t\t\tcalls to Node\t\t\tresources\t\t")
	fmt.Fprintln(table, "\tservices\tdefine\tsynth\tboth\tdefine\tsynth\tboth\tratio"+
		"\tby hand\tcdkweb\tratio\tby hand\tcdkweb\t")
	for _, c := range of {
		for _, size := range sizes {
			if err := c.compareTimes(table, size, rounds); err != nil {
				return err
			}
		}
	}
	return table.Flush()
}

func (c comparison) compareTimes(table io.Writer, size, rounds int) error {
	results := map[string][]result{}
	for round := range rounds {
		for _, v := range c.variants {
			log.Printf("%s, %d services, round %d of %d, %s", c.name, size, round+1, rounds, v.name)
			r, err := runChild(c, v, size, "")
			if err != nil {
				return err
			}
			results[v.name] = append(results[v.name], r)
		}
	}
	hand, ours := results[byHand], results[cdkweb]
	resources, ourResources := hand[0].Resources, ours[0].Resources
	if !maps.Equal(resources.without(c.differs...), ourResources.without(c.differs...)) {
		return fmt.Errorf("%s: the variants define different resources: by hand %v, cdkweb %v",
			c.name, resources, ourResources)
	}
	counted, err := c.count(size)
	if err != nil {
		return err
	}
	calls, ourCalls := counted[byHand].total(), counted[cdkweb].total()
	fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%.2f\t%d\t%d\t%.2f\t%d\t%d\t\n",
		c.name, size, times(hand), times(ours),
		float64(median(ours, result.total))/float64(median(hand, result.total)),
		calls, ourCalls, float64(ourCalls)/float64(calls), resources.total(), ourResources.total())
	return nil
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

// compareCalls prints a table for each comparison and size.
func compareCalls(of []comparison, sizes []int) error {
	for _, c := range of {
		for _, size := range sizes {
			counted, err := c.count(size)
			if err != nil {
				return err
			}
			fmt.Printf("calls to Node: %s, %d services\n", c.name, size)
			printCalls(os.Stdout, counted[byHand], counted[cdkweb])
		}
	}
	return nil
}

// count counts the calls of each variant.
func (c comparison) count(services int) (map[string]calls, error) {
	counted := map[string]calls{}
	for _, v := range c.variants {
		log.Printf("%s, %d services, calls, %s", c.name, services, v.name)
		calls, err := countCalls(c, v, services)
		if err != nil {
			return nil, err
		}
		counted[v.name] = calls
	}
	return counted, nil
}

// selection is a flag's list of comparisons.
type selection []comparison

func (s *selection) String() string {
	var names []string
	for _, c := range *s {
		names = append(names, c.name)
	}
	return strings.Join(names, ",")
}

func (s *selection) Set(text string) error {
	*s = nil
	for name := range strings.SplitSeq(text, ",") {
		i := slices.IndexFunc(comparisons, func(c comparison) bool { return c.name == name })
		if i < 0 {
			all := selection(comparisons)
			return fmt.Errorf("want names of %s, separated by commas", all.String())
		}
		*s = append(*s, comparisons[i])
	}
	return nil
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
