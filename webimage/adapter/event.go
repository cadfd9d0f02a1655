package main

import (
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
	isBase64Encoded                               []byte

	// of the request context
	elb, connectionID, contextMethod []byte

	authorizer bool

	body      []byte // decoded from JSON, in its own place
	bodyTaken bool
}

// errMalformed is the reason of every event that Lambda should not have sent.
var errMalformed = errors.New("malformed event")

// parseEvent finds the pieces of the event in text and tells its source. It
// changes the text of a body.
func parseEvent(text []byte) (*event, error) {
	e := &event{text: text}
	s := scanner{data: text, take: e.takeBody}
	var err error
	if s.next() == '{' {
		err = s.members(e.member)
	} else {
		_, err = s.value() // any JSON may be an event: a string, an array
	}
	if err == nil && (s.next() != 0 || s.pos != len(text)) {
		err = errJSON
	}
	if err != nil {
		return nil, malformed(err)
	}
	e.source = e.detect()
	if e.bodyTaken && e.source == passThrough {
		return nil, fmt.Errorf("%w: the request context comes twice", errMalformed)
	}
	return e, nil
}

// malformed makes any error one of a malformed event.
func malformed(err error) error {
	if errors.Is(err, errMalformed) {
		return err
	}
	return fmt.Errorf("%w: %w", errMalformed, err)
}

// detect tells the source from what was read so far.
func (e *event) detect() source {
	_, hasMethod := inside(e.httpMethod)
	_, hasPath := inside(e.path)
	_, hasContextMethod := inside(e.contextMethod)
	switch {
	case e.authorizer: // asks for a policy, whatever else it looks like
		return passThrough
	case !isNull(e.elb) && hasMethod:
		return alb
	case hasContextMethod:
		return payload2
	case isNull(e.connectionID) && hasMethod && hasPath: // a WebSocket has a connection
		return payload1
	}
	return passThrough
}

// takeBody decodes the body on the way, in its own place, if the members before
// it show that it is the body of an HTTP request. They do, in what AWS sends.
func (e *event) takeBody(s *scanner, key []byte) (bool, error) {
	if string(key) != "body" || s.next() != '"' || e.detect() == passThrough || isNull(e.requestContext) {
		return false, nil
	}
	var err error
	e.body, err = s.unescapeString()
	e.bodyTaken = true
	return true, err
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
		e.elb, e.connectionID, e.contextMethod = nil, nil, nil
		if value[0] == '{' {
			return eachMember(value, e.contextMember)
		}
	case "body":
		e.body, e.bodyTaken = value, false
	case "isBase64Encoded":
		e.isBase64Encoded = value
	case "methodArn", "routeArn": // of a Lambda authorizer (API Gateway, "Input to a Lambda authorizer")
		e.authorizer = true
	}
	return nil
}

func (e *event) contextMember(key, value []byte) error {
	switch string(key) {
	case "http":
		if value[0] == '{' {
			return eachMember(value, func(key, value []byte) error {
				if string(key) == "method" {
					e.contextMethod = value
				}
				return nil
			})
		}
	case "elb":
		e.elb = value
	case "connectionId":
		e.connectionID = value
	}
	return nil
}

// multiValue tells whether a load balancer's target group has multi-value
// headers on; it then reads them in the answer too.
func (e *event) multiValue() bool { return !isNull(e.multiValueHeaders) }

// payload is what the server gets as the body. It works in the body's own
// place, so that it can be called once only.
func (e *event) payload() (payload, error) {
	if e.source == passThrough {
		return payload{data: e.text, ready: len(e.text)}, nil
	}
	body := e.body
	if !e.bodyTaken {
		if isNull(body) {
			return payload{}, nil
		}
		text, ok := inside(body)
		if !ok {
			return payload{}, fmt.Errorf("%w: body is not a string", errMalformed)
		}
		var err error
		if body, err = unescape(text); err != nil {
			return payload{}, fmt.Errorf("%w: body: %w", errMalformed, err)
		}
	}
	if string(e.isBase64Encoded) != "true" {
		return payload{data: body, ready: len(body)}, nil
	}
	return base64Payload(body)
}
