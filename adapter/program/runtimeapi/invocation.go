package runtimeapi

import (
	"strconv"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// Invocation is one event with what Lambda says about it.
type Invocation struct {
	RequestID     []byte
	FunctionARN   []byte
	TraceID       []byte
	TenantID      []byte
	ClientContext []byte
	Cognito       []byte
	DeadlineMS    int64
	Event         []byte
}

// Deadline is when Lambda ends the invocation, zero if it never does.
func (inv *Invocation) Deadline() time.Time {
	if inv.DeadlineMS <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(inv.DeadlineMS)
}

// AppendContext appends the Lambda context as JSON with the members that AWS
// Lambda Web Adapter sends.
func (inv *Invocation) AppendContext(dst []byte, f *settings.Function) []byte {
	text := func(name string, value []byte) {
		dst = append(append(append(dst, ",\""...), name...), "\":"...)
		if len(value) == 0 {
			dst = append(dst, "null"...)
		} else {
			dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, value))
		}
	}
	object := func(name string, value []byte) {
		dst = append(append(append(dst, ",\""...), name...), "\":"...)
		if len(value) == 0 || !jsontext.Valid(value) {
			dst = append(dst, "null"...)
		} else {
			dst = jsontext.AppendASCII(dst, value)
		}
	}
	dst = append(dst, `{"request_id":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, inv.RequestID))
	dst = append(dst, `,"deadline":`...)
	dst = strconv.AppendInt(dst, inv.DeadlineMS, 10)
	dst = append(dst, `,"invoked_function_arn":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, inv.FunctionARN))
	text("xray_trace_id", inv.TraceID)
	object("client_context", inv.ClientContext)
	object("identity", inv.Cognito)
	dst = append(dst, `,"env_config":{"function_name":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, f.Name))
	dst = append(dst, `,"memory":`...)
	dst = strconv.AppendInt(dst, int64(f.Memory), 10)
	dst = append(dst, `,"version":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, f.Version))
	dst = append(dst, `,"log_stream":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, f.LogStream))
	dst = append(dst, `,"log_group":`...)
	dst = jsontext.AppendASCII(dst, jsontext.AppendString(nil, f.LogGroup))
	dst = append(dst, '}')
	text("tenant_id", inv.TenantID)
	return append(dst, '}')
}
