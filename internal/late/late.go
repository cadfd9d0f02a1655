// Package late renders what is known only when the app synthesizes.
package late

import (
	"iter"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// Pairs is a list of names and values for a property of an L1 construct, read when the app synthesizes.
func Pairs(variables func() iter.Seq2[string, string]) awscdk.IResolvable {
	return awscdk.Lazy_Any(&pairs{variables}, nil)
}

// pairs is a pointer to a struct, because jsii takes nothing else for an interface.
type pairs struct {
	variables func() iter.Seq2[string, string]
}

// Produce implements awscdk.IStableAnyProducer.
func (p *pairs) Produce() any {
	var list []any
	for name, value := range p.variables() {
		list = append(list, map[string]any{"name": name, "value": value})
	}
	return list
}
