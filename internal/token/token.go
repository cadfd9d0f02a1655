// Package token tells literal strings from those that hold CDK tokens, without asking the CDK.
package token

import "strings"

// In reports whether s holds a token, so that its value is known only at deployment.
func In(s string) bool { return strings.Contains(s, "${Token[") }

// Literal returns s, or nothing where s holds a token.
func Literal(s string) string {
	if In(s) {
		return ""
	}
	return s
}
