package cost

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measured is the traffic that a file says. A number below zero is not in it.
type measured struct {
	Traffic
	notes []string
}

// readTraffic reads a file of traffic, which may be compressed by gzip.
func readTraffic(name string, hoursPerMonth float64, stderr io.Writer) (measured, error) {
	file, err := os.Open(name)
	if err != nil {
		return measured{}, err
	}
	defer file.Close()
	return parseTraffic(name, file, hoursPerMonth, stderr)
}

// parseTraffic reads traffic in any of the formats, which the first line tells apart.
func parseTraffic(name string, from io.Reader, hoursPerMonth float64, stderr io.Writer) (measured, error) {
	input := bufio.NewReaderSize(from, 64<<10)
	if magic, err := input.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		plain, err := gzip.NewReader(input)
		if err != nil {
			return measured{}, fmt.Errorf("%s: %w", name, err)
		}
		defer plain.Close()
		input = bufio.NewReaderSize(plain, 64<<10)
	}
	start, err := input.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return measured{}, fmt.Errorf("%s: %w", name, err)
	}
	first, _, _ := strings.Cut(strings.TrimLeft(string(start), "\ufeff\r\n\t "), "\n")
	seen := newTally(name)
	switch {
	case first == "":
		return measured{}, fmt.Errorf("%s is empty", name)
	case isBalancerLine(first):
		err = seen.lines(input, balancerLine, stderr)
	case isAccessLine(first):
		err = seen.lines(input, accessLine, stderr)
	case strings.Contains(first, ","):
		err = seen.csv(input)
	default:
		err = fmt.Errorf("%s:1: this is no line of an access log in common or combined format, nor of a load balancer's, "+
			"nor a CSV with a column Timestamp", name)
	}
	if err != nil {
		return measured{}, err
	}
	return seen.month(hoursPerMonth)
}

// entry is one line of a log, or one row of numbers. What is below zero is not known.
type entry struct {
	at                time.Time
	requests          float64
	seconds           float64 // of a request on average
	request, response float64 // bytes of all requests
}

// tally sums entries up.
type tally struct {
	name        string
	first, last time.Time
	period      time.Duration // of an entry; 0 for a log
	requests    float64
	hours       [24]float64

	seconds, timed            float64 // together, and of how many requests
	requestBytes, withRequest float64
	bytes, withBytes          float64
	notes                     []string
}

func newTally(name string) *tally { return &tally{name: name} }

func (t *tally) add(e entry) {
	if t.first.IsZero() || e.at.Before(t.first) {
		t.first = e.at
	}
	if t.last.IsZero() || e.at.After(t.last) {
		t.last = e.at
	}
	t.requests += e.requests
	t.hours[e.at.Hour()] += e.requests
	if e.seconds >= 0 {
		t.seconds += e.seconds * e.requests
		t.timed += e.requests
	}
	if e.request >= 0 {
		t.requestBytes += e.request
		t.withRequest += e.requests
	}
	if e.response >= 0 {
		t.bytes += e.response
		t.withBytes += e.requests
	}
}

// longestLine is the longest of a log, and brokenShare how many may be broken.
const (
	longestLine = 1 << 20
	brokenShare = 0.01
)

// lines reads a log. A few lines that are cut or foreign are left out, with a note.
func (t *tally) lines(input io.Reader, parse func(line string) (entry, error), stderr io.Writer) error {
	scanner := bufio.NewScanner(input)
	scanner.Buffer(make([]byte, 64<<10), longestLine)
	var broken, number, firstBroken int
	var why error
	progress := time.Now()
	said := false
	for scanner.Scan() {
		number++
		if number%10000 == 0 && time.Since(progress) > 2*time.Second {
			progress, said = time.Now(), true
			fmt.Fprintf(stderr, "cdkweb cost: %s: %d lines read\n", t.name, number)
		}
		line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\ufeff"))
		if line == "" {
			continue
		}
		found, err := parse(line)
		if err != nil {
			if broken++; broken == 1 {
				firstBroken, why = number, err
			}
			continue
		}
		t.add(found)
	}
	if said {
		fmt.Fprintf(stderr, "cdkweb cost: %s: all %d lines read\n", t.name, number)
	}
	if err := scanner.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("%s:%d: the line is longer than 1 MB", t.name, number+1)
		}
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if broken > 0 && (float64(broken) > brokenShare*float64(number) && broken > 1 || t.requests == 0) {
		return fmt.Errorf("%s:%d: %w, as are %d of %d lines", t.name, firstBroken, why, broken, number)
	}
	if broken > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%s:%d: %v; left out, as %d of %d lines are", t.name, firstBroken, why, broken, number))
	}
	return nil
}

// accessTime is the time of an access log: [10/Oct/2000:13:55:36 -0700].
const accessTime = "02/Jan/2006:15:04:05 -0700"

