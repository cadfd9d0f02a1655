package platform

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

// Price is what AWS charges for one unit of something.
type Price struct {
	Service   string `json:"service"`   // "Lambda"
	Dimension string `json:"dimension"` // "requests"
	Region    string `json:"region"`    // of CloudFront: of the viewers, "us" or "eu"

	// From is the number of units a month from which on the price holds; a price without it holds
	// from the first. Several prices of a dimension are tiers.
	From float64 `json:"from,omitempty"`

	Unit string  `json:"unit"`
	USD  float64 `json:"usd"`

	// Source is where AWS says it, and AsOf when that was read.
	Source string `json:"source"`
	AsOf   string `json:"asOf"`
}

// HomeRegion is the region that has a price for everything. If another region has none, its price
// stands in.
const HomeRegion = "us-east-1"

// Prices are a list of prices.
type Prices []Price

//go:embed prices.json
var pricesJSON []byte

// ListPrices are AWS's public prices, of the regions and the dates that each names. They are before
// tax and without any discount.
func ListPrices() Prices { return slices.Clone(listPrices()) }

var listPrices = sync.OnceValue(func() Prices {
	prices, err := ReadPrices("prices.json", bytes.NewReader(pricesJSON))
	if err != nil {
		panic(err)
	}
	return prices
})

// ReadPrices reads prices in JSON, in the format of this package's prices.json. The name is that of
// the file, for errors.
func ReadPrices(name string, from io.Reader) (Prices, error) {
	content, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	at := func() int {
		return 1 + bytes.Count(content[:min(int(decoder.InputOffset()), len(content))], []byte("\n"))
	}
	fail := func(err error) (Prices, error) {
		line := at()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + bytes.Count(content[:min(int(syntax.Offset), len(content))], []byte("\n"))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends in the middle of the list")
		}
		return nil, fmt.Errorf("%s:%d: %s", name, line, strings.TrimPrefix(err.Error(), "json: "))
	}
	open, err := decoder.Token()
	if err != nil {
		return fail(err)
	}
	if open != json.Delim('[') {
		return fail(errors.New("a file of prices is a JSON list, [{…}, …]"))
	}
	var prices Prices
	for decoder.More() {
		var price Price
		if err := decoder.Decode(&price); err != nil {
			return fail(err)
		}
		if err := price.check(); err != nil {
			return fail(err)
		}
		prices = append(prices, price)
	}
	if _, err := decoder.Token(); err != nil {
		return fail(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fail(errors.New("there is more after the list"))
	}
	return prices, nil
}

func (p Price) check() error {
	for _, field := range []struct{ name, value string }{
		{"service", p.Service}, {"dimension", p.Dimension}, {"region", p.Region},
	} {
		if field.value == "" {
			return fmt.Errorf("a price has no %s", field.name)
		}
	}
	for _, field := range []struct {
		name  string
		value float64
	}{{"usd", p.USD}, {"from", p.From}} {
		if field.value < 0 || math.IsNaN(field.value) || field.value > 1e15 {
			return fmt.Errorf("%s of %s %s is %g, must be a number from 0 to 1e15",
				field.name, p.Service, p.Dimension, field.value)
		}
	}
	return nil
}

// With are the prices with some replaced: all tiers of a dimension in a region by those of the
// other list, which may also add some.
func (p Prices) With(others Prices) Prices {
	replaced := map[[3]string]bool{}
	for _, other := range others {
		replaced[other.key()] = true
	}
	kept := slices.DeleteFunc(slices.Clone(p), func(price Price) bool { return replaced[price.key()] })
	return append(kept, others...)
}

func (p Price) key() [3]string { return [3]string{p.Service, p.Dimension, p.Region} }

// Tiers are the prices of a dimension in a region, ascending. If the region has none, they are those
// of [HomeRegion], which the prices then say. It is empty if nobody has one.
func (p Prices) Tiers(service, dimension, region string) Prices {
	for _, region := range []string{region, HomeRegion} {
		var tiers Prices
		for _, price := range p {
			if price.key() == [3]string{service, dimension, region} {
				tiers = append(tiers, price)
			}
		}
		if len(tiers) > 0 {
			slices.SortStableFunc(tiers, func(a, b Price) int {
				if a.From < b.From {
					return -1
				}
				if a.From > b.From {
					return 1
				}
				return 0
			})
			tiers[0].From = 0
			return tiers
		}
	}
	return nil
}

// Cost is what a quantity costs, each part of it at the price of its tier.
func (p Prices) Cost(quantity float64) float64 {
	var usd float64
	for i, tier := range p {
		end := quantity
		if i+1 < len(p) {
			end = min(end, p[i+1].From)
		}
		if end > tier.From {
			usd += (end - tier.From) * tier.USD
		}
	}
	return usd
}
