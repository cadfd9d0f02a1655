package cost

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cdkweb/cdkweb/platform"
)

// Bill is what something costs a month.
type Bill struct {
	Lines []Line
	Notes []string // what is not in it, and what stands in for what
}

// Line is one position of a bill.
type Line struct {
	What    string
	Formula string // with the numbers: "3 million requests × $0.20"
	USD     float64
}

// USD is the sum.
func (b Bill) USD() float64 {
	var sum float64
	for _, line := range b.Lines {
		sum += line.USD
	}
	return sum
}

func (b *Bill) note(format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	for _, said := range b.Notes {
		if said == note {
			return
		}
	}
	b.Notes = append(b.Notes, note)
}

// meter writes a bill.
type meter struct {
	Bill
	prices platform.Prices
	region string
}

// item is what is charged for: a quantity in the unit of a price.
type item struct {
	what               string
	service, dimension string
	quantity           float64
	of                 string  // how the quantity comes about: "5 × 2 GB × 730 h"; optional
	free               float64 // how much of it is free
}

// charge adds a line, unless there is nothing to pay for.
func (m *meter) charge(i item) {
	if i.quantity <= 0 {
		return
	}
	region := m.region
	if i.service == "CloudFront" {
		region = viewers(m.region)
	}
	tiers := m.prices.Tiers(i.service, i.dimension, region)
	if len(tiers) == 0 {
		m.note("there is no price of %s %s: it is left out", i.service, i.dimension)
		return
	}
	if used := tiers[0].Region; used != region {
		m.note("there is no price of %s for %s: that of %s stands in", i.what, region, used)
	}
	billed := max(0, i.quantity-i.free)
	amount := quantity(i.quantity, tiers[0].Unit)
	if i.of != "" {
		amount = i.of + " = " + amount
	}
	if i.free > 0 {
		amount += fmt.Sprintf(", %s of them free", number(min(i.free, i.quantity)))
	}
	m.Lines = append(m.Lines, Line{i.what, amount + " × " + rates(tiers, billed), tiers.Cost(billed)})
}

// rates are the prices that a quantity pays, with how much is paid at each if it is several.
func rates(tiers platform.Prices, quantity float64) string {
	var parts []string
	for n, tier := range tiers {
		end := quantity
		if n+1 < len(tiers) {
			end = min(end, tiers[n+1].From)
		}
		if n == 0 || end > tier.From {
			parts = append(parts, fmt.Sprintf("%s (%s)", price(tier.USD), number(end-tier.From)))
		}
	}
	if len(parts) == 1 {
		return price(tiers[0].USD)
	}
	return strings.Join(parts, ", ")
}

// viewers is where the viewers of a region's servers are taken to be.
func viewers(region string) string {
	if strings.HasPrefix(region, "eu-") {
		return "eu"
	}
	return "us"
}

// quantity is a number with its unit, as people write it.
func quantity(n float64, unit string) string {
	if n != 1 && !strings.HasSuffix(unit, "s") && unit != "GB" {
		unit += "s"
	}
	if unit == "address-hours" && n == 1 {
		unit = "address-hour"
	}
	return number(n) + " " + unit
}

// number is a number with separators and as many digits as matter.
func number(n float64) string {
	digits := 0
	switch {
	case n != math.Trunc(n) && math.Abs(n) < 1:
		digits = 4
	case n != math.Trunc(n) && math.Abs(n) < 100:
		digits = 2
	case n != math.Trunc(n) && math.Abs(n) < 10000:
		digits = 1
	}
	text := strconv.FormatFloat(n, 'f', digits, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction
}

// price is a price with all its digits, at least those of cents.
func price(usd float64) string {
	text := strconv.FormatFloat(usd, 'f', -1, 64)
	_, fraction, _ := strings.Cut(text, ".")
	if len(fraction) < 2 {
		text = strconv.FormatFloat(usd, 'f', 2, 64)
	}
	return "$" + text
}

// dollars is an amount in dollars and cents.
func dollars(usd float64) string {
	text := strconv.FormatFloat(usd, 'f', 2, 64)
	whole, cents, _ := strings.Cut(text, ".")
	n, err := strconv.ParseFloat(whole, 64)
	if err != nil || math.IsInf(n, 0) {
		return "$" + text
	}
	return "$" + number(n) + "." + cents
}
