package main

import (
	"encoding/base64"
	"errors"
	"fmt"
)

// source is the service that made an event. It decides what the event's fields
// mean and what shape the answer has.
type source uint8

const (
	passThrough source = iota // any JSON that is not an HTTP request: SQS, EventBridge, WebSocket, ...
	payload1                  // REST API, and HTTP API with payload format 1.0
	payload2                  // HTTP API with payload format 2.0, and function URL
	alb                       // Application Load Balancer
)

func (s source) String() string {
	return [...]string{"pass-through", "payload 1.0", "payload 2.0", "load balancer"}[s]
}

// event is an invocation's payload. Its fields are pieces of the payload's own
// text, JSON still; null and missing are the same.
type event struct {
	text   []byte
	source source

	httpMethod, path                              []byte
	rawPath, rawQueryString, cookies              []byte
	headers, multiValueHeaders                    []byte
	queryStringParameters, multiValueQueryStrings []byte
	requestContext                                []byte
	bodyText, isBase64Encoded                     []byte
	contextHTTP, contextELB, contextConnectionID  []byte
	contextMethod                                 []byte
}

// errMalformed is the reason of every event that Lambda should not have sent.
var errMalformed = errors.New("malformed event")

// parseEvent finds the pieces of the event in text and tells its source.
func parseEvent(text []byte) (*event, error) {
	e := &event{text: text}
	s := scanner{data: text}
	if s.next() != '{' {
		// An event may be any JSON: a string or an array is passed through.
		if _, err := s.value(); err != nil {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
	} else if err := s.members(e.member); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if s.next(); s.pos != len(text) {
		return nil, fmt.Errorf("%w: text after the JSON value", errMalformed)
	}
	if len(e.requestContext) > 0 && e.requestContext[0] == '{' {
		if err := eachMember(e.requestContext, e.contextMember); err != nil {
			return nil, fmt.Errorf("%w: requestContext: %w", errMalformed, err)
		}
	}

	_, hasMethod := inside(e.httpMethod)
	_, hasPath := inside(e.path)
	switch {
	case !isNull(e.contextELB) && hasMethod:
		e.source = alb
	case !isNull(e.contextHTTP) && e.contextHTTP[0] == '{':
		err := eachMember(e.contextHTTP, func(key, value []byte) error {
			if string(key) == "method" {
				e.contextMethod = value
			}
			return nil
		})
		if _, ok := inside(e.contextMethod); err != nil || !ok {
			return nil, fmt.Errorf("%w: requestContext.http has no method", errMalformed)
		}
		e.source = payload2
	case isNull(e.contextConnectionID) && hasMethod && hasPath:
		e.source = payload1
	}
	return e, nil
}

func (e *event) member(key, value []byte) error {
	switch string(key) {
	case "httpMethod":
		e.httpMethod = value
	case "path":
		e.path = value
	case "rawPath":
		e.rawPath = value
	case "rawQueryString":
		e.rawQueryString = value
	case "cookies":
		e.cookies = value
	case "headers":
		e.headers = value
	case "multiValueHeaders":
		e.multiValueHeaders = value
	case "queryStringParameters":
		e.queryStringParameters = value
	case "multiValueQueryStringParameters":
		e.multiValueQueryStrings = value
	case "requestContext":
		e.requestContext = value
	case "body":
		e.bodyText = value
	case "isBase64Encoded":
		e.isBase64Encoded = value
	}
	return nil
}

func (e *event) contextMember(key, value []byte) error {
	switch string(key) {
	case "http":
		e.contextHTTP = value
	case "elb":
		e.contextELB = value
	case "connectionId":
		e.contextConnectionID = value
	}
	return nil
}

// multiValue tells whether a load balancer's target group has multi-value
// headers on; it then reads them in the answer too.
func (e *event) multiValue() bool { return !isNull(e.multiValueHeaders) }

// body decodes the body in its own place, so that it can be called once only.
func (e *event) body() ([]byte, error) {
	if e.source == passThrough {
		return e.text, nil
	}
	if isNull(e.bodyText) {
		return nil, nil
	}
	body, ok := inside(e.bodyText)
	if !ok {
		return nil, fmt.Errorf("%w: body is not a string", errMalformed)
	}
	body, err := unescape(body)
	if err != nil {
		return nil, fmt.Errorf("%w: body: %w", errMalformed, err)
	}
	if string(e.isBase64Encoded) != "true" {
		return body, nil
	}
	// Three bytes replace four, so the decoder's writes stay behind its reads.
	n, err := base64.StdEncoding.Decode(body, body)
	if err != nil {
		return nil, fmt.Errorf("%w: body is not base64", errMalformed)
	}
	return body[:n], nil
}
