package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/webimage"
)

// Workload is what runs: the same on every hosting.
type Workload struct {
	// Image is the container image with the web server: webimage.Go, webimage.Dockerfile,
	// webimage.ECR, webimage.URI or webimage.Asset. Required.
	Image webimage.Image

	// Port is where the server listens, 1 to 65535; on Lambda from 1024, and not 9001. The
	// container also gets it as the environment variable PORT.
	// Optional. Default: 8080.
	Port int

	// Command replaces the image's CMD, one string per argument. On Lambda and ECS the image's
	// ENTRYPOINT stays; App Runner says only that it replaces the image's start command, so it
	// warns there.
	// Optional. Default: the image's own.
	Command []string

	// Environment holds the server's environment variables. PORT, and the names that a hosting
	// keeps for itself, are errors.
	// Optional. Default: only PORT.
	Environment map[string]string

	// Secrets holds the server's environment variables whose values are secrets: a field of a
	// Secrets Manager secret, or a parameter. Each is granted with it. On Lambda the image must
	// hold this library's adapter, and what the image starts must be known: see docs/secrets.md.
	// Optional. Default: none.
	Secrets map[string]Secret

	// HealthCheck says how the hosting finds out whether the server is ready.
	// Optional. Default: the port accepts connections.
	HealthCheck HealthCheck

	// Needs are what the server cannot do without. A hosting that does not promise them is an
	// error.
	// Optional. Default: none, the server takes what there is.
	Needs Needs

	// Role is what the running server may do; its trust policy must name the hosting's principal. It
	// may be of another stack, or imported: what it is granted then stands in a policy of the
	// service's stack. One that takes no policies (Mutable: new(false), or of another account) is a
	// warning if something should have been granted.
	// Optional. Default: a new role without permissions; grants add to it.
	Role awsiam.IRole

	// VPC that the server reaches into: its databases, caches and private services. Tasks of ECS are
	// in it, a function of Lambda has network interfaces there, and App Runner a VPC connector. How
	// clients reach the server is the hosting's to say. Connections of the service open ports.
	// Optional. Default: none on Lambda and App Runner; on Fargate and ECS Express Mode, whose
	// tasks are always in a VPC, the hosting's.
	VPC awsec2.IVpc

	// VPCSubnets that the server is in, or has its network interfaces in. It needs VPC. On Lambda
	// and App Runner they are private or isolated, because a server has no way out of public ones
	// there. ECS Express Mode has its load balancer in the same subnets: private ones are an error
	// there unless its Hosting names them.
	// Optional. Default: the private subnets that have a way out. If there are none, the isolated
	// ones on Lambda and App Runner, and the public ones on Fargate; on ECS Express Mode the public
	// ones in any case.
	VPCSubnets *awsec2.SubnetSelection

	// SecurityGroups of the server. It needs VPC.
	// Optional. Default: a new one, which lets nothing in (on Fargate and ECS Express Mode the load
	// balancer) and everything out. On App Runner services with the same subnets share it.
	SecurityGroups []awsec2.ISecurityGroup
}

// Needs are what a server cannot do without. The zero value needs nothing.
type Needs = platform.Needs

// HealthCheck is how a hosting finds out whether the server is ready. The zero value asks whether
// the port accepts connections or, behind a load balancer, whether the server responds at all.
//
// App Runner and Fargate check for as long as an instance or a task runs. ECS Express Mode asks for
// Path, or for / if it is empty, every 30 s. Lambda has no such check: the adapter asks for Path
// while a new execution environment starts, until the server responds. A field that a hosting
// ignores is a warning if it is set; a value that it does not take is an error.
type HealthCheck struct {
	// Path is asked for with GET. It starts with a slash and has at most 1,024 characters.
	// Optional. Default: no request, a TCP connection is enough; a load balancer, which knows no
	// such check, asks for / and on Fargate takes every status from 200 to 499.
	Path string

	// StatusCodes are the statuses of a response for Path that mean ready, 200 to 499: "200",
	// "200,204" or "200-299". Lambda and Fargate only. Optional. Default: "200"; on Lambda
	// "200-399".
	StatusCodes string

	// Interval between two checks in whole seconds: on App Runner 1 to 20, on Fargate 5 to 300.
	// Nowhere else. Optional. Default: on App Runner 5 s, on Fargate 10 s.
	Interval time.Duration

	// Timeout for one check in whole seconds: on App Runner 1 to 20 and not longer than Interval,
	// on Fargate 2 to 120 and shorter than Interval. Nowhere else.
	// Optional. Default: on App Runner 2 s, on Fargate 5 s, or what Interval allows.
	Timeout time.Duration

	// HealthyThreshold is the number of good checks in a row that make an instance or a task
	// healthy: on App Runner 1 to 20, on Fargate 2 to 10. Nowhere else.
	// Optional. Default: on App Runner 1, on Fargate 2.
	HealthyThreshold int

	// UnhealthyThreshold is the number of bad checks in a row that make it unhealthy: on App Runner
	// 1 to 20, on Fargate 2 to 10. Nowhere else.
	// Optional. Default: on App Runner 5, on Fargate 3.
	UnhealthyThreshold int
}

// withDefaults returns a copy in which every optional field that has a default value has it. The
// copy shares nothing with the original that could be changed.
func (w Workload) withDefaults() Workload {
	w.Port = cmp.Or(w.Port, 8080)
	w.Command = slices.Clone(w.Command)
	w.SecurityGroups = slices.Clone(w.SecurityGroups)
	w.Secrets = maps.Clone(w.Secrets)
	if w.Secrets == nil {
		w.Secrets = map[string]Secret{}
	}
	w.Environment = maps.Clone(w.Environment)
	if w.Environment == nil {
		w.Environment = map[string]string{}
	}
	return w
}

// withDefaults returns the health check with what a place does unless it is told.
func (h HealthCheck) withDefaults(place platform.HealthCheck) HealthCheck {
	if !place.Timing() {
		return h
	}
	h.Interval = cmp.Or(h.Interval, place.Interval.Default)
	h.Timeout = cmp.Or(
		h.Timeout,
		max(place.Timeout.Least, min(place.Timeout.Default, place.LongestTimeout(h.Interval))),
	)
	h.HealthyThreshold = cmp.Or(h.HealthyThreshold, place.HealthyThreshold.Default)
	h.UnhealthyThreshold = cmp.Or(h.UnhealthyThreshold, place.UnhealthyThreshold.Default)
	return h
}
