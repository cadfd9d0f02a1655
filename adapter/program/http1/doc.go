// Package http1 is a client of HTTP/1.1 on plain TCP, for two peers on the same
// machine: the web server and Lambda's APIs.
//
// A request is written as bytes with [Conn.Send]; a [Response] is read into
// memory that is used again. net/http would be five times the program, hand
// every message between three goroutines, and add, join and drop headers on its
// own account.
//
// It is strict with what frames a message, because a front end that read it in
// another way could be made to see another message: lengths that differ, folded
// lines, transfer codings other than chunked and sizes that are not a number are
// refused (RFC 9112, 6).
package http1