func isAccessLine(line string) bool {
	_, err := accessLine(line)
	return err == nil
}

var errAccess = errors.New("the line is not in common or combined log format")

// accessLine reads a line of a log in common or combined format. A number after that is the time
// that the request took: in seconds with a point, as nginx's $request_time, else in microseconds,
// as Apache's %D.
func accessLine(line string) (entry, error) {
	_, rest, ok := strings.Cut(line, " [")
	if !ok {
		return entry{}, errAccess
	}
	stamp, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return entry{}, errAccess
	}
	at, err := time.Parse(accessTime, stamp)
	if err != nil {
		return entry{}, errAccess
	}
	fields := fields(rest)
	if len(fields) < 3 || !status(fields[1]) {
		return entry{}, errAccess
	}
	found := entry{at: at, requests: 1, seconds: -1, request: -1, response: 0}
	if fields[2] != "-" {
		if found.response, err = amount(fields[2]); err != nil {
			return entry{}, errAccess
		}
	}
	for _, field := range fields[3:] {
		took, err := amount(field)
		if err != nil {
			continue
		}
		if !strings.Contains(field, ".") {
			took /= 1e6
		}
		if took <= 86400 {
			found.seconds = took
		}
	}
	return found, nil
}

func status(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 0 && n <= 999
}

// amount is a number that is not negative and not beyond reason.
func amount(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 1e15) {
		return 0, errors.New("no amount")
	}
	return n, nil
}

// fields are the words of a line; what is in quotes is one, without them.
func fields(line string) []string {
	var found []string
	for {
		line = strings.TrimLeft(line, " ")
		if line == "" {
			return found
		}
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			found, line = append(found, word), rest
			continue
		}
		end := 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		found = append(found, line[1:end])
		line = line[min(end+1, len(line)):]
	}
}

// The fields of a load balancer's log (Elastic Load Balancing, "Access logs for your Application
// Load Balancer").
const (
	fieldTime, fieldSeconds, fieldStatus, fieldReceived, fieldSent = 1, 6, 8, 10, 11
)

var balancerType = regexp.MustCompile(`^(http|https|h2|grpcs|ws|wss) \d{4}-\d\d-\d\dT`)

func isBalancerLine(line string) bool { return balancerType.MatchString(line) }

// balancerLine reads a line of a load balancer's log.
func balancerLine(line string) (entry, error) {
	bad := errors.New("the line is not in the format of a load balancer's access log")
	fields := fields(line)
	if len(fields) <= fieldSent || !isBalancerLine(line) {
		return entry{}, bad
	}
	at, err := time.Parse(time.RFC3339Nano, fields[fieldTime])
	if err != nil {
		return entry{}, bad
	}
	found := entry{at: at.UTC(), requests: 1, seconds: -1}
	if fields[fieldSeconds] != "-1" {
		if found.seconds, err = amount(fields[fieldSeconds]); err != nil || found.seconds > 86400 {
			return entry{}, bad
		}
	}
	if found.request, err = amount(fields[fieldReceived]); err != nil {
		return entry{}, bad
	}
	if found.response, err = amount(fields[fieldSent]); err != nil {
		return entry{}, bad
	}
	return found, nil
}

// column is what a column of CloudWatch's numbers is.
type column int

const (
	unused column = iota
	countColumn
	secondsColumn
	millisecondsColumn
	receivedColumn
	sentColumn
)

// columns are the metrics that say something, of load balancers, Lambda, API Gateway and App Runner.
var columns = map[string]column{
	"requestcount": countColumn, "requests": countColumn, "invocations": countColumn, "count": countColumn,
	"targetresponsetime": secondsColumn,
	"duration":           millisecondsColumn, "latency": millisecondsColumn, "requestlatency": millisecondsColumn,
	"bytesuploaded": receivedColumn, "bytesdownloaded": sentColumn, "processedbytes": sentColumn, "dataprocessed": sentColumn,
}

// csvTimes are how times are written.
var csvTimes = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04",
	"01/02/2006 15:04:05", "01/02/2006 15:04", "2006-01-02", "2006/01/02",
}

