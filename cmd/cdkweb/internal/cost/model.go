package cost

import (
	"fmt"
	"math"
	"time"

	"github.com/cdkweb/cdkweb/platform"
)

// Options are what a bill depends on besides the server and its traffic.
type Options struct {
	Prices platform.Prices
	Region string

	// Hours of a month: 730 are a twelfth of a year, 720 are 30 days.
	Hours float64

	// FreeTier takes off what is free every month for every account, divided by the services of the
	// app.
	FreeTier bool
	Services int

	// Behind is set if CloudFront is in front. What it fetches is not charged for, what it sends is.
	Behind bool

	// Front is what the distribution runs and keeps beside.
	Front FrontParts
}

// FrontParts are what a distribution has that costs something by itself.
type FrontParts struct {
	Functions  int // that run for each request
	StoreReads int // of a key value store, for each request
	Secrets    int // by which service and front know each other
}

// The free tier that does not end (the pricing pages of Lambda and of data transfer).
const (
	freeRequests  = 1e6
	freeGBSeconds = 400_000
	freeGBOut     = 100

	// CloudFront's pricing page, "Always Free Tier".
	freeViewerRequests = 1e7
	freeViewerGB       = 1024
	freeFunctions      = 2e6
	freeStoreReads     = 2e6
)

// free is the service's part of what is free.
func (o Options) free(quantity float64) float64 {
	if !o.FreeTier {
		return 0
	}
	return quantity / float64(max(1, o.Services))
}

// Monthly is what a server costs a month with some traffic.
func Monthly(c Config, t Traffic, o Options) Bill {
	m := &meter{prices: o.Prices, region: o.Region}
	switch {
	case c.Kind == AppRunner:
		appRunner(m, c, t, o)
	case c.Kind.lambda():
		lambda(m, c, t, o)
	default:
		fargate(m, c, t, o)
	}
	if c.Kind.balancer() {
		balancer(m, c, t, o)
	}
	gb := t.Requests * t.Response / (1 << 30)
	if o.Behind {
		m.charge(item{
			what: "CloudFront, requests", service: "CloudFront", dimension: "requests-https", quantity: t.Requests / 1e6,
			free: o.free(freeViewerRequests) / 1e6,
		})
		m.charge(item{
			what: "CloudFront, data", service: "CloudFront", dimension: "data-out", quantity: gb,
			of: perRequest(t, t.Response), free: o.free(freeViewerGB),
		})
		m.charge(item{
			what: "CloudFront, functions", service: "CloudFront", dimension: "functions",
			quantity: t.Requests * float64(o.Front.Functions) / 1e6, free: o.free(freeFunctions) / 1e6,
		})
		m.charge(item{
			what: "CloudFront, key value store", service: "CloudFront", dimension: "key-value-store-reads",
			quantity: t.Requests * float64(o.Front.StoreReads) / 1e6, free: o.free(freeStoreReads) / 1e6,
		})
		m.charge(item{
			what: "secrets of the front", service: "SecretsManager", dimension: "secrets",
			quantity: float64(o.Front.Secrets),
		})
		m.note("CloudFront is counted as if it cached nothing")
	} else {
		m.charge(item{
			what: "data to the internet", service: "DataTransfer", dimension: "internet-out", quantity: gb,
			of: perRequest(t, t.Response), free: o.free(freeGBOut),
		})
	}
	m.charge(item{
		what: "logs", service: "CloudWatchLogs", dimension: "ingestion", quantity: t.Requests * t.Log / (1 << 30),
		of: perRequest(t, t.Log),
	})
	return m.Bill
}

func perRequest(t Traffic, bytes float64) string {
	return fmt.Sprintf("%s requests × %s", number(t.Requests), sizeText(bytes))
}

// instances is what App Runner and Fargate have running in a month.
type instances struct {
	idle, active float64 // hours
	wanted       int     // in the busiest hour, whatever the limit
}

// activation is the shortest time that an App Runner instance is paid as active once a request
// makes it so (pricing page, "one-minute minimum").
const activation = 60

