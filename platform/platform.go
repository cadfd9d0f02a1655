// Package platform is what AWS promises of each place that a workload can run in, as data with
// sources: limits, abilities, regions, reserved names. Package web checks a workload against it,
// and the tables in the documents are written from it.
//
// It is plain Go without the CDK, so a program may import it to ask what runs where:
//
//	platform.ECSExpress.Missing(platform.Needs{ScaleToZero: true})
package platform

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Platform is one place.
type Platform struct {
	// Name in a sentence, and Go what to write in a program.
	Name, Go string

	// Service is the AWS service, if several platforms share it: "Lambda". Optional.
	Service string

	// ID of the construct that holds the place's resources, below the service.
	ID string

	// Principal is the AWS service that assumes the role of the running server.
	Principal string

	// Timeout ends a request. With Quiet it counts only while no byte is sent, so it does not limit
	// a streaming response.
	Timeout time.Duration
	Quiet   bool

	// Idle ends a request before Timeout does if no byte is sent for so long; 0 if nothing ends it.
	Idle time.Duration

	// Payload is the size in bytes of the JSON that carries a request or a response; 0 if no
	// document names a limit. Streamed is the limit of a streaming response, which is not JSON.
	Payload, Streamed int

	// RequestBody is the limit of a request's body in bytes, text or not, if it is not what Payload
	// leaves; 0 if it is.
	RequestBody int

	// What the place can do.
	Streaming, WebSockets, StickySessions, ARM64, ScaleToZero Ability

	// VPC says whether a server can reach into a VPC, and InVPC whether it always is in one. Only a
	// server that is in one gets out of public subnets, with an address of its own.
	VPC   Ability
	InVPC bool

	// PublicSubnets says that a server may be in public subnets all the same: it reaches nothing but
	// the VPC from there.
	PublicSubnets bool

	// MaxSubnets and MaxSecurityGroups are how many of each a server can have; 0 if no document
	// names a limit.
	MaxSubnets, MaxSecurityGroups int

	// SecretsOutsideVPC says that the place gets the values of secrets by a network of its own, also
	// for a server with a VPC.
	SecretsOutsideVPC bool

	// Secrets says whether the place hands the server the values of secrets when it starts.
	Secrets Ability

	// What the place has at its own front: a domain of the user's, an address that only a VPC
	// reaches, a web ACL of AWS WAF, and a list of addresses that are let in. The Why of each
	// follows "is not possible on Lambda with a function URL:".
	Domain, Private, WebACL, AllowFrom Ability

	// NoClients says that nobody calls the place by HTTP.
	NoClients bool

	// Sizes are what is sold, if CPU and memory are sold in pairs.
	Sizes Sizes

	Variables   Variables
	Images      Images
	Ports       Ports
	HealthCheck HealthCheck
	Regions     Regions

	// URLNeedsService says that the address is known only after the service exists, so it cannot be
	// one of its variables.
	URLNeedsService bool

	column column
}

// ServiceName is what users know the place by, whatever its options: Service, or else Name.
func (p *Platform) ServiceName() string { return cmp.Or(p.Service, p.Name) }

// Ability says whether a place can do something.
type Ability struct {
	Can bool

	// Note replaces "yes" or "no" in the documents' table. Optional.
	Note string

	// Why replaces the usual reason in an error. Optional.
	Why string
}

// Variables are the rules for environment variables.
type Variables struct {
	// Reserved are the names, and Prefix the start of names, that the place sets itself.
	Reserved []string
	Prefix   string

	// Name is the rule for names, and NameWords what it says. Optional.
	Name      *regexp.Regexp
	NameWords string

	// MaxSize is the limit in bytes of all names and values together; 0 if no document names one.
	MaxSize int

	// References is true if the references to secrets are variables too, and count.
	References bool
}

// IsReserved reports whether the place sets a variable of this name itself.
func (v Variables) IsReserved(name string) bool {
	return slices.Contains(v.Reserved, name) ||
		v.Prefix != "" && len(name) >= len(v.Prefix) && name[:len(v.Prefix)] == v.Prefix
}

// Images are the rules for container images.
type Images struct {
	// Public is true if images in Amazon ECR Public run, and Other if those in any registry do.
	Public, Other bool

	// OwnRegion is true if a private ECR repository must be in the service's own region, and
	// AnyRegionUnknown if AWS does not say.
	OwnRegion, AnyRegionUnknown bool

	// Adapter is true if the image needs an adapter in /opt/extensions, because requests are not
	// HTTP.
	Adapter bool
}

