package limits

import (
	"fmt"
	"strings"
)

// Start and End stand around the table in a document.
const (
	Start = "<!-- hostings: start; written by `make table` from internal/limits -->"
	End   = "<!-- hostings: end -->"
)

// rows are the lines of the table.
var rows = []struct {
	name string
	cell func(h *Hosting) string
}{
	{"a request may take", func(h *Hosting) string {
		switch {
		case h.Quiet:
			return short(h.Timeout) + " " + h.TimeoutNote
		case h.TimeoutNote != "":
			return short(h.Timeout) + ", " + h.TimeoutNote
		}
		return short(h.Timeout)
	}},
	{"request and answer", func(h *Hosting) string {
		if h.Payload == 0 {
			return "no limit found"
		}
		return fmt.Sprintf("%d MB; %.1f MB unless it is text", h.Payload>>20, float64(h.body())/(1<<20))
	}},
	{"answers in parts", func(h *Hosting) string { return word(h.Streaming) }},
	{"websockets", func(h *Hosting) string { return word(h.WebSockets) }},
	{"requests at a time", func(h *Hosting) string { return h.Concurrency }},
	{"when idle it costs", func(h *Hosting) string { return h.Idle }},
	{"between requests", func(h *Hosting) string { return h.Between }},
	{"arm64", func(h *Hosting) string { return word(h.ARM64) }},
	{"web ACL (AWS WAF)", func(h *Hosting) string { return h.WebACL }},
	{"new AWS customers", func(h *Hosting) string { return h.NewCustomers }},
}

func word(a Ability) string {
	switch {
	case a.Note != "":
		return a.Note
	case a.Can:
		return "yes"
	}
	return "no"
}

// Table is the table of the hostings.
func Table() string {
	var table strings.Builder
	line := func(name string, cell func(h *Hosting) string) {
		fmt.Fprintf(&table, "| %s |", name)
		for _, h := range All {
			fmt.Fprintf(&table, " %s |", cell(h))
		}
		table.WriteString("\n")
	}
	line("", func(h *Hosting) string { return h.Name })
	table.WriteString("|" + strings.Repeat("---|", len(All)+1) + "\n")
	for _, row := range rows {
		line(row.name, row.cell)
	}
	return table.String()
}

// Rewrite puts the table into a document, between the two comments.
func Rewrite(document string) (string, error) {
	before, rest, found := strings.Cut(document, Start+"\n")
	_, after, ended := strings.Cut(rest, End)
	if !found || !ended {
		return "", fmt.Errorf("the comments %q and %q must stand around the table", Start, End)
	}
	return before + Start + "\n" + Table() + End + after, nil
}
