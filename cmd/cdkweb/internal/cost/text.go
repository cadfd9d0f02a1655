package cost

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// report is everything that is written out.
type report struct {
	comparisons []Comparison
	shared      Bill // what the services share, if it has a price
	notes       []string
	total       float64 // of all services where they are now, and what they share; 0 if it is of one only
}

// writeText writes a report for a terminal.
func writeText(out io.Writer, r report) error {
	var text strings.Builder
	for i, comparison := range r.comparisons {
		if i > 0 {
			text.WriteString("\n")
		}
		comparison.text(&text)
	}
	if len(r.shared.Lines) > 0 {
		text.WriteString("\nShared by the services of the app\n")
		bill(&text, r.shared)
	}
	if r.total > 0 {
		with := ""
		if len(r.shared.Lines) > 0 {
			with = " with what they share"
		}
		fmt.Fprintf(&text, "\nAll services together%s: %s a month.\n", with, dollars(r.total))
	}
	if len(r.notes) > 0 {
		text.WriteString("\n")
		for _, note := range r.notes {
			fmt.Fprintf(&text, "Note: %s.\n", note)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// describe is the traffic in words.
func (t Traffic) describe() string {
	text := fmt.Sprintf("%s requests a month, %s", number(math.Round(t.Requests)), t.day())
	text += fmt.Sprintf("; %s each, %s of it computing", durationText(t.Mean), durationText(t.CPU))
	return text + fmt.Sprintf("; %s in, %s out", sizeText(t.Request), sizeText(t.Response))
}

// day is when the requests come.
func (t Traffic) day() string {
	var busy []int
	level := true
	for hour, share := range t.Day {
		if share > 0 {
			busy = append(busy, hour)
			level = level && math.Abs(share-t.Day[busy[0]]) < 1e-9
		}
	}
	switch {
	case len(busy) == 0:
		return "none at any hour"
	case !level && len(busy) == 24 && slices.Max(t.Day[:]) < 1.2*slices.Min(t.Day[:]):
		return "at all hours about alike"
	case !level:
		top := slices.Max(t.Day[:])
		return fmt.Sprintf("most between %d and %d h", slices.Index(t.Day[:], top), slices.Index(t.Day[:], top)+1)
	case len(busy) == 24:
		return "at all hours alike"
	}
	from := busy[0]
	for from > 0 && t.Day[from-1] > 0 {
		from--
	}
	if busy[0] == 0 && busy[len(busy)-1] == 23 { // over midnight
		for from = 23; t.Day[from-1] > 0; {
			from--
		}
	}
	return fmt.Sprintf("all between %d and %d h", from, (from+len(busy)-1)%24+1)
}

func (c Comparison) text(out *strings.Builder) {
	fmt.Fprintf(out, "%s in %s, a month of %s hours\n", c.Service.Name, c.Options.Region, number(c.Options.Hours))
	fmt.Fprintf(out, "%s\n\n", c.Traffic.describe())
	rows := [][]string{{"hosting", "size", "a month", "against now"}}
	for _, offer := range c.Offers {
		against := "now"
		if !offer.Here {
			against = offer.turns()
		}
		rows = append(rows, []string{offer.Config.Kind.String(), offer.Config.Size(), dollars(offer.Bill.USD()), against})
	}
	table(out, rows, 2)
	for _, refusal := range c.Refusals {
		fmt.Fprintf(out, "  %s %s.\n", refusal.Kind, refusal.Why)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(out, "  Note: %s.\n", note)
	}
	for _, offer := range c.Offers {
		fmt.Fprintf(out, "\n%s on %s\n", c.Service.Name, offer.Config.Kind)
		bill(out, offer.Bill)
	}
}

// turns says from how many requests on it is cheaper or dearer than where the server is now. If it is
// always one of them, that is from a thousand to ten billion requests.
func (o Offer) turns() string {
	type turn struct {
		at   float64
		what string
	}
	var turns []turn
	for _, at := range o.Cheaper {
		turns = append(turns, turn{at, "cheaper"})
	}
	for _, at := range o.Dearer {
		turns = append(turns, turn{at, "dearer"})
	}
	if len(turns) == 0 {
		switch {
		case o.Gain > 0.005:
			return "always cheaper"
		case o.Gain < -0.005:
			return "always dearer"
		}
		return "the same"
	}
	slices.SortFunc(turns, func(a, b turn) int {
		if a.at < b.at {
			return -1
		}
		return 1
	})
	var texts []string
	for i, turn := range turns {
		if i == 3 {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, turn.what+" from "+requests(turn.at))
	}
	return strings.Join(texts, ", ")
}

// requests is a number of requests with as many digits as it is worth.
func requests(n float64) string {
	three := func(n float64) string {
		digits := math.Pow(10, 2-math.Floor(math.Log10(n)))
		return number(math.Round(n*digits) / digits)
	}
	switch {
	case n <= 0:
		return "0"
	case n >= 1e9:
		return three(n/1e9) + " billion"
	case n >= 1e6:
		return three(n/1e6) + " million"
	}
	return number(math.Round(n))
}

// bill writes the lines of a bill, the total and the notes.
func bill(out *strings.Builder, b Bill) {
	var rows [][]string
	for _, line := range b.Lines {
		rows = append(rows, []string{line.What, line.Formula, dollars(line.USD)})
	}
	rows = append(rows, []string{"total", "", dollars(b.USD())})
	table(out, rows, 2)
	for _, note := range b.Notes {
		fmt.Fprintf(out, "  Note: %s.\n", note)
	}
}

// table writes rows as columns; those from right on are aligned to the right, but the last of four.
func table(out *strings.Builder, rows [][]string, right int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var text strings.Builder
		text.WriteString(" ")
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == right {
				text.WriteString(" " + gap + cell + " ")
			} else {
				text.WriteString(" " + cell + gap + " ")
			}
		}
		fmt.Fprintln(out, strings.TrimRight(text.String(), " "))
	}
}