func csvTime(text string) (time.Time, bool) {
	for _, layout := range csvTimes {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// csv reads CloudWatch's numbers: a first column of times and one for each metric. The rows above
// the first time name them.
func (t *tally) csv(input io.Reader) error {
	reader := csv.NewReader(input)
	reader.FieldsPerRecord, reader.LazyQuotes, reader.TrimLeadingSpace = -1, true, true
	kinds := map[int]column{}
	var unusedNames []string
	var rows []entry
	counted := false
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := reader.FieldPos(0)
		if err != nil {
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				return fmt.Errorf("%s:%d: %w", t.name, parse.Line, parse.Err)
			}
			return fmt.Errorf("%s: %w", t.name, err)
		}
		at, ok := csvTime(strings.TrimPrefix(record[0], "\ufeff"))
		if !ok {
			if len(rows) > 0 {
				return fmt.Errorf("%s:%d: %q is no time such as 2026-11-01T08:00:00Z", t.name, line, record[0])
			}
			for i, name := range record[1:] {
				if kind := columns[strings.ToLower(strings.TrimSpace(name))]; kind != unused {
					kinds[i+1] = kind
					counted = counted || kind == countColumn
				} else if name = strings.TrimSpace(name); len(name) > 3 {
					unusedNames = append(unusedNames, name)
				}
			}
			continue
		}
		if !counted {
			return fmt.Errorf("%s:%d: the rows above the first time name no column RequestCount, Requests, Invocations or Count", t.name, line)
		}
		row := entry{at: at, seconds: -1, request: -1, response: -1}
		for i, cell := range record {
			kind := kinds[i]
			if cell = strings.TrimSpace(cell); kind == unused || cell == "" {
				continue
			}
			n, err := amount(strings.ReplaceAll(cell, ",", ""))
			if err != nil {
				return fmt.Errorf("%s:%d: %q is no number from 0 to 1e15", t.name, line, cell)
			}
			switch kind {
			case countColumn:
				row.requests += n
			case secondsColumn:
				row.seconds = n
			case millisecondsColumn:
				row.seconds = n / 1000
			case receivedColumn:
				row.request = n
			case sentColumn:
				row.response = n
			}
		}
		rows = append(rows, row)
	}
	if len(rows) < 2 {
		return fmt.Errorf("%s has %d rows that begin with a time, want two or more", t.name, len(rows))
	}
	if len(unusedNames) > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%s: not used: %s", t.name, strings.Join(unusedNames, ", ")))
	}
	slices.SortStableFunc(rows, func(a, b entry) int { return a.at.Compare(b.at) })
	for i := range rows[1:] {
		if gap := rows[i+1].at.Sub(rows[i].at); gap > 0 && (t.period == 0 || gap < t.period) {
			t.period = gap
		}
	}
	for _, row := range rows {
		t.spread(row)
	}
	return nil
}

// spread adds a row to the hours of its period.
func (t *tally) spread(row entry) {
	parts := int(min(24, max(1, math.Round(t.period.Hours()))))
	for part := range parts {
		piece := row
		piece.at = row.at.Add(time.Duration(part) * time.Hour)
		share := 1 / float64(parts)
		piece.requests *= share
		if piece.request > 0 {
			piece.request *= share
		}
		if piece.response > 0 {
			piece.response *= share
		}
		t.add(piece)
	}
	// The pieces are within the period: the last entry is still the row.
	if parts > 1 && t.last.After(row.at) {
		t.last = row.at
	}
}

// month is what was seen as a month.
func (t *tally) month(hoursPerMonth float64) (measured, error) {
	span := t.last.Sub(t.first) + t.period
	if span < time.Hour {
		return measured{}, fmt.Errorf("%s covers %s, which says nothing about a month; take a day or more", t.name, span.Round(time.Second))
	}
	if t.requests == 0 {
		return measured{}, fmt.Errorf("%s has no request", t.name)
	}
	found := measured{Traffic: Traffic{Request: -1, Response: -1}, notes: t.notes}
	if span < 24*time.Hour {
		found.notes = append(found.notes, fmt.Sprintf("%s covers %s, less than a day: its requests are taken to come so all day",
			t.name, span.Round(time.Minute)))
		found.Day = evenly(0, 24)
		found.Requests = t.requests / span.Hours() * hoursPerMonth
	} else {
		covered := coverage(t.first, span)
		var day float64
		for hour, requests := range t.hours {
			found.Day[hour] = requests / covered[hour]
			day += found.Day[hour]
		}
		for hour := range found.Day {
			found.Day[hour] /= day
		}
		found.Requests = day * hoursPerMonth / 24
	}
	if t.timed > 0 {
		found.Mean = time.Duration(t.seconds / t.timed * float64(time.Second))
	} else {
		found.notes = append(found.notes, t.name+" does not say how long requests took: --p50 does")
	}
	if t.withRequest > 0 {
		found.Request = t.requestBytes / t.withRequest
	}
	if t.withBytes > 0 {
		found.Response = t.bytes / t.withBytes
	}
	return found, nil
}

// coverage is how many hours of each hour of the day are in a span of a day or more.
func coverage(first time.Time, span time.Duration) (hours [24]float64) {
	days := math.Floor(span.Hours() / 24)
	rest := span.Hours() - days*24
	for hour := range hours {
		hours[hour] = days
	}
	at := float64(first.Hour()) + float64(first.Minute())/60 + float64(first.Second())/3600
	for rest > 1e-9 {
		step := min(rest, math.Floor(at)+1-at)
		if step < 1e-9 {
			step = min(rest, 1)
		}
		hours[int(at+1e-9)%24] += step
		at, rest = at+step, rest-step
	}
	return hours
}