// appRunnerInstances are those of App Runner: in each hour as many as the requests need, of which
// each is active while it has one. Requests come at random, so that there are gaps: an instance is
// active from a request until the last one at that time has its response, and at least a minute.
func appRunnerInstances(c Config, t Traffic, hoursPerMonth float64) instances {
	var found instances
	for hour := range 24 {
		rate := t.rate(hour, hoursPerMonth)
		byRequests := rate * t.Mean.Seconds() / float64(max(1, c.Concurrency))
		byCPU := rate * t.CPU.Seconds() / c.vCPU()
		needed := ceil(max(byRequests, byCPU))
		found.wanted = max(found.wanted, needed)
		busy := max(c.Min, 1)
		busy = max(busy, min(needed, max(c.Max, busy)))
		// Requests go to as few instances as can take them.
		serving := min(max(needed, 1), busy)
		share := activeShare(rate/float64(serving), t.Mean.Seconds())
		hours := hoursPerMonth / 24
		found.active += share * float64(serving) * hours
		found.idle += (float64(busy) - share*float64(serving)) * hours
	}
	return found
}

// activeShare is the share of the time that an instance is active. With requests at random the time
// of at least one being served is (e^(rate × duration) − 1) / rate on average.
func activeShare(rate, duration float64) float64 {
	if rate <= 0 {
		return 0
	}
	busy := max(rate*activation, math.Expm1(min(rate*duration, 500)))
	return busy / (1 + busy)
}

func appRunner(m *meter, c Config, t Traffic, o Options) {
	found := appRunnerInstances(c, t, o.Hours)
	appRunnerHours(m, c, found.idle, found.active)
	if c.AutoDeployments {
		m.charge(item{what: "automatic deployments", service: "AppRunner", dimension: "automatic-deployments", quantity: 1})
	}
	limit(m, "instance", found.wanted, c.Max)
}

// appRunnerHours charges for hours of instances.
func appRunnerHours(m *meter, c Config, idle, active float64) {
	m.charge(item{
		what: "memory, idle", service: "AppRunner", dimension: "provisioned-memory", quantity: idle * c.gb(),
		of: fmt.Sprintf("%s h × %s GB", number(idle), number(c.gb())),
	})
	m.charge(item{
		what: "memory, active", service: "AppRunner", dimension: "active-memory", quantity: active * c.gb(),
		of: fmt.Sprintf("%s h × %s GB", number(active), number(c.gb())),
	})
	m.charge(item{
		what: "vCPU, active", service: "AppRunner", dimension: "active-vcpu", quantity: active * c.vCPU(),
		of: fmt.Sprintf("%s h × %s vCPU", number(active), number(c.vCPU())),
	})
}

// overloaded says whether there is more traffic than the server may grow to.
func overloaded(c Config, t Traffic, hoursPerMonth float64) bool {
	wanted := 0
	switch {
	case c.Kind == AppRunner:
		wanted = appRunnerInstances(c, t, hoursPerMonth).wanted
	case !c.Kind.lambda():
		_, wanted = tasks(c, t, hoursPerMonth)
	}
	return wanted > max(c.Min, c.Max, 1)
}

// limit says if there is more traffic than the server may grow to.
func limit(m *meter, what string, wanted, most int) {
	if most > 0 && wanted > most {
		m.note("the busiest hour needs %d %ss, but there are at most %d: requests would wait or fail", wanted, what, most)
	}
}

// tasks are the hours of Fargate's tasks: in each hour as many as keep the CPU at the target.
func tasks(c Config, t Traffic, hoursPerMonth float64) (hours float64, wanted int) {
	target := c.TargetCPU
	if target <= 0 {
		target = 100
	}
	for hour := range 24 {
		needed := ceil(t.rate(hour, hoursPerMonth) * t.CPU.Seconds() / (c.vCPU() * target / 100))
		wanted = max(wanted, needed)
		running := max(c.Min, min(needed, max(c.Max, c.Min)))
		hours += float64(running) * hoursPerMonth / 24
	}
	return hours, wanted
}

func fargate(m *meter, c Config, t Traffic, o Options) {
	hours, wanted := tasks(c, t, o.Hours)
	fargateHours(m, c, hours)
	if c.PublicTasks {
		m.charge(item{what: "tasks' public addresses", service: "PublicIPv4", dimension: "in-use-address", quantity: hours})
	}
	limit(m, "task", wanted, c.Max)
}

