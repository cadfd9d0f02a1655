package cost

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/platform"
)

// someConfig is a server of any hosting.
func someConfig(random *rand.Rand) Config {
	kind := kinds[random.IntN(len(kinds))]
	c := Config{
		Kind: kind, ARM64: kind != AppRunner && random.IntN(2) == 0, Min: 1 + random.IntN(3), Concurrency: 1 + random.IntN(200),
		TargetCPU: float64(random.IntN(100)), PublicTasks: random.IntN(2) == 0, DiskGB: random.IntN(40), ScratchMB: random.IntN(4096),
		Sharers: random.IntN(4), Addresses: random.IntN(4), Rules: random.IntN(30), Provisioned: random.IntN(5),
	}
	c.Max = c.Min + random.IntN(25)
	if kind.lambda() {
		c.Memory = 128 + random.IntN(maxFunctionMB-128)
		return c
	}
	size := kind.platform().Sizes.Pairs
	pair := size[random.IntN(len(size))]
	c.CPU, c.Memory = pair.CPU, pair.Memory[random.IntN(len(pair.Memory))]
	return c
}

func someTraffic(random *rand.Rand) Traffic {
	t := Traffic{
		Mean:    time.Duration(math.Pow(10, 5+random.Float64()*5)),
		Request: float64(random.IntN(4 << 10)), Response: math.Pow(10, random.Float64()*8), Log: float64(random.IntN(500)),
		Day: evenly(random.IntN(24), random.IntN(24)),
	}
	t.CPU = time.Duration(random.Float64() * float64(t.Mean))
	return t
}

func someOptions(random *rand.Rand) Options {
	return Options{
		Prices: platform.ListPrices(), Region: []string{"us-east-1", "eu-west-1", "ap-south-1"}[random.IntN(3)], Hours: 720 + 30*random.Float64(),
		FreeTier: random.IntN(2) == 0, Services: random.IntN(3), Behind: random.IntN(4) == 0,
	}
}

// More requests never cost less, on any hosting, of any size, with any traffic.
func TestMoreRequestsNeverCostLess(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 12))
		config, traffic, options := someConfig(random), someTraffic(random), someOptions(random)
		last, lastRequests := 0.0, 0.0
		for step := range 200 {
			requests := math.Pow(10, float64(step)/20)
			if step == 0 {
				requests = 0
			}
			bill := Monthly(config, traffic.withRequests(requests), options)
			cost := bill.USD()
			if math.IsNaN(cost) || cost < last-1e-9*last-1e-9 {
				t.Fatalf("seed %d: %s costs $%f with %f requests, but $%f with %f:\n%+v\n%+v", seed, config.Kind, cost, requests, last,
					lastRequests, config, traffic)
			}
			for _, line := range bill.Lines {
				if line.USD < 0 {
					t.Fatalf("seed %d: %s is negative", seed, line.What)
				}
			}
			last, lastRequests = cost, requests
		}
	}
}

// One request more makes no jump where a price's tier begins or a free tier ends. Only instances and
// tasks, which are whole, make some: these servers have one and no more.
func TestCostIsContinuous(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 13))
		config, traffic, options := someConfig(random), someTraffic(random), someOptions(random)
		config.Min, config.Max = 1, 1
		for range 50 {
			requests := math.Pow(10, random.Float64()*11)
			below := Monthly(config, traffic.withRequests(requests), options).USD()
			above := Monthly(config, traffic.withRequests(requests*(1+1e-7)), options).USD()
			if above-below > 1e-3+below*1e-4 {
				t.Fatalf("seed %d: %s jumps from $%f to $%f at %f requests", seed, config.Kind, below, above, requests)
			}
		}
	}
}

