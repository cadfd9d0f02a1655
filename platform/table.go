package platform

import (
	"fmt"
	"strings"
)

// column is what only the table tells.
type column struct {
	hidden bool // no column of its own

	concurrency, idle, between, newAccounts, timeout string
}

// Start and End stand around the table in a document.
const (
	Start = "<!-- hostings: start; written by `make table` from package platform -->"
	End   = "<!-- hostings: end -->"
)

// rows are the lines of the table.
var rows = []struct {
	name string
	cell func(p *Platform) string
}{
	{"request timeout", func(p *Platform) string {
		text := short(p.Timeout)
		if p.Quiet {
			text += " without a byte"
		}
		if p.column.timeout != "" {
			text += ", " + p.column.timeout
		}
		return text
	}},
	{"request and response body", func(p *Platform) string {
		if p.Payload == 0 {
			return "no limit found"
		}
		limit := megabytes(p.Payload) + "; " + megabytes(p.Body()) + " unless it is text"
		if p.RequestBody > 0 {
			return "request " + megabytes(p.RequestBody) + ", response " + limit
		}
		return limit
	}},
	{"streaming responses", func(p *Platform) string { return word(p.Streaming) }},
	{"websockets", func(p *Platform) string { return word(p.WebSockets) }},
	{"sticky sessions", func(p *Platform) string { return word(p.StickySessions) }},
	{"concurrent requests", func(p *Platform) string { return p.column.concurrency }},
	{"cost when idle", func(p *Platform) string { return p.column.idle }},
	{"CPU between requests", func(p *Platform) string { return p.column.between }},
	{"databases in a VPC", func(p *Platform) string { return word(p.VPC) }},
	{"secrets as variables", func(p *Platform) string { return word(p.Secrets) }},
	{"arm64", func(p *Platform) string { return word(p.ARM64) }},
	{"domain of your own", func(p *Platform) string { return word(p.Domain) }},
	{"private, for a VPC only", func(p *Platform) string { return word(p.Private) }},
	{"web ACL (AWS WAF)", func(p *Platform) string { return word(p.WebACL) }},
	{"some addresses only", func(p *Platform) string { return word(p.AllowFrom) }},
	{"new AWS customers", func(p *Platform) string { return p.column.newAccounts }},
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

// Table is the table of the places in the documents.
func Table() string {
	var table strings.Builder
	columns := 0
	line := func(name string, cell func(p *Platform) string) {
		fmt.Fprintf(&table, "| %s |", name)
		columns = 1
		for _, p := range All {
			if !p.column.hidden {
				fmt.Fprintf(&table, " %s |", cell(p))
				columns++
			}
		}
		table.WriteString("\n")
	}
	line("", func(p *Platform) string { return p.Name })
	table.WriteString("|" + strings.Repeat("---|", columns) + "\n")
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
