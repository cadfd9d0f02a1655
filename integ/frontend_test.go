package integ

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// frontEnd is what stands between a client and a Lambda function: it makes events of requests, and
// HTTP responses of what the function returns.
type frontEnd string

const (
	httpAPI     frontEnd = "HTTP API"
	restAPI     frontEnd = "REST API"
	functionURL frontEnd = "Function URL"
)

var frontEnds = []frontEnd{httpAPI, restAPI, functionURL}

// event is what the front end sends to the function for a request. Bodies go as text where they are
// text, as the real ones do.
func (f frontEnd) event(r *http.Request) ([]byte, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	header := r.Header.Clone()
	header.Set("Host", r.URL.Host)
	header.Set("X-Forwarded-For", "192.0.2.1")
	header.Set("X-Forwarded-Proto", "https")
	header.Set("X-Forwarded-Port", "443")
	event := map[string]any{"body": nil, "isBase64Encoded": false}
	if len(body) > 0 {
		event["body"] = string(body)
		if f == restAPI || !utf8.Valid(body) || !strings.HasPrefix(header.Get("Content-Type"), "text/") {
			event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
		}
	}
	if f == restAPI {
		event["resource"], event["path"], event["httpMethod"] = "/{proxy+}", r.URL.Path, r.Method
		event["headers"], event["multiValueHeaders"] = last(header), header
		event["queryStringParameters"], event["multiValueQueryStringParameters"] = last(r.URL.Query()), r.URL.Query()
		event["requestContext"] = map[string]any{
			"accountId": "123456789012", "apiId": "abcdefghij", "stage": "prod", "resourcePath": "/{proxy+}",
			"path": "/prod" + r.URL.Path, "httpMethod": r.Method, "protocol": "HTTP/1.1", "requestId": "c6af9ac6",
			"identity": map[string]any{"sourceIp": "192.0.2.1", "userAgent": r.UserAgent()},
		}
		return json.Marshal(event)
	}
	if cookies := header.Get("Cookie"); cookies != "" {
		event["cookies"] = strings.Split(cookies, "; ")
		header.Del("Cookie")
	}
	event["version"], event["routeKey"] = "2.0", "$default"
	event["rawPath"], event["rawQueryString"] = r.URL.EscapedPath(), r.URL.RawQuery
	event["headers"] = joined(header)
	event["requestContext"] = map[string]any{
		"accountId": "123456789012", "apiId": "abcdefghij", "stage": "$default", "routeKey": "$default",
		"domainName": r.URL.Host, "requestId": "c6af9ac6", "timeEpoch": time.Now().UnixMilli(),
		"http": map[string]any{
			"method": r.Method, "path": r.URL.Path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": r.UserAgent(),
		},
	}
	return json.Marshal(event)
}

// response is what the client gets for what the function returned. If no front end understands
// that, it is status 502.
func (f frontEnd) response(r *http.Request, answer []byte) (*http.Response, error) {
	var a struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
		IsBase64Encoded   bool
	}
	header := http.Header{}
	if err := json.Unmarshal(answer, &a); err != nil || a.StatusCode == 0 {
		a.StatusCode, a.Body = http.StatusBadGateway, string(answer)
	}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	for name, values := range a.MultiValueHeaders {
		header[http.CanonicalHeaderKey(name)] = values
	}
	for _, cookie := range a.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(a.Body); err != nil {
			return nil, fmt.Errorf("%s: the body that the function returned is not base64: %w", f, err)
		}
	}
	return &http.Response{
		StatusCode: a.StatusCode, Status: fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

func last(values map[string][]string) map[string]string {
	lasts := map[string]string{}
	for name, all := range values {
		lasts[name] = all[len(all)-1]
	}
	return lasts
}

func joined(header http.Header) map[string]string {
	all := map[string]string{}
	for name, values := range header {
		all[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return all
}