// Ports are those that a server cannot listen on.
type Ports struct {
	// Least is the lowest port that it can.
	Least int

	// Root is true if only root can listen on ports below 1024.
	Root bool

	// Taken are ports of somebody else, with who has them.
	Taken map[int]string
}

// HealthCheck is what a place makes of the workload's health check.
type HealthCheck struct {
	// Interval and Timeout are the times that can be set; zero if the place has times of its own.
	Interval, Timeout Times

	// HealthyThreshold and UnhealthyThreshold are the numbers of checks that can be set; zero if
	// the place has numbers of its own.
	HealthyThreshold, UnhealthyThreshold Counts

	// TimeoutBelowInterval is true if the timeout must be shorter than the interval. Otherwise it
	// may be as long.
	TimeoutBelowInterval bool

	// StatusCodes is true if the statuses that mean healthy can be set. Otherwise 200 does.
	StatusCodes bool

	// Root is true if a check without a path asks for / over HTTP and needs status 200.
	Root bool
}

// Times are the limits of a duration in whole seconds, and what it is unless set.
type Times struct{ Least, Most, Default time.Duration }

// Counts are the limits of a number, and what it is unless set.
type Counts struct{ Least, Most, Default int }

// Timing reports whether interval, timeout and thresholds are honoured. Otherwise only the path is.
func (h HealthCheck) Timing() bool { return h.Interval.Most > 0 }

// LongestTimeout is the longest timeout that goes with an interval.
func (h HealthCheck) LongestTimeout(interval time.Duration) time.Duration {
	if h.TimeoutBelowInterval {
		return interval - time.Second
	}
	return interval
}

// Regions are where a place exists.
type Regions struct {
	// Only are the regions it exists in or, if there are none, Except those it does not exist in.
	Only, Except []string
}

// Has reports whether the place exists in a region. It is true of a region that is empty or newer
// than the lists.
func (r Regions) Has(region string) bool {
	switch {
	case !slices.Contains(known, region):
		return true
	case len(r.Only) > 0:
		return slices.Contains(r.Only, region)
	}
	return !slices.Contains(r.Except, region)
}

var (
	yes = Ability{Can: true}
	no  = Ability{}
)

// maxLambdaTimeout is the longest that a function runs (AWS::Lambda::Function Timeout).
const maxLambdaTimeout = 900 * time.Second

// lambdaPayload is that of a synchronous invocation, request and response each. Lambda developer
// guide, "Lambda quotas".
const lambdaPayload = 6 << 20

// AppRunner is AWS App Runner.
var AppRunner = Platform{
	Name:      "App Runner",
	Go:        "apprunnerweb.Hosting{}",
	ID:        "AppRunner",
	Principal: "tasks.apprunner.amazonaws.com",

	Timeout:    120 * time.Second, // developer guide, "Developing application code for App Runner": the whole request
	Streaming:  Ability{Note: "AWS does not say", Why: "is not documented to stream responses"},
	WebSockets: no, // the same page: HTTP/1.0 and 1.1; apprunner-roadmap#13
	StickySessions: Ability{
		Why: "spreads requests over its instances whoever sends them",
	},
	ARM64:       no, // apprunner-roadmap#98
	ScaleToZero: no, // apprunner-roadmap#9; MinSize is at least 1

	VPC:     Ability{Can: true, Note: "by a VPC connector"}, // AWS::AppRunner::VpcConnector
	Secrets: yes,                                            // RuntimeEnvironmentSecrets

	// AssociateCustomDomain is a call of App Runner's API that CloudFormation has no resource for.
	Domain:    Ability{Note: "with `webfront`", Why: "CloudFormation has no resource for domains of App Runner"},
	Private:   Ability{Can: true, Note: "by a VPC ingress connection"}, // AWS::AppRunner::VpcIngressConnection
	WebACL:    yes,                                                     // AWS::WAFv2::WebACLAssociation
	AllowFrom: Ability{Can: true, Note: "by a web ACL"},

	// AWS Containers Blog, "Deep Dive on AWS App Runner VPC Networking": image, log and secrets go
	// over the instance's other network interface.
	SecretsOutsideVPC: true,

	Sizes: Sizes{Pairs: appRunnerSizes, CPU: vCPU, Memory: gigabytes},

	Variables: Variables{
		Prefix: "AWSAPPRUNNER",
	}, // API reference, ImageConfiguration
	Images: Images{
		Public:           true,
		AnyRegionUnknown: true,
	}, // reports disagree: apprunner-roadmap#254, hello-app-runner#3
	HealthCheck: HealthCheck{ // AWS::AppRunner::Service HealthCheckConfiguration
		Interval:           Times{time.Second, 20 * time.Second, 5 * time.Second},
		Timeout:            Times{time.Second, 20 * time.Second, 2 * time.Second},
		HealthyThreshold:   Counts{1, 20, 1},
		UnhealthyThreshold: Counts{1, 20, 5},
	},
	Regions:         appRunnerRegions,
	URLNeedsService: true,

	column: column{
		concurrency: "100 for each instance, up to 200; 1 to 25 instances", // AutoScalingConfiguration
		idle:        "the memory of `MinSize` instances",                   // pricing page: provisioned instances
		between:     "throttled",                                           // pricing page: vCPU is charged while active only
		newAccounts: "no: closed in spring 2026",                           // developer guide, "App Runner availability change"
	},
}

