package lambdatest

import "testing"

func TestEvents(t *testing.T) {
	r := Request{Method: "POST", Path: "/a", Query: "q=%20&q=2", Header: map[string]string{"X-A": "<b>"}, Cookies: []string{"c=1", "d=2"}, Body: []byte("hi")}
	binary := r
	binary.Base64 = true
	for _, test := range []struct{ name, got, want string }{
		{"REST API", string(RESTAPIEvent(r)), `{"resource":"/{proxy+}","path":"/a","httpMethod":"POST",` +
			`"headers":{"Cookie":"c=1; d=2","Host":"abc123.execute-api.eu-west-1.amazonaws.com","X-A":"<b>"},` +
			`"multiValueHeaders":{"Cookie":["c=1; d=2"],"Host":["abc123.execute-api.eu-west-1.amazonaws.com"],"X-A":["<b>"]},` +
			`"queryStringParameters":{"q":"2"},"multiValueQueryStringParameters":{"q":[" ","2"]},` +
			`"requestContext":{"apiId":"abc123","httpMethod":"POST","path":"/prod/a","stage":"prod"},"body":"hi","isBase64Encoded":false}`},
		{"load balancer", string(LoadBalancerEvent(binary, true)), `{"body":"aGk=","httpMethod":"POST","isBase64Encoded":true,` +
			`"multiValueHeaders":{"X-A":["<b>"],"cookie":["c=1; d=2"],"host":["lb-123.eu-west-1.elb.amazonaws.com"]},` +
			`"multiValueQueryStringParameters":{"q":["%20","2"]},"path":"/a",` +
			`"requestContext":{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/site/49e9d65c45c6791a"}}}`},
		{"function URL", string(FunctionURLEvent(Request{Method: "GET", Path: "/"})), `{"version":"2.0","routeKey":"$default","rawPath":"/","rawQueryString":"",` +
			`"headers":{"host":"abc123.lambda-url.eu-west-1.on.aws"},"requestContext":{"accountId":"123456789012","apiId":"abc123",` +
			`"domainName":"abc123.lambda-url.eu-west-1.on.aws","domainPrefix":"abc123","http":{"method":"GET","path":"/","protocol":"HTTP/1.1",` +
			`"sourceIp":"192.0.2.1","userAgent":"Mozilla/5.0"},"requestId":"JKJaXmPLvHcESHA=","routeKey":"$default","stage":"$default",` +
			`"time":"21/Nov/2026:10:00:00 +0000","timeEpoch":1795255200000},"isBase64Encoded":false}`},
	} {
		if test.got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, test.got, test.want)
		}
	}
}
