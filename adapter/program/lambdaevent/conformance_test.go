package lambdaevent

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// The sources of truth that the rows name.
const (
	docV2    = "AWS: HTTP API, payload format 2.0"       // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
	docV1    = "AWS: REST API, proxy integration"        // https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
	docURL   = "AWS: Lambda function URLs"               // https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
	docALB   = "AWS: Lambda functions as targets"        // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
	docWS    = "AWS: WebSocket API integration requests" // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
	docLWA   = "AWS Lambda Web Adapter, guide"           // https://aws.github.io/aws-lambda-web-adapter/
	rfcURI   = "RFC 3986, 2.1"
	rfcHTTP  = "RFC 9110"
	rfcWire  = "RFC 9112"
	rfcHTTP2 = "RFC 9113, 8.2.3"
)

// requestCases are events and the requests that the server sees for them,
// without the headers of the context and of the way here, which have cases of
// their own.
var requestCases = []struct {
	name, truth string
	env         map[string]string
	event       string
	want        string
}{
	{
		name: "HTTP API: method, path, query, headers and body", truth: docV2,
		event: `{"version":"2.0","routeKey":"$default","rawPath":"/my/path","rawQueryString":"parameter1=value1&parameter1=value2&parameter2=value",
			"cookies":["cookie1=a","cookie2=b"],"headers":{"header1":"value1","header2":"value1,value2","host":"id.execute-api.us-east-1.amazonaws.com"},
			"queryStringParameters":{"parameter1":"value1,value2","parameter2":"value"},
			"requestContext":{"http":{"method":"POST","path":"/my/path","protocol":"HTTP/1.1"},"stage":"$default"},
			"body":"eyJ0ZXN0IjoiYm9keSJ9","isBase64Encoded":true}`,
		want: `POST /my/path?parameter1=value1&parameter1=value2&parameter2=value HTTP/1.1
host: id.execute-api.us-east-1.amazonaws.com
header1: value1
header2: value1,value2
cookie: cookie1=a; cookie2=b
content-length: 15

{"test":"body"}`,
	},
	{
		name: "HTTP API: a named stage stays in the path", truth: docLWA,
		event: `{"version":"2.0","rawPath":"/dev/pets","headers":{"host":"h"},"requestContext":{"stage":"dev","http":{"method":"GET"}}}`,
		want:  "GET /dev/pets HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: no query, no question mark", truth: rfcURI,
		event: `{"version":"2.0","rawPath":"/","rawQueryString":"","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: the path comes decoded and is encoded, once", truth: rfcURI,
		event: `{"version":"2.0","rawPath":"/a b/ü/#x/what?/100%/%41/[1]/\"","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /a%20b/%C3%BC/%23x/what%3F/100%25/%41/[1]/%22 HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: the query is left as it came", truth: docV2,
		event: `{"version":"2.0","rawPath":"/","rawQueryString":"b=%2B+&a=%&a[]=1&c&d=%C3%BC&=","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /?b=%2B+&a=%&a[]=1&c&d=%C3%BC&= HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: a query cannot end the request line", truth: rfcWire,
		event: `{"version":"2.0","rawPath":"/","rawQueryString":"a b\r\nx: y#z","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /?a%20b%0D%0Ax:%20y%23z HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: no headers, no cookies, no body: nothing is invented", truth: rfcHTTP,
		event: `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: 127.0.0.1:8080\n\n",
	},
	{
		name: "HTTP API: dot segments are the server's to resolve", truth: rfcURI,
		event: `{"version":"2.0","rawPath":"/a/../b//c/.","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /a/../b//c/. HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "HTTP API: cookies come once, even if the header is there too", truth: rfcHTTP2,
		event: `{"version":"2.0","rawPath":"/","cookies":["a=1","b=2"],"headers":{"host":"h","cookie":"a=1"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\ncookie: a=1; b=2\n\n",
	},
	{
		name: "function URL: the cookie header counts if there is no list", truth: docURL,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","cookie":"a=1; b=2"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\ncookie: a=1; b=2\n\n",
	},
	{
		name: "function URL: an encoded path is not encoded again", truth: docURL,
		event: `{"version":"2.0","rawPath":"/a%20b%2Fc","headers":{"host":"abc.lambda-url.eu-west-1.on.aws"},"requestContext":{"domainName":"abc.lambda-url.eu-west-1.on.aws","http":{"method":"GET"}}}`,
		want:  "GET /a%20b%2Fc HTTP/1.1\nhost: abc.lambda-url.eu-west-1.on.aws\n\n",
	},
	{
		name: "an empty POST has a length, as its method expects a body", truth: rfcHTTP + ", 8.6",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h"},"requestContext":{"http":{"method":"POST"}}}`,
		want:  "POST / HTTP/1.1\nhost: h\ncontent-length: 0\n\n",
	},
	{
		name: "the client's own length and transfer coding give way", truth: rfcWire + ", 6",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","content-length":"99","transfer-encoding":"chunked"},"requestContext":{"http":{"method":"POST"}},"body":"hi"}`,
		want:  "POST / HTTP/1.1\nhost: h\ncontent-length: 2\n\nhi",
	},
	{
		name: "headers of the client's connection stay behind", truth: rfcHTTP + ", 7.6.1",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","connection":"close, X-Private","x-private":"1","keep-alive":"timeout=5","te":"trailers","upgrade":"h2c","proxy-connection":"close","expect":"100-continue","x-public":"2"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\nx-public: 2\n\n",
	},
	{
		name: "the client cannot set what the adapter owns", truth: docLWA,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","X-Amzn-Request-Context":"{}","x-amzn-lambda-context":"{}","X-AMZN-TRACE-ID":"spoofed","x-amz-tenant-id":"spoofed"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "a header's value cannot begin another header", truth: rfcHTTP + ", 5.5",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","a":"b\r\nc: d\u0000e"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\na: b  c: d e\n\n",
	},
	{
		name: "the body's escapes are decoded", truth: docV2,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h"},"requestContext":{"http":{"method":"POST"}},"body":"{\"a\":\"\\u00fc\"}\n\u20ac","isBase64Encoded":false}`,
		want:  "POST / HTTP/1.1\nhost: h\ncontent-length: 18\n\n{\"a\":\"\\u00fc\"}\n€",
	},
	{
		name: "the body may stand before what tells its source", truth: docV2,
		event: `{"body":"aGk=","isBase64Encoded":true,"headers":{"host":"h"},"rawPath":"/","requestContext":{"http":{"method":"PUT"}},"version":"2.0"}`,
		want:  "PUT / HTTP/1.1\nhost: h\ncontent-length: 2\n\nhi",
	},
	{
		name: "REST API: repeated headers and query values all come", truth: docV1,
		event: `{"resource":"/{proxy+}","path":"/hello","httpMethod":"GET","headers":{"Host":"h","Accept":"b","Only":"here"},"multiValueHeaders":{"Host":["h"],"Accept":["a","b"]},
			"queryStringParameters":{"q":"2"},"multiValueQueryStringParameters":{"q":["1","2"],"z":["ü &="]},"requestContext":{"stage":"prod","path":"/prod/hello"},"body":null,"isBase64Encoded":false}`,
		want: "GET /hello?q=1&q=2&z=%C3%BC%20%26%3D HTTP/1.1\nhost: h\nAccept: a\nAccept: b\nOnly: here\n\n",
	},
	{
		name: "REST API: a plus sign in a value is encoded, as the value came decoded", truth: docV1,
		event: `{"path":"/","httpMethod":"GET","headers":{"Host":"h"},"queryStringParameters":{"tel":"+49","p":"50%"},"requestContext":{"stage":"prod"}}`,
		want:  "GET /?tel=%2B49&p=50%25 HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "REST API: several cookie headers become one", truth: rfcHTTP2,
		event: `{"path":"/","httpMethod":"GET","multiValueHeaders":{"Host":["h"],"Cookie":["a=1","b=2"]},"requestContext":{"stage":"prod"}}`,
		want:  "GET / HTTP/1.1\nhost: h\ncookie: a=1; b=2\n\n",
	},
	{
		name: "HTTP API, payload 1.0", truth: docV2,
		event: `{"version":"1.0","resource":"$default","path":"/my/path","httpMethod":"DELETE","headers":{"Host":"h"},"multiValueHeaders":{"Host":["h"]},"queryStringParameters":null,"multiValueQueryStringParameters":null,"requestContext":{"apiId":"id","stage":"$default"},"body":null,"isBase64Encoded":false}`,
		want:  "DELETE /my/path HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "load balancer, single values: the query comes encoded and stays so", truth: docALB,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/a%20b","queryStringParameters":{"q":"%C3%BC+%26"},"headers":{"host":"lb","cookie":"a=1"},"body":"","isBase64Encoded":false}`,
		want:  "GET /a%20b?q=%C3%BC+%26 HTTP/1.1\nhost: lb\ncookie: a=1\n\n",
	},
	{
		name: "load balancer, multi-value headers", truth: docALB,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"POST","path":"/","multiValueQueryStringParameters":{"q":["1","%20"]},"multiValueHeaders":{"host":["lb"],"accept":["a","b"]},"body":"aGk=","isBase64Encoded":true}`,
		want:  "POST /?q=1&q=%20 HTTP/1.1\nhost: lb\naccept: a\naccept: b\ncontent-length: 2\n\nhi",
	},
	{
		name: "WebSocket events are passed through", truth: docWS,
		event: `{"requestContext":{"routeKey":"$default","eventType":"MESSAGE","connectionId":"abc="},"body":"hi","isBase64Encoded":false}`,
		want: "POST /events HTTP/1.1\nhost: 127.0.0.1:8080\ncontent-type: application/json\ncontent-length: 122\n\n" +
			`{"requestContext":{"routeKey":"$default","eventType":"MESSAGE","connectionId":"abc="},"body":"hi","isBase64Encoded":false}`,
	},
	{
		name: "other events are passed through as they came", truth: docLWA,
		event: `{"Records": [{"messageId":"1","body":"\u00fc"}]}`,
		want:  "POST /events HTTP/1.1\nhost: 127.0.0.1:8080\ncontent-type: application/json\ncontent-length: 48\n\n" + `{"Records": [{"messageId":"1","body":"\u00fc"}]}`,
	},
	{
		name: "an event may be any JSON", truth: docLWA, env: map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "hook"},
		event: `"text"`,
		want:  "POST /hook HTTP/1.1\nhost: 127.0.0.1:8080\ncontent-type: application/json\ncontent-length: 6\n\n\"text\"",
	},
	{
		name: "base path: whole segments, once", truth: docLWA, env: map[string]string{"AWS_LWA_REMOVE_BASE_PATH": "/api/"},
		event: `{"version":"2.0","rawPath":"/api/api/order","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /api/order HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "base path: a longer segment is another one", truth: docLWA, env: map[string]string{"AWS_LWA_REMOVE_BASE_PATH": "/api"},
		event: `{"version":"2.0","rawPath":"/apiorder","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET /apiorder HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "base path: nothing left is the root", truth: docLWA, env: map[string]string{"AWS_LWA_REMOVE_BASE_PATH": "/api"},
		event: `{"version":"2.0","rawPath":"/api","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\n\n",
	},
	{
		name: "authorization source: the named header moves", truth: docLWA, env: map[string]string{"AWS_LWA_AUTHORIZATION_SOURCE": "X-Auth"},
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","authorization":"AWS4","x-auth":"Bearer t"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\nauthorization: Bearer t\n\n",
	},
	{
		name: "authorization source: without it, authorization stays", truth: docLWA, env: map[string]string{"AWS_LWA_AUTHORIZATION_SOURCE": "x-auth"},
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","authorization":"Basic x"},"requestContext":{"http":{"method":"GET"}}}`,
		want:  "GET / HTTP/1.1\nhost: h\nauthorization: Basic x\n\n",
	},
}

func TestRequests(t *testing.T) {
	for _, test := range requestCases {
		t.Run(test.name, func(t *testing.T) {
			got := requestText(t, test.env, test.event, &runtimeapi.Invocation{RequestID: []byte("id")})
			for _, name := range []string{requestContextHeader, lambdaContextHeader, forwardedFor, forwardedProto, forwardedHost, forwardedPort} {
				got = withoutLine(got, name)
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant, after %s,\n%s", got, test.truth, test.want)
			}
		})
	}
}

// requestText is the request for an event, with plain line ends.
func requestText(t *testing.T, env map[string]string, event string, inv *runtimeapi.Invocation) string {
	t.Helper()
	config, err := settings.Read(func(name string) string {
		if name == "AWS_LAMBDA_RUNTIME_API" {
			return "127.0.0.1:9001"
		}
		return env[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Parse([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	w := RequestWriter{Config: config}
	r, err := w.Write(e, inv)
	if err != nil {
		t.Fatal(err)
	}
	peer := &sink{}
	if err := r.Body.SendTo(&http1.Conn{Conn: peer}, r.Head); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(peer.written.String(), "\r\n\r\n")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + body
}

// withoutLine removes a header.
func withoutLine(request, name string) string {
	var kept []string
	for line := range strings.SplitAfterSeq(request, "\n") {
		if !strings.HasPrefix(line, name+": ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestMalformedEventsAreInvocationErrors(t *testing.T) {
	for _, test := range []struct{ name, event string }{
		{"no JSON", `{"version":`},
		{"two values", `{} {}`},
		{"empty", ``},
		{"a method with a space", `{"requestContext":{"http":{"method":"GET /"}},"rawPath":"/"}`},
		{"a header's name with a colon", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","headers":{"a: b":"c"}}`},
		{"headers that are a list", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","headers":[1]}`},
		{"a header that is a number", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","headers":{"a":1}}`},
		{"a path that is a number", `{"requestContext":{"http":{"method":"GET"}},"rawPath":1}`},
		{"a body that is an object", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","body":{}}`},
		{"a body that is not base64", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","body":"%","isBase64Encoded":true}`},
		{"a body with a bad escape", `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","body":"\x"}`},
		{"the context of two sources", `{"requestContext":{"http":{"method":"GET"}},"body":"\n","requestContext":{"connectionId":"x","http":null},"httpMethod":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Parse([]byte(test.event))
			if err == nil {
				w := RequestWriter{Config: testConfig(t)}
				_, err = w.Write(e, &runtimeapi.Invocation{})
			}
			if err == nil || !strings.HasPrefix(err.Error(), "malformed event") {
				t.Errorf("got %v, want an error", err)
			}
		})
	}
}

func TestContextHeaders(t *testing.T) {
	inv := &runtimeapi.Invocation{
		RequestID: []byte("8476a536"), FunctionARN: []byte("arn:aws:lambda:eu-west-1:123456789012:function:site"),
		TraceID: []byte("Root=1-5759e988;Sampled=1"), TenantID: []byte("blue"), DeadlineMS: 1795255200000,
		ClientContext: []byte(`{"client": {"app_title":"Zoë"}}`), Cognito: []byte("not JSON"),
	}
	env := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "site", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/site", "AWS_LAMBDA_LOG_STREAM_NAME": "s",
	}
	event := `{"version":"2.0","rawPath":"/","headers":{"host":"h"},"requestContext":{ "http":{"method":"GET","userAgent":"Zoë\n\u0001"} }}`
	want := `GET / HTTP/1.1
host: h
x-forwarded-proto: https
x-forwarded-host: h
x-forwarded-port: 443
x-amzn-request-context: {"http":{"method":"GET","userAgent":"Zo\u00eb\n\u0001"}}
x-amzn-lambda-context: {"request_id":"8476a536","deadline":1795255200000,"invoked_function_arn":"arn:aws:lambda:eu-west-1:123456789012:function:site","xray_trace_id":"Root=1-5759e988;Sampled=1","client_context":{"client":{"app_title":"Zo\u00eb"}},"identity":null,"env_config":{"function_name":"site","memory":128,"version":"$LATEST","log_stream":"s","log_group":"/aws/lambda/site"},"tenant_id":"blue"}
x-amzn-trace-id: Root=1-5759e988;Sampled=1
x-amz-tenant-id: blue

`
	if got := requestText(t, env, event, inv); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// responseCases are a server's responses and the JSON that Lambda gets for
// them, if the request came from the source.
var responseCases = []struct {
	name, truth string
	source      string // an event of it
	method      string // of the request, if it is not GET
	wire        string // \n stands for CRLF in the head
	want        string
}{
	{
		name: "HTTP API: text", truth: docV2, source: v2Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 13\n\n<p>\"é\"\n</p>\x00",
		want: `{"statusCode":200,"headers":{"content-type":"text/html","content-length":"13"},"cookies":[],"body":"<p>\"é\"\n</p>\u0000","isBase64Encoded":false}`,
	},
	{
		name: "HTTP API: binary", truth: docV2, source: v2Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: image/png\n\n\x89PNG",
		want: `{"statusCode":200,"headers":{"content-type":"image/png"},"cookies":[],"body":"iVBORw==","isBase64Encoded":true}`,
	},
	{
		name: "HTTP API: cookies apart, other repeated headers joined", truth: docV2, source: v2Event,
		wire: "HTTP/1.1 302 Found\nSet-Cookie: a=1; Path=/\nLink: </a>\nset-cookie: b=2\nLocation: /next\nLink: </b>\n\n",
		want: `{"statusCode":302,"headers":{"link":"</a>, </b>","location":"/next"},"cookies":["a=1; Path=/","b=2"],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "REST API: all values in lists, no cookies member", truth: docV1, source: v1Event,
		wire: "HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: b=2\nContent-Type: application/json\nContent-Length: 2\n\n{}",
		want: `{"statusCode":200,"multiValueHeaders":{"set-cookie":["a=1","b=2"],"content-type":["application/json"],"content-length":["2"]},"body":"{}","isBase64Encoded":false}`,
	},
	{
		name: "load balancer: single values and a description", truth: docALB, source: albEvent,
		wire: "HTTP/1.1 404 Nope\nContent-Type: text/plain\nVary: a\nVary: b\nContent-Length: 2\n\nno",
		want: `{"statusCode":404,"statusDescription":"404 Not Found","headers":{"content-type":"text/plain","vary":"a, b","content-length":"2"},"body":"no","isBase64Encoded":false}`,
	},
	{
		name: "load balancer: single values carry one cookie", truth: docALB, source: albEvent,
		wire: "HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: b=2\nContent-Length: 0\n\n",
		want: `{"statusCode":200,"statusDescription":"200 OK","headers":{"set-cookie":"a=1","content-length":"0"},"body":"","isBase64Encoded":false}`,
	},
	{
		name: "load balancer: multi-value headers if the event has them", truth: docALB, source: albMultiEvent,
		wire: "HTTP/1.1 200 OK\nSet-Cookie: a=1\nSet-Cookie: b=2\nContent-Length: 0\n\n",
		want: `{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{"set-cookie":["a=1","b=2"],"content-length":["0"]},"body":"","isBase64Encoded":false}`,
	},
	{
		name: "load balancer: a status without a name still has a description", truth: docALB, source: albEvent,
		wire: "HTTP/1.1 299\nContent-Length: 0\n\n",
		want: `{"statusCode":299,"statusDescription":"299 Unknown","headers":{"content-length":"0"},"body":"","isBase64Encoded":false}`,
	},
	{
		name: "headers of the server's connection stay behind", truth: rfcHTTP + ", 7.6.1", source: v2Event,
		wire: "HTTP/1.1 200 OK\nConnection: keep-alive, X-Hop\nKeep-Alive: timeout=5\nTransfer-Encoding: chunked\nTrailer: X\nX-Hop: 1\nX-End: 2\n\n2\r\nhi\r\n0\r\nX: y\r\n\r\n",
		want: `{"statusCode":200,"headers":{"x-end":"2"},"cookies":[],"body":"hi","isBase64Encoded":false}`,
	},
	{
		name: "HEAD: the length is the body's that GET would have", truth: rfcHTTP + ", 9.3.2", source: v2Event, method: "HEAD",
		wire: "HTTP/1.1 200 OK\nContent-Length: 1000\n\n",
		want: `{"statusCode":200,"headers":{"content-length":"1000"},"cookies":[],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "HEAD of what has a content coding: no body is no base64", truth: rfcHTTP + ", 9.3.2", source: v2Event, method: "HEAD",
		wire: "HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n",
		want: `{"statusCode":200,"headers":{"content-encoding":"gzip"},"cookies":[],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "204 has no body", truth: rfcHTTP + ", 15.3.5", source: v2Event,
		wire: "HTTP/1.1 204 No Content\nX: y\n\n",
		want: `{"statusCode":204,"headers":{"x":"y"},"cookies":[],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "304 has no body, whatever length it names", truth: rfcHTTP + ", 15.4.5", source: v2Event,
		wire: "HTTP/1.1 304 Not Modified\nETag: \"x\"\nContent-Length: 5\n\n",
		want: `{"statusCode":304,"headers":{"etag":"\"x\"","content-length":"5"},"cookies":[],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "interim responses are not the response", truth: rfcHTTP + ", 15.2", source: v2Event,
		wire: "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
		want: `{"statusCode":200,"headers":{"content-length":"2"},"cookies":[],"body":"hi","isBase64Encoded":false}`,
	},
	{
		name: "HTTP/1.0 ends with the connection", truth: rfcWire + ", 6.3", source: v2Event,
		wire: "HTTP/1.0 200 OK\nContent-Type: text/plain\n\nto the end",
		want: `{"statusCode":200,"headers":{"content-type":"text/plain"},"cookies":[],"body":"to the end","isBase64Encoded":false}`,
	},
	{
		name: "a content coding is binary, whatever the type", truth: docV2, source: v2Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Encoding: br\n\nabc",
		want: `{"statusCode":200,"headers":{"content-type":"text/html","content-encoding":"br"},"cookies":[],"body":"YWJj","isBase64Encoded":true}`,
	},
	{
		name: "JSON types are text", truth: "RFC 6839, 3.1", source: v1Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: application/jwk-set+json\n\n{}",
		want: `{"statusCode":200,"multiValueHeaders":{"content-type":["application/jwk-set+json"]},"body":"{}","isBase64Encoded":false}`,
	},
	{
		name: "SVG is text", truth: "RFC 7303, 4.2", source: v1Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: image/svg+xml\n\n<svg/>",
		want: `{"statusCode":200,"multiValueHeaders":{"content-type":["image/svg+xml"]},"body":"<svg/>","isBase64Encoded":false}`,
	},
	{
		name: "an unknown type is text if its bytes are", truth: docV1, source: v1Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: application/x-ndjson\n\n{}\n",
		want: `{"statusCode":200,"multiValueHeaders":{"content-type":["application/x-ndjson"]},"body":"{}\n","isBase64Encoded":false}`,
	},
	{
		name: "Latin-1 is not relabelled: its bytes go as they are", truth: docV2, source: v2Event,
		wire: "HTTP/1.1 200 OK\nContent-Type: text/plain; charset=iso-8859-1\n\ncaf\xe9",
		want: `{"statusCode":200,"headers":{"content-type":"text/plain; charset=iso-8859-1"},"cookies":[],"body":"Y2Fm6Q==","isBase64Encoded":true}`,
	},
	{
		name: "a header may hold Latin-1", truth: rfcHTTP + ", 5.5", source: v2Event,
		wire: "HTTP/1.1 200 OK\nX-Name: caf\xe9\nContent-Length: 0\n\n",
		want: `{"statusCode":200,"headers":{"x-name":"café","content-length":"0"},"cookies":[],"body":"","isBase64Encoded":false}`,
	},
	{
		name: "other events: JSON goes back as it is", truth: docLWA, source: `{"Records":[]}`,
		wire: "HTTP/1.1 500 Whatever\nContent-Length: 26\n\n{\"batchItemFailures\": []}\n",
		want: "{\"batchItemFailures\": []}\n",
	},
	{
		name: "other events: what is not JSON becomes null", truth: docLWA, source: `{"Records":[]}`,
		wire: "HTTP/1.1 200 OK\nContent-Length: 2\n\nOK",
		want: "null",
	},
	{
		name: "other events: no response is null", truth: docLWA, source: `{"Records":[]}`,
		wire: "HTTP/1.1 204 No Content\n\n",
		want: "null",
	},
}

const (
	v2Event       = `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`
	v1Event       = `{"path":"/","httpMethod":"GET","requestContext":{"stage":"prod"}}`
	albEvent      = `{"path":"/","httpMethod":"GET","headers":{},"requestContext":{"elb":{"targetGroupArn":"arn"}}}`
	albMultiEvent = `{"path":"/","httpMethod":"GET","multiValueHeaders":{},"requestContext":{"elb":{"targetGroupArn":"arn"}}}`
)

func TestResponses(t *testing.T) {
	for _, test := range responseCases {
		t.Run(test.name, func(t *testing.T) {
			e, err := Parse([]byte(test.source))
			if err != nil {
				t.Fatal(err)
			}
			r, body := readWire(t, test.method, test.wire)
			var a Response
			a.Write(e, r, body)
			peer := &sink{}
			if err := a.SendTo(&http1.Conn{Conn: peer}, nil); err != nil {
				t.Fatal(err)
			}
			if got := peer.written.String(); got != test.want {
				t.Errorf("got\n%s\nwant, after %s,\n%s", got, test.truth, test.want)
			}
			if !json.Valid(peer.written.Bytes()) {
				t.Error("the response is not JSON")
			}
		})
	}
}

// readWire reads a response whose head has plain line ends.
func readWire(t *testing.T, method, wire string) (*http1.Response, []byte) {
	t.Helper()
	var all strings.Builder
	for head := true; head; {
		var part string
		part, wire, _ = strings.Cut(wire, "\n\n")
		all.WriteString(strings.ReplaceAll(part, "\n", "\r\n") + "\r\n\r\n")
		head = strings.HasPrefix(wire, "HTTP/1.") // it was an interim response
	}
	all.WriteString(wire)
	if method == "" {
		method = "GET"
	}
	r := &http1.Response{}
	if err := r.ReadHead(http1.NewConn(&sink{answer: strings.NewReader(all.String())}), []byte(method)); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, body
}

// Compression is the client's choice (RFC 9110, 12.5.3) and the server's
// response decides whether there is one.
func TestCompressible(t *testing.T) {
	long := strings.Repeat("text ", 20)
	for _, test := range []struct {
		name, accept, head, body string
		may, takes               bool
	}{
		{"gzip accepted", "gzip", "Content-Type: text/html", long, true, true},
		{"among others, with weights", "br;q=1.0, gzip;q=0.8, *;q=0.1", "Content-Type: application/json", long, true, true},
		{"by the asterisk", "*", "Content-Type: text/html", long, true, true},
		{"refused by weight", "gzip;q=0, *", "Content-Type: text/html", long, true, false},
		{"not accepted", "br", "Content-Type: text/html", long, true, false},
		{"no header", "", "Content-Type: text/html", long, true, false},
		{"encoded already", "gzip", "Content-Type: text/html\nContent-Encoding: br", long, false, false},
		{"an image", "gzip", "Content-Type: image/png", long, false, false},
		{"an image that is text", "gzip", "Content-Type: image/svg+xml", long, true, true},
		{"no-transform", "gzip", "Content-Type: text/html\nCache-Control: public, no-transform", long, false, false},
		{"short", "gzip", "Content-Type: text/html", "short", false, false},
		{"no type", "gzip", "X: y", long, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			wire := "HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(test.head, "\n", "\r\n") + "\r\nContent-Length: " +
				itoa(len(test.body)) + "\r\n\r\n" + test.body
			r := &http1.Response{}
			if err := r.ReadHead(http1.NewConn(&sink{answer: strings.NewReader(wire)}), []byte("GET")); err != nil {
				t.Fatal(err)
			}
			q := &Request{fields: []http1.Field{{Name: []byte("Accept-Encoding"), Value: []byte(test.accept)}}}
			may, takes := Compressible(q, r)
			if may != test.may || takes != test.takes {
				t.Errorf("got %v, %v, want %v, %v", may, takes, test.may, test.takes)
			}
		})
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestOwnedHeadersInEverySpelling(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"x-amzn-lambda-context", "X_Amzn_Lambda_Context", "x_amz_tenant_id", "x-amzn_request-context"} {
		var n normalized
		if !dropped(n.of([]byte(name))) {
			t.Errorf("a client can set %s", name)
		}
	}
	var n normalized
	if dropped(n.of([]byte("x_request_id"))) {
		t.Error("a header of the client's own is dropped")
	}
}

// A Lambda authorizer's event looks like a request, and asks for a policy.
func TestAuthorizerEventsArePassedThrough(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"type":"REQUEST","methodArn":"arn:aws:execute-api:eu-west-1:1:a/prod/GET/","path":"/","httpMethod":"GET","headers":{},"requestContext":{}}`,
		`{"version":"2.0","type":"REQUEST","routeArn":"arn:aws:execute-api:eu-west-1:1:a/prod/GET/","rawPath":"/","headers":{},"requestContext":{"http":{"method":"GET"}}}`,
	} {
		e, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if e.Source != PassThrough {
			t.Errorf("%s is taken for a request", text)
		}
	}
}

// Headers are compared with each other, so that their number is bounded.
func TestTooManyHeadersAreRefused(t *testing.T) {
	event := func(n int) string {
		return `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}},"headers":{"a":"b"` +
			strings.Repeat(`,"a":"b"`, n-1) + `}}`
	}
	for n, want := range map[int]string{1000: "<nil>", 1001: "malformed event: it has more than 1000 headers"} {
		e, err := Parse([]byte(event(n)))
		if err != nil {
			t.Fatal(err)
		}
		w := RequestWriter{Config: testConfig(t)}
		if _, err = w.Write(e, &runtimeapi.Invocation{}); fmt.Sprint(err) != want {
			t.Errorf("%d headers: got %v, want %s", n, err, want)
		}
	}
}
