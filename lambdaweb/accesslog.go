package lambdaweb

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// DefaultAccessLogFormat is a line of JSON for each request, of variables that HTTP APIs and REST
// APIs both have.
const DefaultAccessLogFormat = `{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId",` +
	`"requestTime":"$context.requestTime","ip":"$context.identity.sourceIp",` +
	`"host":"$context.domainName","method":"$context.httpMethod","path":"$context.path",` +
	`"protocol":"$context.protocol","status":"$context.status",` +
	`"responseLength":"$context.responseLength","latency":"$context.responseLatency",` +
	`"integrationRequestId":"$context.integration.requestId",` +
	`"integrationStatus":"$context.integrationStatus",` +
	`"integrationLatency":"$context.integrationLatency",` +
	`"integrationError":"$context.integrationErrorMessage","authorizerError":"$context.authorizer.error",` +
	`"error":"$context.error.message","userAgent":"$context.identity.userAgent"}`

// accessLogs are the options of an API's access logs.
type accessLogs struct {
	group  awslogs.ILogGroup
	format string
}

func (l accessLogs) line() string { return cmp.Or(l.format, DefaultAccessLogFormat) }

// hasRequestID is API Gateway's rule for a format (AWS::ApiGatewayV2::Stage AccessLogSettings).
var hasRequestID = regexp.MustCompile(`\$context\.(requestId|extendedRequestId)\b`)

func (l accessLogs) check(c *web.Check) {
	const field = "Hosting.Endpoint.AccessLogFormat"
	switch {
	case l.format == "":
	case l.group == nil:
		c.Problem(web.Problem{
			Field: field, Message: "needs AccessLogDestination", Fix: "set it to a log group",
		})
	case strings.ContainsAny(l.format, "\r\n"):
		c.Problem(web.Problem{
			Field: field, Message: "must be one line", Fix: "leave the line breaks out",
		})
	case !token.In(l.format) && !hasRequestID.MatchString(l.format):
		c.Problem(web.Problem{
			Field:   field,
			Message: "must hold $context.requestId or $context.extendedRequestId",
			Got:     l.format,
			Fix:     "leave it out for lambdaweb.DefaultAccessLogFormat",
		})
	}
}
