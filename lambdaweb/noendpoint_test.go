package lambdaweb_test

import (
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webtest"
)

// eventsOnly is a function without an endpoint.
var eventsOnly = lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}}

// There is nothing by which a client could reach the function, and what the server refuses is a
// failure of the function.
func TestNoEndpoint(t *testing.T) {
	stack := newStack(t)
	w := workload()
	w.HealthCheck.Path = "/healthz"
	service, resources := lambdaweb.NewService(stack, "Mailer", w, eventsOnly)
	if endpoint := resources.Endpoint(); endpoint != nil {
		t.Errorf("got the endpoint %v, want none", endpoint)
	}
	template := templatetest.Of(t, stack)
	template.WantTypes(map[string]int{kind: 1, "AWS::IAM::Role": 1, "AWS::IAM::Policy": 1, "AWS::Logs::LogGroup": 1})
	template.Want(kind, "Environment.Variables", `{"AWS_LWA_ERROR_STATUS_CODES":"400-599","AWS_LWA_HOST":"127.0.0.1",`+
		`"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS":"200-399","AWS_LWA_READINESS_CHECK_PATH":"/healthz","PORT":"8080"}`)
	hostingtest.WantPanic(t, "Stack/Mailer", "URL is not there: lambdaweb.NoEndpoint{} takes events only; set another Endpoint, such as lambdaweb.HTTPAPI{}",
		func() { service.URL() })
}

// The server uses what it likes; nobody uses the server.
func TestNoEndpointAndOthers(t *testing.T) {
	stack := newStack(t)
	mailer, _ := lambdaweb.NewService(stack, "Mailer", workload(), eventsOnly)
	site, _ := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{})
	mailer.UseService("SITE_URL", site)
	mailer.AddEnvironment("HOME_URL", site.URL())
	before := templatetest.JSON(t, templatetest.Of(t, stack))
	hostingtest.WantPanic(t, "Stack/Site", `UseService("MAILER_URL") must not be Stack/Mailer, whose URL is not there: lambdaweb.NoEndpoint{} takes events only; `+
		"set another Endpoint, such as lambdaweb.HTTPAPI{}", func() { site.UseService("MAILER_URL", mailer) })
	if after := templatetest.JSON(t, templatetest.Of(t, stack)); after != before {
		t.Errorf("a call that failed changed the template:\n%s\nwant\n%s", after, before)
	}
}

// The workload decides what a failure is, as far as the adapter knows it.
func TestNoEndpointStatuses(t *testing.T) {
	stack, w := newStack(t), workload()
	w.Environment = map[string]string{"AWS_LWA_ERROR_STATUS_CODES": "500-599"}
	lambdaweb.NewService(stack, "Mailer", w, eventsOnly)
	templatetest.Of(t, stack).Want(kind, "Environment.Variables.AWS_LWA_ERROR_STATUS_CODES", `"500-599"`)
}

func TestNoEndpointNeeds(t *testing.T) {
	w := workload()
	w.Needs = web.Needs{RequestTimeout: 15 * time.Minute, ScaleToZero: true, ARM64: true}
	long := eventsOnly
	long.Timeout = 15 * time.Minute
	hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: long})
	w.Needs = web.Needs{Streaming: true, WebSockets: true}
	hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: eventsOnly},
		"Workload.Needs.Streaming is set, but Lambda without an endpoint has no clients to respond to; choose ecsweb.Hosting{} or fargateweb.Hosting{}",
		"Workload.Needs.WebSockets is set, but Lambda without an endpoint has no clients to connect; choose ecsweb.Hosting{} or fargateweb.Hosting{}")
	w = workload()
	w.Environment = map[string]string{"AWS_LWA_INVOKE_MODE": "response_stream"}
	hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: eventsOnly},
		`Workload.Environment["AWS_LWA_INVOKE_MODE"] must agree with the endpoint, which says buffered; `+
			"leave it out, and set InvokeMode of a FunctionURL or ResponseTransferMode of a RESTAPI")
}

// A server that works on the messages of a queue.
func TestGoldenNoEndpoint(t *testing.T) {
	stack := newStack(t)
	queue := awssqs.NewQueue(stack, new("Queue"), &awssqs.QueueProps{Encryption: awssqs.QueueEncryption_SQS_MANAGED})
	_, resources := lambdaweb.NewService(stack, "Mailer", workload(), eventsOnly)
	resources.Function.AddEventSource(awslambdaeventsources.NewSqsEventSource(queue, nil))
	template := templatetest.Of(t, stack)
	template.Want("AWS::Lambda::EventSourceMapping", "FunctionName", `{"Ref":"`+template.IDs(kind)[0]+`"}`)
	webtest.Snapshot(t, stack)
}
