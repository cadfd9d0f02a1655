package web

import (
	"cmp"
	"maps"
	"slices"
	"time"

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

	// HealthCheck says how the hosting finds out whether the server is ready.
	// Optional. Default: the port accepts connections.
	HealthCheck HealthCheck

	// Needs are what the server cannot do without. A hosting that does not promise them is an
	// error.
	// Optional. Default: none, the server takes what there is.
	Needs Needs

	// Role is what the running server may do; its trust policy must name the hosting's principal.
	// Optional. Default: a new role without permissions; grants add to it.
	Role awsiam.IRole
}

// Needs are what a server cannot do without. The zero value needs nothing.
type Needs = platform.Needs

// HealthCheck is how a hosting finds out whether the server is ready. The zero value asks whether
// the port accepts connections.
//
// App Runner checks for as long as an instance runs. ECS Express Mode asks for Path, or for / if it
// is empty, every 30 s. Lambda has no such check: the adapter asks for Path while a new execution
// environment starts, until the server answers. A field that a hosting ignores is a warning if it
// is set.
type HealthCheck struct {
	// Path is asked for with GET. It starts with a slash and has at most 1,024 characters. On
	// Lambda a status of 200 to 399 means ready; App Runner and the load balancer of ECS want 200.
	// Optional. Default: no request, a TCP connection is enough.
	Path string

	// Interval between two checks: whole seconds, 1 to 20. App Runner only. Optional. Default: 5 s.
	Interval time.Duration

	// Timeout for one check: whole seconds, 1 to 20, and not longer than Interval. App Runner only.
	// Optional. Default: 2 s.
	Timeout time.Duration

	// HealthyThreshold is the number of good checks in a row that make an instance healthy, 1 to
	// 20. App Runner only.
	// Optional. Default: 1.
	HealthyThreshold int

	// UnhealthyThreshold is the number of bad checks in a row that make it unhealthy, 1 to 20. App
	// Runner only.
	// Optional. Default: 5.
	UnhealthyThreshold int
}

// withDefaults returns a copy in which every optional field that has a default value has it. The
// copy shares nothing with the original that could be changed.
func (w Workload) withDefaults() Workload {
	w.Port = cmp.Or(w.Port, 8080)
	w.Command = slices.Clone(w.Command)
	w.Environment = maps.Clone(w.Environment)
	if w.Environment == nil {
		w.Environment = map[string]string{}
	}
	w.HealthCheck.Interval = cmp.Or(w.HealthCheck.Interval, 5*time.Second)
	w.HealthCheck.Timeout = cmp.Or(
		w.HealthCheck.Timeout,
		max(time.Second, min(2*time.Second, w.HealthCheck.Interval)),
	)
	w.HealthCheck.HealthyThreshold = cmp.Or(w.HealthCheck.HealthyThreshold, 1)
	w.HealthCheck.UnhealthyThreshold = cmp.Or(w.HealthCheck.UnhealthyThreshold, 5)
	return w
}