// ECSExpress is Amazon ECS Express Mode.
var ECSExpress = Platform{
	Name:      "ECS Express Mode",
	Go:        "ecsweb.Hosting{}",
	ID:        "ECSExpress",
	Principal: "ecs-tasks.amazonaws.com",

	Timeout:    60 * time.Second, // Elastic Load Balancing, "Application Load Balancers": the default idle timeout
	Quiet:      true,
	Streaming:  yes,
	WebSockets: yes, // the same guide, "Listeners for your Application Load Balancers"
	StickySessions: Ability{
		Why: "has no setting for them, and its deployments choose the version for each request",
	}, // AWS::ECS::ExpressGatewayService
	ARM64: Ability{
		Can:  true,
		Note: "yes, see docs/ecs.md",
	}, // ECS API, RuntimePlatformOverride
	ScaleToZero: no, // MinTaskCount: no document has a minimum of 0

	VPC:   Ability{Can: true, Note: "always in one"},
	InVPC: true,

	MaxSubnets:        16, // ECS API reference, AwsVpcConfiguration
	MaxSecurityGroups: 5,

	Secrets: yes, // ECS API reference, Secret

	// The load balancer belongs to ECS, and up to 25 services share it.
	Domain:    Ability{Note: "with `webfront`", Why: "ECS chooses the host name and the certificate"},
	Private:   Ability{Can: true, Note: "in private subnets"}, // developer guide, "Resources created by Amazon ECS Express Mode services"
	WebACL:    Ability{Can: true, Note: "yes, on the load balancer"},
	AllowFrom: Ability{Can: true, Note: "by a web ACL on the load balancer"},

	Sizes: Sizes{Pairs: fargateSizes, CPU: strconv.Itoa, Memory: strconv.Itoa},

	Variables:       ecsVariables,
	Images:          Images{Public: true, Other: true},
	Ports:           Ports{Root: true}, // containers-roadmap#1721
	HealthCheck:     HealthCheck{Root: true},
	URLNeedsService: true,

	column: column{
		concurrency: "as many as the server takes; 1 to 20 tasks unless set", // developer guide, "Resources created by Amazon ECS Express Mode services"
		idle:        "the load balancer and `MinTaskCount` tasks",            // Fargate and Elastic Load Balancing pricing pages: by the hour
		between:     "full",                                                  // a task runs until it is stopped
		newAccounts: "yes",
	},
}

