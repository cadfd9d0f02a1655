// Package cdk is what the hostings share of the CDK: optional values, log groups, warnings about
// tags.
package cdk

// String is nil for an empty string.
func String[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	return new(string(s))
}

// Number is nil for zero.
func Number(n int) *float64 {
	if n == 0 {
		return nil
	}
	return new(float64(n))
}

// Strings is nil for an empty map.
func Strings(m map[string]string) *map[string]*string {
	if len(m) == 0 {
		return nil
	}
	pointers := make(map[string]*string, len(m))
	for key, value := range m {
		pointers[key] = &value
	}
	return &pointers
}

// List is nil for an empty list.
func List(values []string) *[]*string {
	if len(values) == 0 {
		return nil
	}
	var pointers []*string
	for _, value := range values {
		pointers = append(pointers, &value)
	}
	return &pointers
}
