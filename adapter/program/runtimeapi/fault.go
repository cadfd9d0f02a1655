package runtimeapi

import "github.com/cdkweb/cdkweb/adapter/program/jsontext"

// Fault is an error in the words of Lambda's error calls.
type Fault struct {
	Kind    string // the error type, such as Adapter.ServerUnreachable
	Message string
}

func (f *Fault) Error() string { return f.Message }

func (f *Fault) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"errorType":`...)
	dst = jsontext.AppendString(dst, f.Kind)
	dst = append(dst, `,"errorMessage":`...)
	dst = jsontext.AppendString(dst, f.Message)
	return append(dst, `,"stackTrace":[]}`...)
}
