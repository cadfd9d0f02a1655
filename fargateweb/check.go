package fargateweb

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"

	"github.com/cdkweb/cdkweb/internal/ecs"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

func (h Hosting) withDefaults() Hosting {
	h.CPU = cmp.Or(h.CPU, defaultCPU)
	h.Memory = cmp.Or(h.Memory, platform.Fargate.Sizes.LeastMemory(h.CPU))
	h.MinTaskCount = cmp.Or(h.MinTaskCount, defaultMinTaskCount)
	h.MaxTaskCount = cmp.Or(h.MaxTaskCount, max(defaultMaxTaskCount, h.MinTaskCount))
	if len(h.AutoScaling) == 0 {
		h.AutoScaling = []AutoScaling{{Metric: AverageCPU, TargetValue: defaultTarget}}
	}
	if h.DeregistrationDelay == 0 {
		h.DeregistrationDelay = defaultDeregistrationDelay
		if h.LoadBalancer != nil {
			h.DeregistrationDelay = min(
				max(h.DeregistrationDelay, h.LoadBalancer.IdleTimeout()),
				maxDeregistrationDelay,
			)
		}
	}
	h.HealthCheckGracePeriod = cmp.Or(h.HealthCheckGracePeriod, defaultGracePeriod)
	h.MinimumHealthyPercent = cmp.Or(h.MinimumHealthyPercent, defaultMinimumPercent)
	h.MaximumPercent = cmp.Or(h.MaximumPercent, defaultMaximumPercent)
	h.StopTimeout = cmp.Or(h.StopTimeout, defaultStopTimeout)
	h.PlatformVersion = cmp.Or(h.PlatformVersion, awsecs.FargatePlatformVersion_LATEST)
	h.LogStreamPrefix = cmp.Or(h.LogStreamPrefix, ecs.StreamPrefix)
	return h
}

// Limits of Elastic Load Balancing (API reference, TargetGroupAttribute) and of ECS (API reference,
// Service and ContainerDefinition).
const (
	maxStickiness          = 7 * 24 * time.Hour
	maxCookieName          = 256
	reservedCookies        = "AWSALB"
	minSlowStart           = 30 * time.Second
	maxSlowStart           = 900 * time.Second
	maxDeregistrationDelay = 3600 * time.Second
	maxGracePeriod         = (1<<31 - 1) * time.Second
	minStopTimeout         = 2 * time.Second
	maxStopTimeout         = 120 * time.Second
	maxCooldown            = time.Hour
	minStorage, maxStorage = 21, 200
)

