// Package token tells literal strings from those that hold CDK tokens, without asking the CDK.
package token

import (
	"regexp"
	"strings"
)

// In reports whether s holds a token, so that its value is known only at deployment.
func In(s string) bool { return strings.Contains(s, "${Token[") }

// Literal returns s, or nothing if s holds a token.
func Literal(s string) string {
	if In(s) {
		return ""
	}
	return s
}

// pattern is a token in a string, as the CDK writes it: a name, then a number.
var pattern = regexp.MustCompile(`\$\{Token\[[^\]]*\]\}`)

// Without returns the literal parts of s.
func Without(s string) string { return pattern.ReplaceAllString(s, "") }

// All returns the tokens in s, in their order.
func All(s string) []string { return pattern.FindAllString(s, -1) }