// fargateHours charges for hours of tasks.
func fargateHours(m *meter, c Config, hours float64) {
	m.charge(item{
		what: "vCPU", service: "Fargate", dimension: "vcpu-linux-" + c.arch(), quantity: hours * c.vCPU(),
		of: fmt.Sprintf("%s h × %s vCPU", number(hours), number(c.vCPU())),
	})
	m.charge(item{
		what: "memory", service: "Fargate", dimension: "memory-linux-" + c.arch(), quantity: hours * c.gb(),
		of: fmt.Sprintf("%s h × %s GB", number(hours), number(c.gb())),
	})
	// 20 GB of a task's disk are free (Fargate's pricing page).
	if more := float64(c.DiskGB - 20); more > 0 {
		m.charge(item{
			what: "disk above 20 GB", service: "Fargate", dimension: "ephemeral-storage-over-20GB", quantity: hours * more,
			of: fmt.Sprintf("%s h × %s GB", number(hours), number(more)),
		})
	}
}

// functionUse is what a function did.
type functionUse struct {
	requests float64
	mean     time.Duration

	// With provisioned concurrency: environments and their hours, and the requests they served.
	environments, hours float64
	provisioned         float64
	provisionedMean     time.Duration

	freeRequests, freeGBSeconds float64
}

func lambda(m *meter, c Config, t Traffic, o Options) {
	use := functionUse{
		requests: t.Requests, mean: t.Mean,
		freeRequests: o.free(freeRequests), freeGBSeconds: o.free(freeGBSeconds),
	}
	if c.Provisioned > 0 {
		use.environments, use.hours, use.provisionedMean = float64(c.Provisioned), o.Hours, t.Mean
		for hour, share := range t.Day {
			served := 1.0
			if busy := t.rate(hour, o.Hours) * t.Mean.Seconds(); busy > float64(c.Provisioned) {
				served = float64(c.Provisioned) / busy
			}
			use.provisioned += t.Requests * share * served
		}
		use.requests -= use.provisioned
	}
	functionBill(m, c, use)
	endpoint(m, c.Kind, t)
}

// functionBill charges for a function without what calls it.
func functionBill(m *meter, c Config, use functionUse) {
	all := use.requests + use.provisioned
	m.charge(item{
		what: "requests", service: "Lambda", dimension: "requests", quantity: all / 1e6, free: use.freeRequests / 1e6,
	})
	m.charge(item{
		what: "duration", service: "Lambda", dimension: "duration-" + c.arch(),
		quantity: use.requests * billed(use.mean) * c.gb(), free: use.freeGBSeconds,
		of: fmt.Sprintf("%s × %s × %s GB", number(use.requests), durationText(use.mean), number(c.gb())),
	})
	m.charge(item{
		what: "provisioned concurrency", service: "Lambda", dimension: "provisioned-concurrency-" + c.arch(),
		quantity: use.environments * use.hours * 3600 * c.gb(),
		of:       fmt.Sprintf("%s × %s h × %s GB", number(use.environments), number(use.hours), number(c.gb())),
	})
	m.charge(item{
		what: "duration, provisioned", service: "Lambda", dimension: "duration-under-provisioned-" + c.arch(),
		quantity: use.provisioned * billed(use.provisionedMean) * c.gb(),
		of:       fmt.Sprintf("%s × %s × %s GB", number(use.provisioned), durationText(use.provisionedMean), number(c.gb())),
	})
	if more := float64(c.ScratchMB-512) / 1024; more > 0 {
		m.charge(item{
			what: "/tmp above 512 MB", service: "Lambda", dimension: "ephemeral-storage-over-512MB",
			quantity: (use.requests*billed(use.mean) + use.provisioned*billed(use.provisionedMean)) * more,
		})
	}
}

// billed is a duration in seconds as Lambda counts it, in whole milliseconds. A mean below one is
// one for every request; above, the rounding of each request is lost in the mean.
func billed(mean time.Duration) float64 { return max(mean, time.Millisecond).Seconds() }