// Fargate is an Amazon ECS service on Fargate behind an Application Load Balancer whose idle
// timeout is the default.
var Fargate = Platform{
	Name:      "ECS on Fargate",
	Go:        "fargateweb.Hosting{}",
	ID:        "Fargate",
	Principal: "ecs-tasks.amazonaws.com",

	Timeout:    IdleTimeout,
	Quiet:      true,
	Streaming:  yes,
	WebSockets: yes, // Elastic Load Balancing, "Listeners for your Application Load Balancers"
	StickySessions: Ability{
		Note: "yes, with `Stickiness`",
		Why:  "sends each request to any task unless Stickiness is set",
	},
	ARM64:       yes, // ECS API reference, RuntimePlatform
	ScaleToZero: no,  // requests cannot start a first task

	VPC:   Ability{Can: true, Note: "always in one"},
	InVPC: true,

	MaxSubnets:        16, // ECS API reference, AwsVpcConfiguration
	MaxSecurityGroups: 5,

	Secrets: yes, // ECS API reference, Secret

	Domain:    yes,
	Private:   Ability{Can: true, Note: "by an internal load balancer"},
	WebACL:    Ability{Can: true, Note: "yes, on the load balancer"}, // AWS::WAFv2::WebACLAssociation
	AllowFrom: Ability{Can: true, Note: "by the load balancer"},

	Sizes: Sizes{Pairs: fargateSizes, CPU: strconv.Itoa, Memory: strconv.Itoa},

	Variables: ecsVariables,
	Images:    Images{Public: true, Other: true},
	Ports:     Ports{Root: true}, // containers-roadmap#1721
	HealthCheck: HealthCheck{
		// The limits are Elastic Load Balancing's (API reference, CreateTargetGroup). Its defaults,
		// 30 s and five good checks, would keep a new task from serving for two minutes.
		Interval:             Times{5 * time.Second, 300 * time.Second, 10 * time.Second},
		Timeout:              Times{2 * time.Second, 120 * time.Second, 5 * time.Second},
		HealthyThreshold:     Counts{2, 10, 2},
		UnhealthyThreshold:   Counts{2, 10, 3},
		TimeoutBelowInterval: true,
		StatusCodes:          true,
	},

	column: column{
		concurrency: "as many as the server takes; 1 to 20 tasks unless set",
		idle:        "the load balancer and `MinTaskCount` tasks",
		between:     "full",
		timeout:     "`IdleTimeout` up to 4,000 s",
		newAccounts: "yes",
	},
}

// The idle timeout of an Application Load Balancer: what it is unless set, and its limit (Elastic
// Load Balancing, "Application Load Balancers", idle_timeout.timeout_seconds).
const (
	IdleTimeout    = 60 * time.Second
	MaxIdleTimeout = 4000 * time.Second
)

// Fargate with options that it needs for more.
var (
	// FargateSticky keeps a client at one task.
	FargateSticky = with("fargateweb.Hosting{Stickiness: …}", *Fargate.Sticky())

	// FargateLongIdle is behind a load balancer with the longest idle timeout.
	FargateLongIdle = with(
		"fargateweb.Hosting{LoadBalancer: …} with a longer IdleTimeout",
		*Fargate.Behind(MaxIdleTimeout),
	)

	// FargateStickyLongIdle is both.
	FargateStickyLongIdle = with(
		"fargateweb.Hosting{LoadBalancer: …, Stickiness: …} with a longer IdleTimeout",
		*Fargate.Sticky().Behind(MaxIdleTimeout),
	)
)

// with is a platform with options: what to write in Go, and no column of its own.
func with(program string, p Platform) Platform {
	p.Go, p.column.hidden = program, true
	return p
}

// Sticky is the platform with sticky sessions switched on.
func (p *Platform) Sticky() *Platform {
	sticky := *p
	sticky.StickySessions = Ability{Can: true}
	return &sticky
}

// ecsVariables are the rules of tasks on ECS.
var ecsVariables = Variables{
	// Developer guide, "Amazon ECS environment variables": those that mean nothing else.
	// AWS_REGION and AWS_DEFAULT_REGION are missing, because a server may be told to work
	// elsewhere.
	Reserved: []string{
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EXECUTION_ENV", "ECS_AGENT_URI", "ECS_CONTAINER_METADATA_URI",
		"ECS_CONTAINER_METADATA_URI_V4",
	},
	MaxSize: 64 << 10, // developer guide, "Amazon ECS service quotas": the whole task definition
}

// HTTPAPI is Lambda behind an HTTP API of API Gateway.
var HTTPAPI = lambda(Platform{
	Name:    "Lambda behind an HTTP API",
	Go:      "lambdaweb.Hosting{}",
	Timeout: 30 * time.Second, // API Gateway developer guide, "Quotas for configuring and running an HTTP API": not adjustable

	Domain:    yes,
	Private:   Ability{Why: "an HTTP API is always on the internet"},           // API Gateway developer guide, "Choose between REST APIs and HTTP APIs"
	WebACL:    Ability{Note: "with `webfront`", Why: "an HTTP API takes none"}, // the same
	AllowFrom: byAdapter,
})

// RESTAPI is Lambda behind a REST API of API Gateway that buffers.
var RESTAPI = lambda(Platform{
	Name:    "Lambda behind a REST API",
	Go:      "lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}",
	Timeout: 29 * time.Second, // API Gateway developer guide, "Quotas for configuring and running a REST API": adjustable for regional APIs
	Streaming: Ability{
		Note: "yes, with `ResponseTransferMode`",
		Why:  "buffers responses unless ResponseTransferMode says otherwise",
	},

	Domain:    yes,
	Private:   byEndpoint,
	WebACL:    yes,
	AllowFrom: byPolicy,

	column: column{timeout: "more on request, 15 min with `ResponseTransferMode`"},
})

