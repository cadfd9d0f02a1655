package lambdaevent

import (
	"errors"
	"fmt"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

// Source is the service that made an event. It decides what the event's fields
// mean and what shape the response has.
type Source uint8

const (
	PassThrough Source = iota // any JSON that is not an HTTP request: SQS, EventBridge, WebSocket, ...
	Payload1                  // REST API, and HTTP API with payload format 1.0
	Payload2                  // HTTP API with payload format 2.0, and function URL
	ALB                       // Application Load Balancer
)

func (s Source) String() string {
	return [...]string{"pass-through", "payload 1.0", "payload 2.0", "load balancer"}[s]
}

// Event is an invocation's payload. Its fields are pieces of the payload's own
// text, JSON still; null and missing are the same.
type Event struct {
	Source Source

	text []byte

	httpMethod, path                              []byte
	rawPath, rawQueryString, cookies              []byte
	headers, multiValueHeaders                    []byte
	queryStringParameters, multiValueQueryStrings []byte
	requestContext                                []byte
	isBase64Encoded                               []byte

	// of the request context
	elb, connectionID, contextMethod []byte
	sourceIP, domainName             []byte

	authorizer bool

	body      []byte // decoded from JSON, in its own place
	bodyTaken bool
}

// ErrMalformed is the reason of every event that Lambda should not have sent.
var ErrMalformed = errors.New("malformed event")

// Parse finds the pieces of the event in text and tells its source. It
// changes the text of a body.
func Parse(text []byte) (*Event, error) {
	e := &Event{text: text}
	s := jsontext.Scanner{Data: text, Take: e.takeBody}
	var err error
	if s.Next() == '{' {
		err = s.Members(e.member)
	} else {
		_, err = s.Value() // any JSON may be an event: a string, an array
	}
	if err == nil && (s.Next() != 0 || s.Pos != len(text)) {
		err = jsontext.ErrInvalid
	}
	if err != nil {
		return nil, malformed(err)
	}
	e.Source = e.detect()
	if e.bodyTaken && e.Source == PassThrough {
		return nil, fmt.Errorf("%w: the request context comes twice", ErrMalformed)
	}
	return e, nil
}

// malformed makes any error one of a malformed event.
func malformed(err error) error {
	if errors.Is(err, ErrMalformed) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}

// detect tells the source from what was read so far.
func (e *Event) detect() Source {
	_, hasMethod := jsontext.Inside(e.httpMethod)
	_, hasPath := jsontext.Inside(e.path)
	_, hasContextMethod := jsontext.Inside(e.contextMethod)
	switch {
	case e.authorizer: // asks for a policy, whatever else it looks like
		return PassThrough
	case !jsontext.IsNull(e.elb) && hasMethod:
		return ALB
	case hasContextMethod:
		return Payload2
	case jsontext.IsNull(e.connectionID) && hasMethod && hasPath: // a WebSocket has a connection
		return Payload1
	}
	return PassThrough
}

// takeBody decodes the body on the way, in its own place, if the members before
// it show that it is the body of an HTTP request. They do, in what AWS sends.
func (e *Event) takeBody(s *jsontext.Scanner, key []byte) (bool, error) {
	if string(key) != "body" || s.Next() != '"' || e.detect() == PassThrough || jsontext.IsNull(e.requestContext) {
		return false, nil
	}
	var err error
	e.body, err = s.UnescapeString()
	e.bodyTaken = true
	return true, err
}

func (e *Event) member(key, value []byte) error {
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
		e.sourceIP, e.domainName = nil, nil
		if value[0] == '{' {
			return jsontext.EachMember(value, e.contextMember)
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

func (e *Event) contextMember(key, value []byte) error {
	switch string(key) {
	case "http", "identity": // the second of payload 1.0
		if value[0] == '{' {
			return jsontext.EachMember(value, func(member, value []byte) error {
				switch string(member) {
				case "method":
					if string(key) == "http" {
						e.contextMethod = value
					}
				case "sourceIp":
					e.sourceIP = value
				}
				return nil
			})
		}
	case "domainName":
		e.domainName = value
	case "elb":
		e.elb = value
	case "connectionId":
		e.connectionID = value
	}
	return nil
}

// multiValue tells whether a load balancer's target group has multi-value
// headers on; it then reads them in the response too.
func (e *Event) multiValue() bool { return !jsontext.IsNull(e.multiValueHeaders) }

// payload is what the server gets as the body. It works in the body's own
// place, so that it can be called once only.
func (e *Event) payload() (http1.Body, error) {
	if e.Source == PassThrough {
		return http1.BodyOf(e.text), nil
	}
	body := e.body
	if !e.bodyTaken {
		if jsontext.IsNull(body) {
			return http1.Body{}, nil
		}
		text, ok := jsontext.Inside(body)
		if !ok {
			return http1.Body{}, fmt.Errorf("%w: body is not a string", ErrMalformed)
		}
		var err error
		if body, err = jsontext.Unescape(text); err != nil {
			return http1.Body{}, fmt.Errorf("%w: body: %w", ErrMalformed, err)
		}
	}
	if string(e.isBase64Encoded) != "true" {
		return http1.BodyOf(body), nil
	}
	decoded, err := http1.Base64Body(body)
	if err != nil {
		return http1.Body{}, malformed(err)
	}
	return decoded, nil
}