// streamed is what a response may have before streaming it costs extra.
const streamed = 6 << 20

// apiPayload is what an HTTP API counts as one request.
const apiPayload = 512 << 10

// endpoint charges for what calls the function.
func endpoint(m *meter, kind Kind, t Traffic) {
	switch kind {
	case HTTPAPI:
		each := max(1, math.Ceil(max(t.Request, t.Response)/apiPayload))
		of := ""
		if each > 1 {
			of = fmt.Sprintf("%s requests × %s of 512 KB", number(t.Requests), number(each))
		}
		m.charge(item{what: "HTTP API", service: "ApiGatewayHttp", dimension: "requests", quantity: t.Requests * each / 1e6, of: of})
	case RESTAPI:
		m.charge(item{what: "REST API", service: "ApiGatewayRest", dimension: "requests", quantity: t.Requests / 1e6})
	case FunctionURL:
		if more := t.Response - streamed; more > 0 {
			m.charge(item{
				what: "streaming above 6 MB", service: "Lambda", dimension: "response-streaming-over-6MB-per-request",
				quantity: t.Requests * more / (1 << 30), of: perRequest(t, more),
			})
		}
	}
}

// What a capacity unit of a load balancer has room for (Elastic Load Balancing's pricing page): new
// connections a second, active connections, GB an hour from tasks and from functions, and rule
// evaluations a second, of which the first ten rules are free.
const (
	unitConnections = 25
	unitActive      = 3000
	unitGB          = 1
	unitGBFunction  = 0.4
	unitRules       = 1000
	freeRules       = 10
)

// capacityUnits are how many a service uses in an hour of the day. Every request counts as a
// connection of its own, the worst case.
func capacityUnits(c Config, t Traffic, hour int, hoursPerMonth float64) float64 {
	rate := t.rate(hour, hoursPerMonth)
	room := float64(unitGB)
	if c.Kind == LambdaBalancer {
		room = unitGBFunction
	}
	return max(
		rate/unitConnections,
		rate*t.Mean.Seconds()/unitActive,
		rate*3600*(t.Request+t.Response)/(1<<30)/room,
		rate*float64(max(0, c.Rules-freeRules))/unitRules,
	)
}

func balancer(m *meter, c Config, t Traffic, o Options) {
	if c.Sharers == 0 {
		m.note("the load balancer is not of this app: its hours and addresses are left out")
	} else {
		of := ""
		if c.Sharers > 1 {
			of = fmt.Sprintf("%s h / %d services", number(o.Hours), c.Sharers)
		}
		m.charge(item{
			what: "load balancer", service: "ALB", dimension: "load-balancer", quantity: o.Hours / float64(c.Sharers), of: of,
		})
		addresses := float64(c.Addresses) * o.Hours
		of = fmt.Sprintf("%d × %s h", c.Addresses, number(o.Hours))
		if c.Sharers > 1 {
			of += fmt.Sprintf(" / %d services", c.Sharers)
		}
		m.charge(item{
			what: "its public addresses", service: "PublicIPv4", dimension: "in-use-address",
			quantity: addresses / float64(c.Sharers), of: of,
		})
	}
	var units float64
	for hour := range 24 {
		units += capacityUnits(c, t, hour, o.Hours) * o.Hours / 24
	}
	m.charge(item{what: "capacity units", service: "ALB", dimension: "lcu", quantity: units})
}

// ceil is the whole number that is at least n, with room for what floating point adds.
func ceil(n float64) int { return int(math.Ceil(min(n, 1e12) - 1e-9)) }

// durationText is a duration as people write it.
func durationText(d time.Duration) string {
	if d >= time.Second {
		return number(d.Seconds()) + " s"
	}
	return number(float64(d)/float64(time.Millisecond)) + " ms"
}

// sizeText is a size as people write it.
func sizeText(bytes float64) string {
	switch {
	case bytes >= 1<<30:
		return number(bytes/(1<<30)) + " GB"
	case bytes >= 1<<20:
		return number(bytes/(1<<20)) + " MB"
	case bytes >= 1<<10:
		return number(bytes/(1<<10)) + " KB"
	}
	return number(bytes) + " bytes"
}