// RESTAPIStreaming is Lambda behind a regional REST API whose ResponseTransferMode streams
// responses.
var RESTAPIStreaming = lambda(Platform{
	Name: "Lambda behind a REST API that streams",
	Go:   "lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM}}",
	// API Gateway developer guide, "Stream the integration response for your proxy integrations". It
	// uses InvokeWithResponseStream, which Lambda's "VPC compatibility" does not exclude.
	Timeout:   maxLambdaTimeout,
	Idle:      5 * time.Minute,
	Streaming: yes,
	Streamed:  200 << 20, // Lambda developer guide, "Response streaming"; API Gateway names no limit

	Domain:    yes,
	Private:   byEndpoint,
	WebACL:    yes, // which sees requests, and nothing of responses that stream
	AllowFrom: byPolicy,

	column: column{hidden: true}, // the REST API's tells of it
})

// FunctionURL is Lambda with a function URL that buffers.
var FunctionURL = lambda(Platform{
	Name:    "Lambda with a function URL",
	Go:      "lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}",
	Timeout: maxLambdaTimeout, // the function's own
	Streaming: Ability{
		Note: "yes, with `InvokeMode`",
		Why:  "buffers responses unless InvokeMode says otherwise",
	},
	Domain:          noDomainOfURL,
	Private:         alwaysPublicURL,
	WebACL:          noACLOfURL,
	AllowFrom:       byAdapter,
	Regions:         functionURLRegions,
	URLNeedsService: true,
})

// FunctionURLStreaming is Lambda with a function URL whose InvokeMode streams responses.
var FunctionURLStreaming = lambda(Platform{
	Name:            "Lambda with a function URL that streams",
	Go:              "lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}",
	Timeout:         maxLambdaTimeout,
	Streaming:       yes,                                                                    // AWS::Lambda::Url InvokeMode
	Streamed:        200 << 20,                                                              // Lambda developer guide, "Response streaming"
	VPC:             Ability{Why: "does not stream through the URL of a function in a VPC"}, // the same, "VPC compatibility"
	Domain:          noDomainOfURL,
	Private:         alwaysPublicURL,
	WebACL:          noACLOfURL,
	AllowFrom:       byAdapter,
	Regions:         functionURLRegions,
	URLNeedsService: true,
	column:          column{hidden: true}, // the function URL's tells of it
})

// LambdaNoEndpoint is Lambda without anything that takes HTTP requests. It is not in All, because
// it is no place for who needs something of responses.
var LambdaNoEndpoint = lambda(Platform{
	Name:       "Lambda without an endpoint",
	Go:         "lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}}",
	Timeout:    maxLambdaTimeout, // the function's own
	Streaming:  Ability{Why: "has no clients to respond to"},
	WebSockets: Ability{Why: "has no clients to connect"},
	NoClients:  true,
	Domain:     noClients,
	Private:    noClients,
	WebACL:     noClients,
	AllowFrom:  noClients,
	column:     column{hidden: true},
})

// LambdaLoadBalancer is Lambda behind an Application Load Balancer whose idle timeout is the
// default.
var LambdaLoadBalancer = lambda(Platform{
	Name:    "Lambda behind a load balancer",
	Go:      "lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{…}}",
	Timeout: IdleTimeout, // Elastic Load Balancing, "Troubleshoot your Application Load Balancers", HTTP 504
	// Elastic Load Balancing, "Use Lambda functions as targets": 1 MB of a request's body, and of a
	// response in JSON.
	RequestBody: 1 << 20,
	Payload:     1 << 20,
	ScaleToZero: Ability{Why: "needs a load balancer, which costs money by the hour"},
	Domain:      yes,
	Private:     Ability{Can: true, Note: "by an internal load balancer"},
	WebACL:      Ability{Can: true, Note: "yes, on the load balancer"},
	AllowFrom:   Ability{Can: true, Note: "by the load balancer"},
	column: column{
		timeout: "`IdleTimeout` up to 15 min",
		idle:    "the load balancer",
	},
})

// LambdaLoadBalancerLongIdle is Lambda behind a load balancer with a longer idle timeout, as long
// as a function can run.
var LambdaLoadBalancerLongIdle = with(
	"lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{…}} with a longer IdleTimeout",
	*LambdaLoadBalancer.Behind(MaxIdleTimeout),
)

