// Package cost is `cdkweb cost`: what the web servers of a synthesized app cost a month, where they
// are and on the other hostings. Call [Run].
package cost

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/cmd/cdkweb/internal/command"
	"github.com/cdkweb/cdkweb/platform"
)

const help = `usage: cdkweb cost APP [flags]

cdkweb cost says what each web server of a CDK app costs a month: where it is, line by line, and on
the other hostings with an equal size, with the numbers of requests at which one becomes cheaper
than the other. APP is the folder that cdk synth writes, usually cdk.out, or one template. Nothing is
asked of AWS: prices are in the program.

  cdk synth
  cdkweb cost cdk.out --requests-per-month 3M --p50 80ms --hours 8-18 --region eu-west-1
  cdkweb cost cdk.out --traffic access.log --html cost.html

The traffic of each service
  --requests-per-month N  requests, such as 500k, 3M or 1.2B (default 1M)
  --p50 TIME              how long the server takes for the median response (default 100ms)
  --mean TIME             the mean, if you know it: what is billed (default: what p50 says)
  --cpu TIME              how much of that is computing, for which tasks are added (default: a quarter)
  --hours FROM-TO         when requests come, in hours of the day: 8-18, 22-6 (default 0-24)
  --request-size SIZE     what a client sends, such as 500B, 2KB, 1MB (default 1KB)
  --response-size SIZE    what it gets (default 10KB)
  --log-size SIZE         what is logged about a request (default 0)
  --traffic FILE          take all this from a file instead: an access log in common or combined
                          format, a load balancer's access log, or CloudWatch's numbers as CSV.
                          The flags above replace what it says
What it is priced as
  --region REGION         default: the one in the app, else us-east-1
  --hours-per-month N     730 are a twelfth of a year, 720 are 30 days (default 730)
  --free-tier             take off what is free every month
  --prices FILE           prices that replace those in the program, in JSON; see docs/cost.md
What is written
  --service NAME          only this service, as the output calls it
  --html FILE             also a page with plots, in one file

It ends with status 1 if something could not be read or written, and 2 if the flags are wrong.
`

// Run is the command. It returns the status to exit with.
func Run(args []string, stdout, stderr io.Writer) int {
	return command.Run("cost", help, args, stdout, stderr, run)
}

// settings are the flags.
type settings struct {
	app, region, prices, traffic, service, html string

	requests, hoursPerMonth     float64
	p50, mean, cpu              time.Duration
	day                         [24]float64
	request, response, logBytes float64
	freeTier                    bool

	set map[string]bool
}

func parse(args []string) (settings, error) {
	s := settings{
		requests: 1e6, hoursPerMonth: 730, p50: 100 * time.Millisecond, day: evenly(0, 24),
		request: 1 << 10, response: 10 << 10, set: map[string]bool{},
	}
	flags := flag.NewFlagSet("cost", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	value := func(name string, set func(text string) error) {
		flags.Func(name, "", func(text string) error { s.set[name] = true; return set(text) })
	}
	text := func(name string, into *string) {
		value(name, func(text string) error {
			if text == "" {
				return errors.New("is empty")
			}
			*into = text
			return nil
		})
	}
	duration := func(name string, into *time.Duration) {
		value(name, func(text string) error {
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 || d > time.Hour {
				return errors.New("must be a time from 0 to 1h, such as 80ms or 1.5s")
			}
			*into = d
			return nil
		})
	}
	size := func(name string, into *float64) {
		value(name, func(text string) (err error) { *into, err = parseSize(text); return err })
	}
	value("requests-per-month", func(text string) (err error) { s.requests, err = parseCount(text); return err })
	value("hours", func(text string) (err error) { s.day, err = parseHours(text); return err })
	value("hours-per-month", func(text string) error {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n >= 1 && n <= 10000) {
			return errors.New("must be a number from 1 to 10000, such as 730")
		}
		s.hoursPerMonth = n
		return nil
	})
	duration("p50", &s.p50)
	duration("mean", &s.mean)
	duration("cpu", &s.cpu)
	size("request-size", &s.request)
	size("response-size", &s.response)
	size("log-size", &s.logBytes)
	text("region", &s.region)
	text("prices", &s.prices)
	text("traffic", &s.traffic)
	text("service", &s.service)
	text("html", &s.html)
	flags.BoolVar(&s.freeTier, "free-tier", false, "")

	// Flags may stand before the folder and after it.
	var names []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return settings{}, err
			}
			return settings{}, command.Usage(errors.New(flagWords(err)))
		}
		if flags.NArg() == 0 {
			break
		}
		names, args = append(names, flags.Arg(0)), flags.Args()[1:]
	}
	if len(names) != 1 {
		return settings{}, command.Usage(fmt.Errorf("got %d names of apps, want one, such as cdk.out", len(names)))
	}
	s.app = names[0]
	return s, nil
}

// flagWords is an error of package flag with the dashes that people write.
func flagWords(err error) string {
	text := regexp.MustCompile(`(flag |: )-([a-z])`).ReplaceAllString(err.Error(), "$1--$2")
	text = strings.ReplaceAll(text, "flag provided but not defined:", "there is no flag")
	if match := regexp.MustCompile(`^invalid (?:boolean )?value (".*") for flag (--[a-z0-9-]+): (.*)$`).FindStringSubmatch(text); match != nil {
		return match[2] + " " + match[1] + " " + match[3]
	}
	return text
}

