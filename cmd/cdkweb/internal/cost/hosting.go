package cost

import (
	"fmt"
	"math"
	"strconv"

	"github.com/cdkweb/cdkweb/platform"
)

// Kind is a hosting.
type Kind int

// The hostings, in the order of the pages.
const (
	AppRunner Kind = iota
	Express
	Fargate
	HTTPAPI
	RESTAPI
	FunctionURL
	LambdaBalancer
)

// kinds are all of them.
var kinds = []Kind{AppRunner, Express, Fargate, HTTPAPI, RESTAPI, FunctionURL, LambdaBalancer}

// platform is what the hosting is called and where it exists.
func (k Kind) platform() *platform.Platform {
	return []*platform.Platform{
		&platform.AppRunner, &platform.ECSExpress, &platform.Fargate, &platform.HTTPAPI, &platform.RESTAPI,
		&platform.FunctionURL, &platform.LambdaLoadBalancer,
	}[k]
}

func (k Kind) String() string { return k.platform().Name }

// lambda says whether it is a Lambda function.
func (k Kind) lambda() bool { return k >= HTTPAPI }

// balancer says whether a load balancer is in front.
func (k Kind) balancer() bool { return k == Express || k == Fargate || k == LambdaBalancer }

// Config is what a hosting was told that has a price.
type Config struct {
	Kind   Kind
	CPU    int // units: 1024 are one vCPU; 0 on Lambda, which sells memory only
	Memory int // MB
	ARM64  bool

	// Min and Max are the instances or tasks. Concurrency is how many requests an App Runner
	// instance takes, and TargetCPU the percentage at which tasks are added.
	Min, Max    int
	Concurrency int
	TargetCPU   float64

	PublicTasks bool // each task has a public address
	DiskGB      int  // of a task
	ScratchMB   int  // /tmp of a function

	// Sharers are the services behind the load balancer, this one included; 0 if it is not of this
	// app. Addresses are its public ones and Rules what it asks for each request.
	Sharers, Addresses, Rules int

	Provisioned     int // concurrency
	AutoDeployments bool
}

// Functions have as many vCPUs as their memory has this many MB (Lambda developer guide, "Configure
// Lambda function memory"), and at most so much memory.
const (
	functionMBPerVCPU = 1769
	maxFunctionMB     = 10240
)

// vCPU is how much of one the server has.
func (c Config) vCPU() float64 {
	if c.Kind.lambda() {
		return float64(c.Memory) / functionMBPerVCPU
	}
	return float64(c.CPU) / 1024
}

func (c Config) gb() float64 { return float64(c.Memory) / 1024 }

func (c Config) arch() string {
	if c.ARM64 {
		return "arm64"
	}
	return "x86"
}

// Size is what is bought: "1 vCPU and 2 GB, arm64".
func (c Config) Size() string {
	text := strconv.Itoa(c.Memory) + " MB"
	if !c.Kind.lambda() {
		text = number(c.vCPU()) + " vCPU and " + number(c.gb()) + " GB"
	}
	if c.ARM64 {
		text += ", arm64"
	}
	return text
}

// on is the server on another hosting with an equal size: the smallest that is sold and has no less
// memory and no less vCPU. If there is none, the error says why.
func (c Config) on(kind Kind, region string) (Config, error) {
	if kind == c.Kind {
		return c, nil
	}
	if !kind.platform().Regions.Has(region) {
		return Config{}, fmt.Errorf("is not in %s", region)
	}
	other := Config{
		Kind: kind, ARM64: c.ARM64 && kind != AppRunner,
		Min: 1, Max: 25, Concurrency: 100, TargetCPU: 60, PublicTasks: true,
		Sharers: 1, Addresses: 2, Rules: 1,
	}
	if c.ARM64 && kind == AppRunner {
		return Config{}, fmt.Errorf("does not run images for arm64")
	}
	if !c.Kind.lambda() {
		other.Min, other.Max = c.Min, max(c.Min, c.Max)
		if c.TargetCPU > 0 {
			other.TargetCPU = c.TargetCPU
		}
		if c.Kind != AppRunner && kind != AppRunner {
			other.PublicTasks = c.PublicTasks
		}
	}
	if c.Kind.balancer() && c.Kind != Express && kind.balancer() && kind != Express {
		other.Sharers, other.Addresses, other.Rules = c.Sharers, c.Addresses, c.Rules
	}
	if kind.lambda() && c.Kind.lambda() {
		other.ScratchMB, other.Provisioned = c.ScratchMB, c.Provisioned
	}
	if !kind.lambda() && kind != AppRunner {
		other.DiskGB = c.DiskGB
	}
	if kind.lambda() {
		other.Memory = max(128, c.Memory)
		if !c.Kind.lambda() {
			other.Memory = max(c.Memory, int(math.Ceil(c.vCPU()*functionMBPerVCPU)))
		}
		if other.Memory > maxFunctionMB {
			return Config{}, fmt.Errorf("has at most %d MB", maxFunctionMB)
		}
		return other, nil
	}
	for _, size := range kind.platform().Sizes.Pairs {
		if float64(size.CPU)/1024 < c.vCPU()-1e-9 {
			continue
		}
		for _, memory := range size.Memory {
			if memory >= c.Memory {
				other.CPU, other.Memory = size.CPU, memory
				return other, nil
			}
		}
	}
	return Config{}, fmt.Errorf("has no size with %s vCPU and %s GB", number(c.vCPU()), number(c.gb()))
}
