// Package ascii knows what single bytes mean in HTTP messages and URLs.
package ascii

import "bytes"

// The bytes that stay as they are in each part of a URL. What is missing can
// never be in an encoded path or query, so that encoding text that is encoded
// already changes nothing.
var (
	Path       = except("\"#<>?\\^`{|}")
	Query      = except("\"#<>\\^`{|}")
	Parameter  = except("\"#<>\\^`{|}&")
	Unreserved = of("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") // RFC 3986, 2.3
)

// token marks what method and field names are made of (RFC 9110, 5.6.2).
var token = of("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// except marks printable ASCII without some.
func except(chars string) (table [256]bool) {
	for c := '!'; c <= '~'; c++ {
		table[c] = bytes.IndexByte([]byte(chars), byte(c)) < 0
	}
	return table
}

func of(chars string) (table [256]bool) {
	for _, c := range []byte(chars) {
		table[c] = true
	}
	return table
}

// IsToken tells whether text can be the name of a method or of a header.
func IsToken[T string | []byte](text T) bool {
	for i := range len(text) {
		if !token[text[i]] {
			return false
		}
	}
	return len(text) > 0
}

// EqualFold compares with a name in lower case.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if Lower(c) != lower[i] {
			return false
		}
	}
	return true
}

// Lower makes a letter a lower-case one.
func Lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Unhex returns the value of a hex digit, -1 for any other byte.
func Unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// EachMember visits the members of a comma-separated list (RFC 9110, 5.6.1).
func EachMember(list []byte, visit func(member []byte)) {
	for len(list) > 0 {
		var member []byte
		member, list, _ = bytes.Cut(list, []byte(","))
		if member = bytes.Trim(member, " \t"); len(member) > 0 {
			visit(member)
		}
	}
}