// parseCount reads a number of requests: 3M, 500k, 1.2B.
func parseCount(text string) (float64, error) {
	factor, short := 1.0, strings.ReplaceAll(text, ",", "")
	for suffix, by := range map[string]float64{"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9} {
		if cut, ok := strings.CutSuffix(short, suffix); ok {
			factor, short = by, cut
			break
		}
	}
	n, err := strconv.ParseFloat(short, 64)
	if n *= factor; err != nil || !(n >= 0 && n <= 1e13) {
		return 0, errors.New("must be a number up to 10,000B, such as 500k, 3M or 1.2B")
	}
	return n, nil
}

// parseSize reads a number of bytes: 500B, 2KB, 1.5MB.
func parseSize(text string) (float64, error) {
	factor, short := 1.0, strings.ToUpper(text)
	for _, unit := range []struct {
		suffix string
		bytes  float64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"B", 1}} {
		if cut, ok := strings.CutSuffix(short, unit.suffix); ok {
			factor, short = unit.bytes, cut
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(short), 64)
	if n *= factor; err != nil || !(n >= 0 && n <= 1<<40) {
		return 0, errors.New("must be a size up to 1024GB, such as 500B, 2KB or 1MB")
	}
	return n, nil
}

// parseHours reads hours of the day: 8-18.
func parseHours(text string) (day [24]float64, err error) {
	from, to, ok := strings.Cut(text, "-")
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if !ok || err1 != nil || err2 != nil || first < 0 || first > 23 || last < 0 || last > 24 || first == last {
		return day, errors.New("must be two hours of the day, such as 8-18 or 22-6")
	}
	return evenly(first, last), nil
}

func run(args []string, stdout, stderr io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	prices := platform.ListPrices()
	if s.prices != "" {
		if prices, err = withFile(prices, s.prices); err != nil {
			return err
		}
	}
	app, err := readApp(s.app)
	if err != nil {
		return err
	}
	services, shared, err := app.services()
	if err != nil {
		return fmt.Errorf("%s: %w", s.app, err)
	}
	traffic, notes, err := s.load(stderr)
	if err != nil {
		return err
	}
	found := report{notes: append(shared.Notes, notes...)}
	var names []string
	for _, service := range services {
		names = append(names, service.Name)
		if s.service == "" || s.service == service.Name {
			options := Options{
				Prices: prices, Region: s.regionOf(service.Region), Hours: s.hoursPerMonth,
				FreeTier: s.freeTier, Services: len(services),
			}
			found.comparisons = append(found.comparisons, compare(service, traffic, options))
		}
	}
	if len(found.comparisons) == 0 {
		return command.Usage(fmt.Errorf("--service %q is not in %s, which has %s", s.service, s.app, strings.Join(names, ", ")))
	}
	found.shared = sharedBill(shared, prices, s.regionOf(shared.Region), s.hoursPerMonth)
	if len(services) > 1 && len(found.comparisons) == len(services) {
		found.total = found.shared.USD()
		for _, comparison := range found.comparisons {
			found.total += comparison.Offers[0].Bill.USD()
		}
	}
	if s.html != "" {
		if err := writePage(s.html, found); err != nil {
			return err
		}
	}
	return writeText(stdout, found)
}

func withFile(prices platform.Prices, name string) (platform.Prices, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	own, err := platform.ReadPrices(name, file)
	if err != nil {
		return nil, err
	}
	return prices.With(own), nil
}

// regionOf is the region to price a stack in.
func (s settings) regionOf(stack string) string {
	switch {
	case s.region != "":
		return s.region
	case stack != "":
		return stack
	}
	return platform.HomeRegion
}

// sharedBill is what the services of the app share.
func sharedBill(shared Shared, prices platform.Prices, region string, hours float64) Bill {
	m := &meter{prices: prices, region: region}
	if n := float64(shared.NATGateways); n > 0 {
		of := fmt.Sprintf("%s × %s h", number(n), number(hours))
		m.charge(item{what: "NAT gateways", service: "NATGateway", dimension: "gateway", quantity: n * hours, of: of})
		m.charge(item{what: "their public addresses", service: "PublicIPv4", dimension: "in-use-address", quantity: n * hours, of: of})
		data := prices.Tiers("NATGateway", "data", region)
		if len(data) > 0 {
			m.note("what goes through the NAT gateways, %s for each GB, is left out", price(data[0].USD))
		}
	}
	return m.Bill
}

// load is the traffic that the flags and the file say.
func (s settings) load(stderr io.Writer) (Traffic, []string, error) {
	traffic := Traffic{
		Requests: s.requests, Day: s.day, Mean: s.p50, Request: s.request, Response: s.response, Log: s.logBytes,
	}
	var notes []string
	if s.traffic != "" {
		measured, err := readTraffic(s.traffic, s.hoursPerMonth, stderr)
		if err != nil {
			return Traffic{}, nil, err
		}
		notes = measured.notes
		for _, field := range []struct {
			flag           string
			into, measured *float64
		}{
			{"requests-per-month", &traffic.Requests, &measured.Requests},
			{"request-size", &traffic.Request, &measured.Request},
			{"response-size", &traffic.Response, &measured.Response},
		} {
			if !s.set[field.flag] && *field.measured >= 0 {
				*field.into = *field.measured
			}
		}
		if !s.set["hours"] {
			traffic.Day = measured.Day
		}
		if !s.set["p50"] && measured.Mean > 0 {
			traffic.Mean = measured.Mean
		}
	}
	if s.set["mean"] {
		traffic.Mean = s.mean
	}
	traffic.CPU = traffic.Mean / 4
	if s.set["cpu"] {
		traffic.CPU = s.cpu
	}
	if math.IsInf(traffic.Requests, 0) || math.IsNaN(traffic.Requests) {
		return Traffic{}, nil, fmt.Errorf("%s has no number of requests that could be priced", s.traffic)
	}
	return traffic, notes, nil
}