// How the endpoints of Lambda let clients in.
var (
	byAdapter  = Ability{Can: true, Note: "by the adapter"}
	byPolicy   = Ability{Can: true, Note: "by a resource policy"}              // API Gateway developer guide, "API Gateway resource policies"
	byEndpoint = Ability{Can: true, Note: "by an interface endpoint of a VPC"} // the same, "Private REST APIs"

	// Lambda developer guide, "Function URLs".
	noDomainOfURL   = Ability{Note: "with `webfront`", Why: "Lambda chooses the host name"}
	alwaysPublicURL = Ability{Why: "a function URL is always on the internet"}
	noACLOfURL      = Ability{Note: "with `webfront`", Why: "a function URL takes none"}

	noClients = Ability{Why: "nobody can call it"}
)

// lambda adds what every endpoint shares.
func lambda(p Platform) Platform {
	p.Service = "Lambda"
	p.ID = "Lambda"
	p.Principal = "lambda.amazonaws.com"
	p.Payload = cmp.Or(p.Payload, lambdaPayload)
	p.HealthCheck = HealthCheck{StatusCodes: true}
	if p.VPC.Why == "" {
		p.VPC = Ability{Can: true, Note: "by network interfaces"} // AWS::Lambda::Function VpcConfig
	}
	p.MaxSubnets, p.MaxSecurityGroups = 16, 5 // Lambda API reference, VpcConfig
	p.Secrets = Ability{Can: true, Note: "the adapter gets them"}
	p.StickySessions = Ability{Why: "gives each request to whichever execution environment is free"}
	p.ARM64 = yes
	if p.ScaleToZero.Why == "" {
		p.ScaleToZero = yes
	}
	p.Variables = Variables{
		// Developer guide, "Defined runtime environment variables": the reserved ones.
		Reserved: []string{
			"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
			"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API",
			"AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
			"AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
		},
		Name:      regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`), // API reference, Environment
		NameWords: "at least two letters, digits and underscores, starting with a letter",
		MaxSize:   4096, // developer guide, "Lambda quotas"

		References: true, // for the adapter
	}
	p.Images = Images{OwnRegion: true, Adapter: true}
	p.Ports = Ports{
		Least: 1024, // the server runs without the privilege that lower ports need
		Taken: map[int]string{9001: "Lambda's Runtime API"},
	}
	p.column.concurrency = "1 for each environment, more with `ManagedInstances`; the account's quota, 1,000 unless new" // developer guide, "Lambda quotas"
	p.column.idle = cmp.Or(p.column.idle, "nothing")
	p.column.between = "frozen" // developer guide, "Lambda execution environment lifecycle"
	p.column.newAccounts = "yes"
	return p
}

// All are the platforms that errors give advice about, in the order of their packages. Of those that
// share an ID advice names the first that can, so those with options follow those without. A
// program may append its own. The documents' table has the columns of this module's.
var All = []*Platform{
	&AppRunner,
	&ECSExpress,
	&Fargate,
	&FargateSticky,
	&FargateLongIdle,
	&FargateStickyLongIdle,
	&HTTPAPI,
	&RESTAPI,
	&FunctionURL,
	&FunctionURLStreaming,
	&RESTAPIStreaming,
	&LambdaLoadBalancer,
	&LambdaLoadBalancerLongIdle,
}

// Body is how large the body of a request or a response may be whatever it holds, in bytes: 0 if
// there is no limit. A body that is not text is base64 in the payload, which leaves three quarters.
func (p *Platform) Body() int { return p.Payload / 4 * 3 }

// OnManagedInstances is a platform of Lambda with functions on Lambda Managed Instances, which
// never go away.
func (p *Platform) OnManagedInstances() *Platform {
	managed := *p
	managed.ScaleToZero = Ability{
		Why: "with ManagedInstances always has execution environments running",
	} // Lambda developer guide, "Scaling Lambda Managed Instances"
	return &managed
}

// Behind is the platform behind a load balancer of another idle timeout. Lambda ends a function
// after 15 minutes at the latest.
func (p *Platform) Behind(idleTimeout time.Duration) *Platform {
	if idleTimeout == p.Timeout {
		return p
	}
	behind := *p
	behind.Timeout = idleTimeout
	if p.Service == "Lambda" {
		behind.Timeout = min(idleTimeout, maxLambdaTimeout)
	}
	return &behind
}
