package lambdatest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Request is what a client sends, for the events below. They have the members,
// in the order, that AWS's documentation shows.
type Request struct {
	Method, Path, Query string
	Header              map[string]string
	Cookies             []string // as name=value
	Body                []byte
	Base64              bool // the body comes as base64
}

func (r Request) body() string {
	if r.Base64 {
		return base64.StdEncoding.EncodeToString(r.Body)
	}
	return string(r.Body)
}

// The names under which AWS reaches a function.
const (
	apiHost = "abc123.execute-api.eu-west-1.amazonaws.com"
	urlHost = "abc123.lambda-url.eu-west-1.on.aws"
)

// HTTPAPIEvent is the event of an HTTP API, payload format 2.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func HTTPAPIEvent(r Request) []byte { return version2(r, apiHost) }

// FunctionURLEvent is the event of a function URL.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func FunctionURLEvent(r Request) []byte { return version2(r, urlHost) }

func version2(r Request, host string) []byte {
	headers := map[string]string{"host": host}
	for name, value := range r.Header {
		headers[strings.ToLower(name)] = value
	}
	domain := headers["host"]
	prefix, _, _ := strings.Cut(domain, ".")
	return marshal(struct {
		Version         string            `json:"version"`
		RouteKey        string            `json:"routeKey"`
		RawPath         string            `json:"rawPath"`
		RawQueryString  string            `json:"rawQueryString"`
		Cookies         []string          `json:"cookies,omitempty"`
		Headers         map[string]string `json:"headers"`
		RequestContext  map[string]any    `json:"requestContext"`
		Body            string            `json:"body,omitempty"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}{
		Version: "2.0", RouteKey: "$default", RawPath: r.Path, RawQueryString: r.Query, Cookies: r.Cookies, Headers: headers,
		RequestContext: map[string]any{
			"accountId": "123456789012", "apiId": "abc123", "domainName": domain, "domainPrefix": prefix,
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
			"time": "21/Nov/2026:10:00:00 +0000", "timeEpoch": 1795255200000,
			"http": map[string]string{
				"method":    r.Method,
				"path":      r.Path,
				"protocol":  "HTTP/1.1",
				"sourceIp":  "192.0.2.1",
				"userAgent": "Mozilla/5.0",
			},
		},
		Body: r.body(), IsBase64Encoded: r.Base64,
	})
}

// RESTAPIEvent is the event of a REST API's proxy integration.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
func RESTAPIEvent(r Request) []byte {
	single, multi := map[string]string{"Host": apiHost}, map[string][]string{}
	for name, value := range r.Header {
		single[http.CanonicalHeaderKey(name)] = value
	}
	if len(r.Cookies) > 0 {
		single["Cookie"] = strings.Join(r.Cookies, "; ")
	}
	for name, value := range single {
		multi[name] = []string{value}
	}
	query, queries := parseQuery(r.Query)
	return marshal(struct {
		Resource               string              `json:"resource"`
		Path                   string              `json:"path"`
		HTTPMethod             string              `json:"httpMethod"`
		Headers                map[string]string   `json:"headers"`
		MultiValueHeaders      map[string][]string `json:"multiValueHeaders"`
		QueryStringParameters  map[string]string   `json:"queryStringParameters"`
		MultiValueQueryStrings map[string][]string `json:"multiValueQueryStringParameters"`
		RequestContext         map[string]any      `json:"requestContext"`
		Body                   *string             `json:"body"`
		IsBase64Encoded        bool                `json:"isBase64Encoded"`
	}{
		"/{proxy+}", r.Path, r.Method, single, multi, query, queries,
		map[string]any{
			"apiId":      "abc123",
			"stage":      "prod",
			"path":       "/prod" + r.Path,
			"httpMethod": r.Method,
		},
		r.optionalBody(), r.Base64,
	})
}

// LoadBalancerEvent is the event of an Application Load Balancer, whose target
// group has multi-value headers or not. The values of its query stay encoded.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
func LoadBalancerEvent(r Request, multiValue bool) []byte {
	headers := map[string]string{"host": "lb-123.eu-west-1.elb.amazonaws.com"}
	maps.Copy(headers, r.Header)
	if len(r.Cookies) > 0 {
		headers["cookie"] = strings.Join(r.Cookies, "; ")
	}
	event := map[string]any{
		"requestContext": map[string]any{"elb": map[string]string{
			"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/site/49e9d65c45c6791a",
		}},
		"httpMethod": r.Method, "path": r.Path, "body": r.body(), "isBase64Encoded": r.Base64,
	}
	single, multi := map[string]string{}, map[string][]string{}
	for pair := range strings.SplitSeq(r.Query, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			single[name] = value
			multi[name] = append(multi[name], value)
		}
	}
	if !multiValue {
		event["headers"], event["queryStringParameters"] = headers, single
		return marshal(event)
	}
	multiHeaders := map[string][]string{}
	for name, value := range headers {
		multiHeaders[name] = []string{value}
	}
	event["multiValueHeaders"], event["multiValueQueryStringParameters"] = multiHeaders, multi
	return marshal(event)
}

func (r Request) optionalBody() *string {
	if len(r.Body) == 0 {
		return nil
	}
	return new(r.body())
}

// parseQuery decodes a query as a REST API does: the last value of each name, and
// all of them; nothing if there is no query.
func parseQuery(query string) (last map[string]string, all map[string][]string) {
	if query == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		panic(fmt.Sprintf("lambdatest: the query %q: %v", query, err))
	}
	last = map[string]string{}
	for name, list := range values {
		last[name] = list[len(list)-1]
	}
	return last, values
}

// marshal leaves <, > and & as they are, as AWS does.
func marshal(event any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(event); err != nil {
		panic(fmt.Sprintf("lambdatest: an event cannot be JSON: %v", err))
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
