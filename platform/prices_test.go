package platform

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
)

// Every price says what it is of, where that is said and when it was read, and the home region has
// one for everything.
func TestListPrices(t *testing.T) {
	t.Parallel()
	prices := ListPrices()
	if len(prices) < 60 {
		t.Fatalf("got %d prices", len(prices))
	}
	for _, price := range prices {
		if price.Unit == "" || price.Source == "" || price.AsOf == "" {
			t.Errorf("%s %s in %s needs a unit, a source and a date", price.Service, price.Dimension, price.Region)
		}
		if price.Service != "CloudFront" && len(prices.Tiers(price.Service, price.Dimension, "")) == 0 {
			t.Errorf("%s %s has no price in %s", price.Service, price.Dimension, HomeRegion)
		}
		for _, tier := range prices.Tiers(price.Service, price.Dimension, price.Region) {
			if tier.Unit != price.Unit {
				t.Errorf("the tiers of %s %s are in %q and %q", price.Service, price.Dimension, tier.Unit, price.Unit)
			}
		}
	}
}

// A tier's price holds for what is above its start and nothing else: at the border the cost is the
// same from both sides, and more never costs less.
func TestTiersAreContinuous(t *testing.T) {
	t.Parallel()
	prices := ListPrices()
	for _, price := range prices {
		tiers := prices.Tiers(price.Service, price.Dimension, price.Region)
		for _, tier := range tiers[1:] {
			below, above := tiers.Cost(tier.From*(1-1e-9)), tiers.Cost(tier.From*(1+1e-9))
			if gap := above - below; gap < 0 || gap > tier.From*4e-9*tiers[0].USD {
				t.Errorf("%s %s jumps by %g at %g", price.Service, price.Dimension, gap, tier.From)
			}
		}
		if err := quick.Check(func(a, b float64) bool {
			a, b = math.Abs(a), math.Abs(b)
			return tiers.Cost(min(a, b)) <= tiers.Cost(max(a, b))
		}, nil); err != nil {
			t.Error(price.Service, price.Dimension, err)
		}
	}
}

func TestTiers(t *testing.T) {
	t.Parallel()
	prices := Prices{
		{Service: "S", Dimension: "d", Region: HomeRegion, USD: 2},
		{Service: "S", Dimension: "d", Region: HomeRegion, USD: 1, From: 10},
		{Service: "S", Dimension: "d", Region: "eu-west-1", USD: 3},
	}
	for _, test := range []struct {
		name     string
		prices   Prices
		region   string
		quantity float64
		want     float64
	}{
		{"below the border", prices, HomeRegion, 9, 18},
		{"above it", prices, HomeRegion, 12, 22},
		{"a region of its own price", prices, "eu-west-1", 12, 36},
		{"a region without one", prices, "eu-west-9", 12, 22},
		{"nothing", prices, HomeRegion, 0, 0},
		{"a price of the user for all tiers", prices.With(Prices{{Service: "S", Dimension: "d", Region: HomeRegion, USD: 5}}),
			HomeRegion, 12, 60},
		{"a list that starts above zero", Prices{{Service: "S", Dimension: "d", Region: HomeRegion, USD: 5, From: 4}}, HomeRegion, 12, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.prices.Tiers("S", "d", test.region).Cost(test.quantity); got != test.want {
				t.Errorf("got %g, want %g", got, test.want)
			}
		})
	}
	if got := prices.Tiers("S", "other", HomeRegion); got != nil {
		t.Errorf("what nobody sells: got %v", got)
	}
}

func TestReadPricesErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		{"no list", `{"a": 1}`, "p.json:1: a file of prices is a JSON list, [{…}, …]"},
		{"empty", ``, "p.json:1: the file ends in the middle of the list"},
		{"cut", "[\n{\"service\": \"S\"", "p.json:2: the file ends in the middle of the list"},
		{"a wrong comma", "[\n{\"service\": \"S\",,}]", "p.json:2: invalid character"},
		{"an unknown field", "[\n\n{\"price\": 1}]", `p.json:3: unknown field "price"`},
		{"no region", "[\n{\"service\": \"S\", \"dimension\": \"d\"}]", "p.json:2: a price has no region"},
		{"a negative price", `[{"service": "S", "dimension": "d", "region": "r", "usd": -1}]`, "p.json:1: usd of S d is -1"},
		{"more after it", "[]\n[]", "p.json:2: there is more after the list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadPrices("p.json", strings.NewReader(test.file))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func FuzzReadPrices(f *testing.F) {
	f.Add(string(pricesJSON))
	f.Add(`[{"service": "S", "dimension": "d", "region": "us-east-1", "from": 3, "usd": 1}]`)
	f.Fuzz(func(t *testing.T, file string) {
		prices, err := ReadPrices("p.json", strings.NewReader(file))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "p.json:") {
				t.Errorf("got %v, want the file's name and a line", err)
			}
			return
		}
		for _, price := range prices {
			if cost := prices.Tiers(price.Service, price.Dimension, price.Region).Cost(1e6); cost < 0 || math.IsNaN(cost) {
				t.Errorf("a million of %s cost %g", price.Service, cost)
			}
		}
	})
}