func TestEqualSizes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from   Config
		to     Kind
		region string
		want   string
	}{
		{Config{Kind: HTTPAPI, Memory: 512}, Fargate, "us-east-1", "0.5 vCPU and 1 GB"},
		{Config{Kind: HTTPAPI, Memory: 1024}, AppRunner, "us-east-1", "1 vCPU and 2 GB"},
		{Config{Kind: HTTPAPI, Memory: 128, ARM64: true}, Express, "us-east-1", "0.25 vCPU and 0.5 GB, arm64"},
		{Config{Kind: HTTPAPI, Memory: 128, ARM64: true}, AppRunner, "us-east-1", "does not run images for arm64"},
		{Config{Kind: HTTPAPI, Memory: 1024}, FunctionURL, "us-east-1", "1024 MB"},
		{Config{Kind: Fargate, CPU: 256, Memory: 512}, HTTPAPI, "us-east-1", "512 MB"},
		{Config{Kind: Fargate, CPU: 1024, Memory: 2048}, HTTPAPI, "us-east-1", "2048 MB"},
		{Config{Kind: Fargate, CPU: 2048, Memory: 4096}, AppRunner, "us-east-1", "2 vCPU and 4 GB"},
		{Config{Kind: Fargate, CPU: 8192, Memory: 16384}, AppRunner, "us-east-1", "has no size with 8 vCPU and 16 GB"},
		{Config{Kind: Fargate, CPU: 8192, Memory: 16384}, HTTPAPI, "us-east-1", "has at most 10240 MB"},
		{Config{Kind: Fargate, CPU: 256, Memory: 512}, AppRunner, "sa-east-1", "is not in sa-east-1"},
	} {
		t.Run(fmt.Sprint(test.from.Kind, " ", test.from.Size(), " on ", test.to), func(t *testing.T) {
			t.Parallel()
			got, err := test.from.on(test.to, test.region)
			text := got.Size()
			if err != nil {
				text = err.Error()
			}
			if text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

// The documents' figures for ECS are those of the model.
func TestCostOfATask(t *testing.T) {
	t.Parallel()
	options := Options{Prices: platform.ListPrices(), Region: "us-east-1", Hours: 730}
	for _, test := range []struct {
		config Config
		want   float64
	}{
		{Config{Kind: Express, CPU: 1024, Memory: 2048, Min: 1, Max: 20, PublicTasks: true, Sharers: 1, Addresses: 2}, 63.41},
		{Config{Kind: Fargate, CPU: 256, Memory: 512, Min: 1, Max: 20, PublicTasks: true, Sharers: 1, Addresses: 2}, 36.38},
		{Config{Kind: Fargate, CPU: 256, Memory: 512, Min: 1, Max: 20, PublicTasks: true, Sharers: 3, Addresses: 2, ARM64: true}, 18.77},
	} {
		near(t, test.config.Size(), Monthly(test.config, Traffic{}, options).USD(), test.want)
	}
}

// A load balancer's capacity units are the largest of four.
func TestCapacityUnits(t *testing.T) {
	t.Parallel()
	const requests = 100 * 3600 * 730 // 100 a second
	base := Traffic{Requests: requests, Day: evenly(0, 24)}
	with := func(change func(*Traffic)) Traffic { traffic := base; change(&traffic); return traffic }
	for _, test := range []struct {
		name    string
		config  Config
		traffic Traffic
		want    float64
	}{
		{"connections", Config{Kind: Fargate}, base, 4},
		{"long requests", Config{Kind: Fargate}, with(func(t *Traffic) { t.Mean = 5 * time.Minute }), 10},
		{"bytes", Config{Kind: Fargate}, with(func(t *Traffic) { t.Request, t.Response = 10<<10, 20<<10 }), 10.2997},
		{"bytes of functions", Config{Kind: LambdaBalancer}, with(func(t *Traffic) { t.Request, t.Response = 10<<10, 20<<10 }), 25.7492},
		{"rules", Config{Kind: Fargate, Rules: 60}, base, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := capacityUnits(test.config, test.traffic, 3, 730); math.Abs(got-test.want) > 1e-3 {
				t.Errorf("got %f, want %f", got, test.want)
			}
		})
	}
}

func TestActiveShare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		rate, duration float64
		want           float64
	}{
		{"no requests", 0, 1, 0},
		{"one an hour, each a minute of activity", 1. / 3600, 0.1, 1. / 61},
		{"one a minute", 1. / 60, 0.1, 0.5},
		{"long requests", 1. / 3600, 3600, 1 - math.Exp(-1)},
		{"busy", 100, 0.01, 6000. / 6001},
		{"busy, with long requests", 100, 0.1, 1 - math.Exp(-10)},
		{"more than it can serve", 1e6, 10, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := activeShare(test.rate, test.duration); math.Abs(got-test.want) > 1e-4 {
				t.Errorf("got %f, want %f", got, test.want)
			}
		})
	}
}
