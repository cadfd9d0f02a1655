// Package limits is what AWS's documents promise of each hosting: one table, which hostings check web.Needs with, and which the table
// in the documents is written from.
package limits

import "time"

// Hosting is what one place can do.
type Hosting struct {
	// Name in a sentence, and Go what to write in a program.
	Name, Go string

	// Default is the same package's hosting with no options, where this is one with options.
	Default *Hosting

	// Timeout is when a request is given up. With Quiet it counts only while nothing is sent, so that it does not bind an answer that
	// streams.
	Timeout time.Duration
	Quiet   bool

	// Payload is the size of the JSON that a request or an answer travels in, in bytes; 0 where no document names a limit. Streamed is
	// that of an answer that streams, which travels as it is.
	Payload, Streamed int

	Streaming, WebSockets, ARM64, ScaleToZero Ability

	// What only the table tells.
	Concurrency, Idle, Between, WebACL, NewCustomers string
	TimeoutNote                                      string
}

// Ability says whether a hosting can do something, and in a word what is special about it.
type Ability struct {
	Can  bool
	Note string
}

var (
	yes = Ability{Can: true}
	no  = Ability{}
)

// lambdaPayload is that of a synchronous invocation, request and response each. Lambda developer guide, "Lambda quotas".
const lambdaPayload = 6 << 20

// AppRunner is App Runner.
var AppRunner = Hosting{
	Name: "App Runner",
	Go:   "apprunnerweb.Hosting{}",

	Timeout:     120 * time.Second, // developer guide, "Developing application code for App Runner": the whole request
	Streaming:   Ability{Note: "AWS does not say"},
	WebSockets:  no, // the same page: HTTP/1.0 and 1.1; apprunner-roadmap#13
	ARM64:       no, // apprunner-roadmap#98
	ScaleToZero: no, // apprunner-roadmap#9; MinSize is at least 1

	Concurrency:  "100 for each instance, up to 200; 1 to 25 instances", // AutoScalingConfiguration
	Idle:         "the memory of `MinSize` instances",                   // pricing page: provisioned instances
	Between:      "CPU is throttled",                                    // pricing page: vCPU is charged while active only
	WebACL:       "yes",                                                 // AWS::WAFv2::WebACLAssociation
	NewCustomers: "no: closed in spring 2026",                           // developer guide, "App Runner availability change"
}

// ECSExpress is ECS Express Mode.
var ECSExpress = Hosting{
	Name: "ECS Express Mode",
	Go:   "ecsweb.Hosting{}",

	Timeout:     60 * time.Second, // Elastic Load Balancing, "Application Load Balancers": the default idle timeout
	Quiet:       true,
	TimeoutNote: "without a byte",
	Streaming:   yes,
	WebSockets:  yes,                                              // the same guide, "Listeners for your Application Load Balancers"
	ARM64:       Ability{Can: true, Note: "yes, see docs/ecs.md"}, // ECS API, RuntimePlatformOverride
	ScaleToZero: no,                                               // MinTaskCount: no document has a minimum of 0

	Concurrency:  "as many as the server takes; 1 to 20 tasks unless set", // developer guide, "Resources created by Amazon ECS Express Mode services"
	Idle:         "the load balancer and `MinTaskCount` tasks",
	Between:      "CPU is there",
	WebACL:       "yes, on the load balancer", // AWS::WAFv2::WebACLAssociation
	NewCustomers: "yes",
}

// HTTPAPI is Lambda behind an HTTP API of API Gateway.
var HTTPAPI = lambda(Hosting{
	Name:    "Lambda behind an HTTP API",
	Go:      "lambdaweb.Hosting{}",
	Timeout: 30 * time.Second, // API Gateway developer guide, "Quotas for configuring and running an HTTP API": not adjustable
	WebACL:  "no",             // AWS::WAFv2::WebACLAssociation does not list it
})

// RESTAPI is Lambda behind a REST API of API Gateway.
var RESTAPI = lambda(Hosting{
	Name:        "Lambda behind a REST API",
	Go:          "lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}",
	Default:     &HTTPAPI,
	Timeout:     29 * time.Second, // API Gateway developer guide, "Quotas for configuring and running a REST API": adjustable for regional APIs
	TimeoutNote: "more on request",
	Streaming:   Ability{Note: "not with cdkweb yet"}, // AWS can since November 2025; lambdaweb has no option for it
	WebACL:      "yes",                                // AWS::WAFv2::WebACLAssociation
})

// FunctionURL is Lambda with a URL of its own.
var FunctionURL = lambda(Hosting{
	Name:      "Lambda with a function URL",
	Go:        "lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}",
	Default:   &HTTPAPI,
	Timeout:   900 * time.Second,                                  // AWS::Lambda::Function Timeout: the function's own
	Streaming: Ability{Can: true, Note: "yes, with `InvokeMode`"}, // AWS::Lambda::Url InvokeMode
	Streamed:  200 << 20,                                          // Lambda developer guide, "Response streaming"
	WebACL:    "no",
})

// lambda adds what is alike for every endpoint.
func lambda(h Hosting) Hosting {
	h.Payload = lambdaPayload
	h.ARM64, h.ScaleToZero = yes, yes
	h.Concurrency = "1 for each environment; 1,000 for an account" // developer guide, "Lambda quotas"
	h.Idle = "nothing"
	h.Between = "frozen" // developer guide, "Lambda execution environment lifecycle"
	h.NewCustomers = "yes"
	return h
}

// All are the hostings, in the order of their packages.
var All = []*Hosting{&AppRunner, &ECSExpress, &HTTPAPI, &RESTAPI, &FunctionURL}

// body is how large a body may be whatever it holds, in bytes: one that is not text is base64 in the payload, which leaves three quarters.
func (h *Hosting) body() int { return h.Payload / 4 * 3 }