var (
	// serviceName is ECS's rule for names of services (CreateService, parameter serviceName).
	serviceName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

	// cookieName is what can be the name of a cookie (RFC 6265, token).
	cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

// Check implements web.Hosting.
func (h Hosting) Check(c *web.Check) {
	given := h
	h = h.withDefaults()
	if h.TaskDefinition == nil {
		c.Size(h.CPU, h.Memory)
		if h.EphemeralStorage != 0 {
			c.Between("EphemeralStorage", h.EphemeralStorage, minStorage, maxStorage, "GiB")
		}
	} else {
		c.Excludes(
			"TaskDefinition",
			given.CPU != 0 || given.Memory != 0 || h.EphemeralStorage != 0 || h.ExecutionRole != nil,
			[]string{"CPU", "Memory", "EphemeralStorage", "ExecutionRole"},
			"set them in the task definition",
		)
		ecs.CheckTaskDefinition(c, h.TaskDefinition)
	}
	h.checkScaling(c)
	if h.MinTaskCount == h.MaxTaskCount && len(given.AutoScaling) > 0 {
		c.Problem(web.Problem{
			Field: "Hosting.AutoScaling",
			Message: fmt.Sprintf(
				"has no meaning: MinTaskCount and MaxTaskCount are both %d",
				h.MinTaskCount,
			),
			Fix: "raise MaxTaskCount, or leave it out",
		})
	}
	given.checkLoadBalancer(c)
	h.checkDeployment(c)
	c.Name(
		"ServiceName",
		h.ServiceName,
		serviceName,
		1,
		255,
		"letters, digits, hyphens and underscores",
	)
	if h.Cluster != nil {
		c.UniqueIn(*h.Cluster.Node().Path(), "ServiceName", h.ServiceName)
	}
	h.checkNetwork(c)
	h.checkContainer(c)
	ecs.CheckLogs(c, given.logs(), given.LogDriver, given.LogStreamPrefix)
}

func (h Hosting) checkScaling(c *web.Check) {
	if h.MinTaskCount < 1 {
		c.Problem(web.Problem{
			Field:   "Hosting.MinTaskCount",
			Message: "must be at least 1",
			Got:     h.MinTaskCount,
			Fix: "what runs nothing while there are no requests is " + platform.Can(
				func(p *platform.Platform) platform.Ability { return p.ScaleToZero },
			),
		})
	}
	c.AtLeast("MaxTaskCount", h.MaxTaskCount, 1)
	if h.MaxTaskCount >= 1 {
		c.NotGreater("MinTaskCount", h.MinTaskCount, "MaxTaskCount", h.MaxTaskCount)
	}
	seen := map[Metric]bool{}
	for i, s := range h.AutoScaling {
		field := fmt.Sprintf("AutoScaling[%d].", i)
		if s.Metric == "" || seen[s.Metric] {
			message, fix := "is required", "set it to fargateweb.AverageCPU, for instance"
			if s.Metric != "" {
				message, fix = "is there twice", "leave one of them out"
			}
			c.Problem(web.Problem{Field: "Hosting." + field + "Metric", Message: message, Fix: fix})
		}
		seen[s.Metric] = true
		c.OneOf(field+"Metric", string(s.Metric),
			[]string{string(AverageCPU), string(AverageMemory), string(RequestCountPerTarget)},
			"fargateweb.AverageCPU", "fargateweb.AverageMemory", "fargateweb.RequestCountPerTarget")
		if s.TargetValue == 0 {
			c.Problem(
				web.Problem{
					Field:   "Hosting." + field + "TargetValue",
					Message: "is required",
					Fix:     "set it to the value of the metric that is kept",
				},
			)
		} else if s.Metric == RequestCountPerTarget {
			c.AtLeast(field+"TargetValue", s.TargetValue, 1)
		} else {
			c.Between(field+"TargetValue", s.TargetValue, 1, 100, "percent")
		}
		if s.ScaleInCooldown != 0 {
			c.WholeSeconds(field+"ScaleInCooldown", s.ScaleInCooldown, time.Second, maxCooldown)
		}
		if s.ScaleOutCooldown != 0 {
			c.WholeSeconds(field+"ScaleOutCooldown", s.ScaleOutCooldown, time.Second, maxCooldown)
		}
	}
	c.Between("SpotPercentage", h.SpotPercentage, 0, 100, "")
}

func (h Hosting) checkLoadBalancer(c *web.Check) {
	h.LoadBalancer.CheckRule(c, "Hosting.", h.rule())
	if h.LoadBalancer == nil {
		h.checkAllowFrom(c)
	}
	for _, time := range []struct {
		field            string
		got, least, most time.Duration
	}{
		{"Stickiness", h.Stickiness, time.Second, maxStickiness},
		{"SlowStart", h.SlowStart, minSlowStart, maxSlowStart},
		{"DeregistrationDelay", h.DeregistrationDelay, time.Second, maxDeregistrationDelay},
		{"HealthCheckGracePeriod", h.HealthCheckGracePeriod, time.Second, maxGracePeriod},
	} {
		if time.got != 0 {
			c.WholeSeconds(time.field, time.got, time.least, time.most)
		}
	}
	if h.StickinessCookieName == "" {
		return
	}
	if h.Stickiness == 0 {
		c.Problem(
			web.Problem{
				Field:   "Hosting.StickinessCookieName",
				Message: "needs Stickiness",
				Fix:     "set it to how long a client sticks to a task",
			},
		)
	}
	c.Name(
		"StickinessCookieName",
		h.StickinessCookieName,
		cookieName,
		1,
		maxCookieName,
		"characters that a cookie's name may have",
	)
	if strings.HasPrefix(h.StickinessCookieName, reservedCookies) {
		c.Problem(web.Problem{
			Field:   "Hosting.StickinessCookieName",
			Message: "must not be one of the load balancer's own, which start with " + reservedCookies,
			Got:     h.StickinessCookieName,
			Fix:     "name a cookie of the server's, or leave it out",
		})
	}
}

// maxRules is how many rules a security group has: Amazon VPC user guide, "Amazon VPC quotas".
const maxRules = 60

// checkAllowFrom checks the addresses that the service's own load balancer lets in.
func (h Hosting) checkAllowFrom(c *web.Check) {
	for i, prefix := range c.AllowFrom {
		if prefix.Addr().Is6() {
			c.Problem(web.Problem{
				Field:   fmt.Sprintf("AllowFrom[%d]", i),
				Message: "is of IPv6, by which clients come only to a load balancer with DualStack",
				Got:     prefix.String(),
				Fix:     "pass such a LoadBalancer, of webalb.NewLoadBalancer, or leave it out",
			})
		}
	}
	most := maxRules
	if c.Domain != nil {
		most /= 2 // for HTTPS, and for HTTP that is redirected
	}
	if len(c.AllowFrom) > most {
		c.Problem(web.Problem{
			Field:   "AllowFrom",
			Message: fmt.Sprintf("must be %d at most, as many as a security group takes", most),
			Got:     len(c.AllowFrom),
			Fix:     "use larger prefixes, or a WebACL with IP sets",
		})
	}
}

func (h Hosting) checkDeployment(c *web.Check) {
	c.Between("MinimumHealthyPercent", h.MinimumHealthyPercent, 1, 100, "")
	c.Between("MaximumPercent", h.MaximumPercent, 100, 200, "")
	// ECS rounds the least number of tasks up, and the most down.
	least, most := (h.MinTaskCount*h.MinimumHealthyPercent+99)/100, h.MinTaskCount*h.MaximumPercent/100
	if h.MinTaskCount >= 1 && h.MinimumHealthyPercent <= 100 && h.MaximumPercent >= 100 &&
		most <= least {
		c.Problem(web.Problem{
			Field: "Hosting.MaximumPercent",
			Message: fmt.Sprintf(
				"must leave room to replace a task: with MinTaskCount %d, %d to %d percent are %d to %d tasks",
				h.MinTaskCount,
				h.MinimumHealthyPercent,
				h.MaximumPercent,
				least,
				most,
			),
			Fix: "raise it, or lower MinimumHealthyPercent",
		})
	}
	if h.CircuitBreakerDisabled {
		c.Excludes(
			"CircuitBreakerDisabled",
			h.RollbackDisabled,
			[]string{"RollbackDisabled"},
			"without a circuit breaker nothing is rolled back",
		)
	}
}

func (h Hosting) checkContainer(c *web.Check) {
	if len(h.EntryPoint) > 0 && h.EntryPoint[0] == "" {
		c.Problem(
			web.Problem{
				Field:   "Hosting.EntryPoint",
				Message: "must not start with an empty string",
				Fix:     "leave it out to run the image's own",
			},
		)
	}
	for i, argument := range h.EntryPoint {
		if !utf8.ValidString(argument) || strings.ContainsRune(argument, 0) {
			c.Problem(
				web.Problem{
					Field:   fmt.Sprintf("Hosting.EntryPoint[%d]", i),
					Message: "must be UTF-8 text without NUL",
					Got:     argument,
				},
			)
		}
	}
	c.WholeSeconds("StopTimeout", h.StopTimeout, minStopTimeout, maxStopTimeout)
	for i, limit := range h.Ulimits {
		field := fmt.Sprintf("Hosting.Ulimits[%d]", i)
		switch {
		case limit == nil:
			c.Problem(web.Problem{Field: field, Message: "must not be nil"})
		case limit.Name != awsecs.UlimitName_NOFILE:
			c.Problem(
				web.Problem{
					Field:   field + ".Name",
					Message: "must be awsecs.UlimitName_NOFILE, the only one that Fargate takes",
					Got:     string(limit.Name),
				},
			)
		case !isLimit(limit.SoftLimit) || !isLimit(limit.HardLimit) || *limit.SoftLimit > *limit.HardLimit:
			c.Problem(
				web.Problem{
					Field:   field,
					Message: "must have a SoftLimit that is not greater than HardLimit, whole numbers of at least 1",
				},
			)
		}
	}
	c.Excludes(
		"ReadonlyRootFilesystem",
		h.ReadonlyRootFilesystem && h.EnableExecuteCommand,
		[]string{"EnableExecuteCommand"},
		"the agent of ECS Exec must write files",
	)
	c.OneOf(
		"PlatformVersion",
		string(h.PlatformVersion),
		[]string{
			string(awsecs.FargatePlatformVersion_LATEST),
			string(awsecs.FargatePlatformVersion_VERSION1_4),
		},
		"awsecs.FargatePlatformVersion_LATEST",
		"awsecs.FargatePlatformVersion_VERSION1_4",
	)
	if h.ContainerHealthCheck && c.Image != nil && c.Image.Adapter != webimage.WithAdapter {
		c.Problem(
			web.Problem{
				Field:   "Hosting.ContainerHealthCheck",
				Message: "needs the adapter in the image, which makes the requests",
				Fix:     "build the image with webimage.Go or webimage.Dockerfile, or leave it out: the load balancer checks anyway",
			},
		)
	}
	h.checkServiceDiscovery(c)
}

func (h Hosting) checkServiceDiscovery(c *web.Check) {
	if h.ServiceDiscovery == nil {
		return
	}
	const field = "Hosting.ServiceDiscovery.CloudMapNamespace"
	namespace := h.ServiceDiscovery.CloudMapNamespace
	if namespace == nil && h.Cluster != nil {
		namespace = h.Cluster.DefaultCloudMapNamespace()
	}
	switch {
	case namespace == nil:
		c.Problem(
			web.Problem{
				Field:   field,
				Message: "is required",
				Fix:     "set it, or pass a Cluster with a DefaultCloudMapNamespace",
			},
		)
	case namespace.Type() == awsservicediscovery.NamespaceType_HTTP:
		c.Problem(
			web.Problem{
				Field:   field,
				Message: "must be one with DNS names, got HTTP",
				Fix:     "make it with awsservicediscovery.NewPrivateDnsNamespace",
			},
		)
	}
}

// isLimit reports whether a limit is a whole number of at least 1.
func isLimit(
	limit *float64,
) bool {
	return limit != nil && *limit >= 1 && *limit == math.Trunc(*limit)
}
