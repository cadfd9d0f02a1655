// Package lambdaevent turns the events of HTTP APIs, REST APIs, function URLs and
// load balancers into HTTP requests, and HTTP responses into what each of them
// expects.
//
// [Parse] finds the pieces of an event in its text and tells its [Source]; a
// [RequestWriter] makes the bytes of a request from them; a [Response] is the
// JSON for a response that was read as a whole, [AppendPrelude] the JSON in front
// of one that is streamed. An event that is no HTTP request is passed through: it
// becomes a POST with the event as its body.
//
// Events are large and buffers are not: all of this works in the memory of the
// event and of the last response.
package lambdaevent
