package lambdaevent

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

const (
	docContext = "AWS: $context variables"  // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
	docXFF     = "AWS: X-Forwarded headers" // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html

	docTrueIP = "AWS: a true client IP header in CloudFront" // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/example-function-add-true-client-ip-header.html
	docFirst  = "measured by others"                         // https://speedrun.nobackspacecrew.com/blog/2026/03/06/obtaining-caller-ip-address-with-lambda-furls.html

	// A front's header, as one value and as a list.
	verified     = `"x-origin-verify":"` + newSecret + `"`
	verifiedList = `"X-Origin-Verify":["` + newSecret + `"]`

	forged = `"x-forwarded-for":"6.6.6.6","x-forwarded-proto":"http","x-forwarded-host":"evil.example","x-forwarded-port":"666"`
)

// forwardedCases are events and what the server sees of who the client is and
// how it came.
var forwardedCases = []struct {
	name, truth string
	setting     string // CDKWEB_FORWARDED_HEADERS
	front       bool   // the requests have to come through a front
	event       string
	want        string
}{
	{
		name: "HTTP API", truth: docV2,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"shop.example.com",` + forged + `},
			"requestContext":{"domainName":"shop.example.com","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: shop.example.com\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: shop.example.com\nx-forwarded-port: 443\n",
	},
	{
		name: "function URL, where the first entry is the client's own", truth: docURL,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"abc.lambda-url.eu-west-1.on.aws","x-forwarded-for":"6.6.6.6"},
			"requestContext":{"domainName":"abc.lambda-url.eu-west-1.on.aws","http":{"method":"GET","sourceIp":"2001:db8::1"}}}`,
		want: "host: abc.lambda-url.eu-west-1.on.aws\nx-forwarded-for: 2001:db8::1\nx-forwarded-proto: https\n" +
			"x-forwarded-host: abc.lambda-url.eu-west-1.on.aws\nx-forwarded-port: 443\n",
	},
	{
		name: "REST API, behind CloudFront for an edge-optimized one", truth: docContext,
		event: `{"resource":"/{proxy+}","path":"/","httpMethod":"GET","headers":{"Host":"abc.execute-api.eu-west-1.amazonaws.com","X-Forwarded-For":"192.0.2.1, 198.51.100.7","X-Forwarded-Port":"443","X-Forwarded-Proto":"https"},
			"multiValueHeaders":{"Host":["abc.execute-api.eu-west-1.amazonaws.com"],"X-Forwarded-For":["192.0.2.1, 198.51.100.7"],"X-Forwarded-Port":["443"],"X-Forwarded-Proto":["https"]},
			"requestContext":{"stage":"prod","domainName":"abc.execute-api.eu-west-1.amazonaws.com","identity":{"sourceIp":"192.0.2.1","userAgent":"x"}}}`,
		want: "host: abc.execute-api.eu-west-1.amazonaws.com\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\n" +
			"x-forwarded-host: abc.execute-api.eu-west-1.amazonaws.com\nx-forwarded-port: 443\n",
	},
	{
		name: "HTTP API, payload 1.0: forged headers, repeated", truth: docV2,
		event: `{"version":"1.0","path":"/","httpMethod":"GET","headers":{` + forged + `},
			"multiValueHeaders":{"host":["h"],"X-Forwarded-For":["6.6.6.6","7.7.7.7"],"X-Forwarded-Proto":["http","http"]},
			"requestContext":{"domainName":"h","identity":{"sourceIp":"192.0.2.1"}}}`,
		want: "host: h\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "the domain counts, whatever the host says", truth: docContext,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h:8443"},"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want:  "host: h:8443\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "no address, no domain, no host: nothing is made up", truth: docContext,
		event: `{"version":"2.0","rawPath":"/","headers":{` + forged + `},"requestContext":{"domainName":null,"http":{"method":"GET","sourceIp":1}}}`,
		want:  "host: 127.0.0.1:8080\nx-forwarded-proto: https\nx-forwarded-port: 443\n",
	},
	{
		name: "an address that is none, as of the console's test", truth: docContext,
		event: `{"path":"/","httpMethod":"GET","headers":{"host":"h"},"requestContext":{"identity":{"sourceIp":"test-invoke-source-ip"}}}`,
		want:  "host: h\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "load balancer: it appends the address, and writes scheme and port", truth: docXFF,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"shop.example.com",
			"x-forwarded-for":"6.6.6.6, 192.0.2.1","x-forwarded-proto":"http","x-forwarded-port":"80","x-forwarded-host":"evil.example"}}`,
		want: "host: shop.example.com\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: http\nx-forwarded-host: shop.example.com\nx-forwarded-port: 80\n",
	},
	{
		name: "load balancer, multi-value headers", truth: docXFF,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","multiValueHeaders":{"host":["h"],
			"x-forwarded-for":["6.6.6.6","7.7.7.7,192.0.2.1"],"x-forwarded-proto":["https"],"x-forwarded-port":["443"]}}`,
		want: "host: h\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "load balancer: IPv6, with brackets or without", truth: docXFF,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"h","x-forwarded-for":"6.6.6.6, [2001:db8::1]"}}`,
		want:  "host: h\nx-forwarded-for: 2001:db8::1\nx-forwarded-host: h\n",
	},
	{
		name: "load balancer: told to add the client's port", truth: docXFF,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"h","x-forwarded-for":"[2001:db8::1]:8080"}}`,
		want:  "host: h\nx-forwarded-for: [2001:db8::1]:8080\nx-forwarded-host: h\n",
	},
	{
		name: "load balancer: told to remove the header; what is no address, scheme or port", truth: docXFF,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"h","x-forwarded-for":"unknown","x-forwarded-proto":"gopher","x-forwarded-port":"0"}}`,
		want:  "host: h\nx-forwarded-host: h\n",
	},
	{
		name: "what else says so is dropped, in every spelling", truth: "docs/adapter.md",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","forwarded":"for=6.6.6.6;proto=http","x-real-ip":"6.6.6.6","X_Real_IP":"6.6.6.6","true-client-ip":"6.6.6.6",
			"cf-connecting-ip":"6.6.6.6","Client-IP":"6.6.6.6","client_ip":"6.6.6.6","x-forwarded-ssl":"on","x-forwarded-prefix":"/evil","X_FORWARDED_FOR":"6.6.6.6","x_forwarded-proto":"http",
			"x-forwarded":"6.6.6.6","x-forwarded-` + strings.Repeat("x", 40) + `":"1",
			"cloudfront-viewer-address":"192.0.2.9:1","x-forward":"stays","via":"1.1 x"},
			"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: h\ncloudfront-viewer-address: 192.0.2.9:1\nx-forward: stays\nvia: 1.1 x\n" +
			"x-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "the client's Connection header removes none of them", truth: rfcHTTP + ", 7.6.1",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","connection":"x-forwarded-for, x-forwarded-proto"},
			"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: h\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "pass: as AWS Lambda Web Adapter", truth: docLWA, setting: "pass",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","forwarded":"for=192.0.2.7","x-real-ip":"192.0.2.7","x-forwarded-for":"192.0.2.7, 192.0.2.1","x-forwarded-host":"shop.example.com"},
			"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: h\nforwarded: for=192.0.2.7\nx-real-ip: 192.0.2.7\nx-forwarded-for: 192.0.2.7, 192.0.2.1\nx-forwarded-host: shop.example.com\n",
	},
	{
		name: "a CDN's headers are left alone if it is named", truth: "docs/adapter.md", setting: "endpoint,True-Client-IP,x-forwarded-host",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h","true-client-ip":"192.0.2.9","true_client_ip":"6.6.6.6","x-real-ip":"6.6.6.6","X-Forwarded-Host":"shop.example.com","x-forwarded-for":"6.6.6.6"},
			"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: h\ntrue-client-ip: 192.0.2.9\nX-Forwarded-Host: shop.example.com\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-port: 443\n",
	},
	{
		name: "a header that is left alone and did not come", truth: "docs/adapter.md", setting: "endpoint,x-forwarded-host",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"h"},"requestContext":{"domainName":"h","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want:  "host: h\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: h\nx-forwarded-port: 443\n",
	},
	{
		name: "by the front: what it wrote, and no other header of the client's", truth: docTrueIP, front: true,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"abc.execute-api.eu-west-1.amazonaws.com",` + verified + `,"x-forwarded-host":"shop.example.com","true-client-ip":"203.0.113.9",
			"x-forwarded-for":"6.6.6.6,203.0.113.9,192.0.2.1","x-forwarded-proto":"http","x-forwarded-port":"80","x-real-ip":"6.6.6.6","true_client_ip":"6.6.6.6","forwarded":"for=6.6.6.6"},
			"requestContext":{"domainName":"abc.execute-api.eu-west-1.amazonaws.com","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: abc.execute-api.eu-west-1.amazonaws.com\nx-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nx-forwarded-host: shop.example.com\n" +
			"x-forwarded-port: 443\ntrue-client-ip: 203.0.113.9\n",
	},
	{
		name: "by the front, to a function URL: of the list it hands on the first entry, the viewer's own", truth: docFirst, front: true,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u",` + verified + `,"x-forwarded-host":"shop.example.com","true-client-ip":"2001:db8::9","x-forwarded-for":"6.6.6.6"},
			"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: u\nx-forwarded-for: 2001:db8::9\nx-forwarded-proto: https\nx-forwarded-host: shop.example.com\nx-forwarded-port: 443\ntrue-client-ip: 2001:db8::9\n",
	},
	{
		name: "by the front, to a REST API", truth: docTrueIP, front: true,
		event: `{"path":"/","httpMethod":"GET","headers":{"Host":"a"},"multiValueHeaders":{"Host":["a"],` + verifiedList + `,"X-Forwarded-Host":["shop.example.com"],"True-Client-IP":["203.0.113.9"],
			"X-Forwarded-For":["6.6.6.6, 203.0.113.9"]},"requestContext":{"domainName":"a","identity":{"sourceIp":"192.0.2.1"}}}`,
		want: "host: a\nx-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nx-forwarded-host: shop.example.com\nx-forwarded-port: 443\ntrue-client-ip: 203.0.113.9\n",
	},
	{
		name: "by the front, to a load balancer over HTTP: the viewers came by HTTPS", truth: docTrueIP, front: true,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"lb",` + verified + `,"x-forwarded-host":"shop.example.com","true-client-ip":"203.0.113.9",
			"x-forwarded-for":"6.6.6.6, 203.0.113.9, 192.0.2.1","x-forwarded-proto":"http","x-forwarded-port":"80"}}`,
		want: "host: lb\nx-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nx-forwarded-host: shop.example.com\nx-forwarded-port: 443\ntrue-client-ip: 203.0.113.9\n",
	},
	{
		name: "by a front that writes neither: the endpoint's word", truth: "docs/adapter.md", front: true,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u:443",` + verified + `,"x-forwarded-for":"6.6.6.6"},"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want:  "host: u:443\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: u\nx-forwarded-port: 443\n",
	},
	{
		name: "by a front that writes neither, to a load balancer", truth: "docs/adapter.md", front: true,
		event: `{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{"host":"lb",` + verified + `,"x-forwarded-for":"6.6.6.6, 192.0.2.1"}}`,
		want:  "host: lb\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: lb\nx-forwarded-port: 443\n",
	},
	{
		name: "by the front: two headers, or lists, are not what it wrote", truth: "docs/adapter.md", front: true,
		event: `{"version":"1.0","path":"/","httpMethod":"GET","multiValueHeaders":{"host":["u"],` + verifiedList + `,"true-client-ip":["6.6.6.6","203.0.113.9"],"x-forwarded-host":["evil.example,shop.example.com"]},
			"requestContext":{"domainName":"u","identity":{"sourceIp":"192.0.2.1"}}}`,
		want: "host: u\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: u\nx-forwarded-port: 443\n",
	},
	{
		name: "by the front: what is no address", truth: "docs/adapter.md", front: true,
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u",` + verified + `,"true-client-ip":"6.6.6.6,203.0.113.9"},"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want:  "host: u\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: u\nx-forwarded-port: 443\n",
	},
	{
		name: "by the front, with headers to leave alone: none comes twice", truth: "docs/adapter.md", front: true, setting: "endpoint,true-client-ip,x-forwarded-host,cf-connecting-ip",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u",` + verified + `,"true-client-ip":"203.0.113.9","X-Forwarded-Host":"shop.example.com","cf-connecting-ip":"198.51.100.7"},
			"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: u\ntrue-client-ip: 203.0.113.9\nX-Forwarded-Host: shop.example.com\ncf-connecting-ip: 198.51.100.7\nx-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nx-forwarded-port: 443\n",
	},
	{
		name: "by the front, pass: as it came, without the secret", truth: "docs/adapter.md", front: true, setting: "pass",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u",` + verified + `,"true-client-ip":"203.0.113.9","x-forwarded-for":"6.6.6.6,203.0.113.9,192.0.2.1"},
			"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: u\ntrue-client-ip: 203.0.113.9\nx-forwarded-for: 6.6.6.6,203.0.113.9,192.0.2.1\n",
	},
	{
		name: "no front: nobody is believed", truth: "docs/adapter.md",
		event: `{"version":"2.0","rawPath":"/","headers":{"host":"u",` + verified + `,"true-client-ip":"6.6.6.6","x-forwarded-host":"evil.example"},
			"requestContext":{"domainName":"u","http":{"method":"GET","sourceIp":"192.0.2.1"}}}`,
		want: "host: u\nx-origin-verify: " + newSecret + "\nx-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\nx-forwarded-host: u\nx-forwarded-port: 443\n",
	},
	{
		name: "events that are no requests have no client", truth: docWS,
		event: `{"requestContext":{"connectionId":"abc=","domainName":"h","identity":{"sourceIp":"192.0.2.1"}},"headers":{"x-forwarded-for":"6.6.6.6"}}`,
		want:  "host: 127.0.0.1:8080\ncontent-type: application/json\n",
	},
}

func TestForwarded(t *testing.T) {
	for _, test := range forwardedCases {
		t.Run(test.name, func(t *testing.T) {
			env := map[string]string{"CDKWEB_FORWARDED_HEADERS": test.setting}
			if test.front {
				env[settings.FrontSecrets] = newSecret
			}
			text := requestText(t, env, test.event, &runtimeapi.Invocation{RequestID: []byte("id")})
			head, _, _ := strings.Cut(text, "\n\n")
			_, got, _ := strings.Cut(head+"\n", "\n")
			for _, name := range []string{requestContextHeader, lambdaContextHeader, "content-length"} {
				got = withoutLine(got, name)
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant, after %s,\n%s", got, test.truth, test.want)
			}
		})
	}
}

// vouched are the headers that the server gets of what the event's source
// vouches for, as a server reads them.
func vouched(t *testing.T, source Source, client map[string][]string) http.Header {
	t.Helper()
	headers := map[string][]string{}
	maps.Copy(headers, client)
	requestContext := map[string]any{
		"domainName": "h", "identity": map[string]string{"sourceIp": "192.0.2.1"}, "http": map[string]string{"method": "GET", "sourceIp": "192.0.2.1"},
	}
	event := map[string]any{"path": "/", "httpMethod": "GET", "rawPath": "/"}
	if source == ALB {
		// What the load balancer does with a client's headers.
		requestContext = map[string]any{"elb": map[string]string{"targetGroupArn": "arn"}}
		set := func(name string, value func(before []string) string) {
			var before []string
			for n, values := range headers {
				if strings.EqualFold(n, name) {
					before = append(before, values...)
					delete(headers, n)
				}
			}
			headers[name] = []string{value(before)}
		}
		set("x-forwarded-for", func(before []string) string { return strings.Join(append(before, "192.0.2.1"), ", ") })
		set("x-forwarded-proto", func([]string) string { return "https" })
		set("x-forwarded-port", func([]string) string { return "443" })
		set("host", func([]string) string { return "h" })
	}
	if source == Payload1 {
		delete(requestContext, "http")
	}
	if source == Payload2 {
		single := map[string]string{}
		for name, values := range headers {
			single[name] = strings.Join(values, ",")
		}
		event["headers"] = single
	} else {
		event["multiValueHeaders"] = headers
	}
	event["requestContext"] = requestContext
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // AWS does not
	if err := encoder.Encode(event); err != nil {
		t.Fatal(err)
	}
	text := buffer.Bytes()
	e, err := Parse(bytes.Clone(text))
	if err != nil || e.Source != source {
		t.Fatalf("%s is an event of %v, %v, want %v", text, e.Source, err, source)
	}
	w := RequestWriter{Config: testConfig(t)}
	r, err := w.Write(e, &runtimeapi.Invocation{RequestID: []byte("id")})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(r.Head))))
	if err != nil {
		if strings.Contains(err.Error(), "malformed Host") {
			t.Skip("the client's, and the server's to refuse")
		}
		t.Fatalf("%v: %q", err, r.Head)
	}
	return request.Header
}

// FuzzForwarded adds a client's header to an event. It must not change what the
// server is told of the client, in any spelling that a server may read.
func FuzzForwarded(f *testing.F) {
	for _, name := range []string{
		"X-Forwarded-For", "x_forwarded_for", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "x-forwarded_port", "Forwarded", "Connection",
		"Host", "X-Real-IP", "Cookie", "x-forwarded-for ", "X-Forwarded-For,", "Transfer-Encoding",
	} {
		f.Add(name, "6.6.6.6", "")
		f.Add(name, "x-forwarded-for", "close")
		f.Add(name, "a\r\nx-forwarded-for: 6.6.6.6", "[::1]:1")
	}
	f.Fuzz(func(t *testing.T, name, value, second string) {
		if !ascii.IsToken(name) {
			t.Skip("no header has such a name")
		}
		for _, source := range []Source{Payload1, Payload2, ALB} {
			got := vouched(t, source, map[string][]string{name: {value, second}})
			seen := map[string][]string{}
			for n, values := range got {
				n = strings.ReplaceAll(strings.ToLower(n), "_", "-")
				if isForwarded([]byte(n)) {
					seen[n] = append(seen[n], values...)
				}
			}
			want := map[string][]string{
				forwardedFor: {"192.0.2.1"}, forwardedProto: {"https"}, forwardedHost: {"h"}, forwardedPort: {"443"},
			}
			if len(seen) != len(want) {
				t.Fatalf("%v: got %q, want %q", source, seen, want)
			}
			for n, values := range want {
				if len(seen[n]) != 1 || seen[n][0] != values[0] {
					t.Fatalf("%v: got %q, want %q", source, seen, want)
				}
			}
		}
	})
}
