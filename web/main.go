package web

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/cdkweb/cdkweb/internal/check"
)

// Main is the main function of a CDK app: it makes the app, calls define, synthesizes, and ends the
// CDK's Node process.
//
//	func main() { web.Main(newApp) }
//
//	func newApp(app awscdk.App) {
//		stack := awscdk.NewStack(app, new("Shop"), nil)
//		…
//
// If define or the synthesis panics with an error, as constructs do, Main prints the error with the
// file and line of the call that caused it, and exits with status 1. A panic that is a mistake in
// Go, such as a nil dereference, keeps its stack trace.
func Main(define func(app awscdk.App)) { os.Exit(run(define, os.Stderr)) }

func run(define func(app awscdk.App), stderr io.Writer) (status int) {
	defer jsii.Close()
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprint(stderr, explain(r))
			status = 1
		}
	}()
	app := awscdk.NewApp(nil)
	define(app)
	app.Synth(nil)
	return 0
}

// explain says what a panic was about. It is called while the panic's stack is there.
func explain(panicked any) string {
	err, isError := panicked.(error)
	if _, mistake := panicked.(runtime.Error); mistake || !isError {
		if text, ok := panicked.(string); ok && !mistake { // some of jsii's errors
			return fmt.Sprintf("%s%s\n", caller(), firstLines(text))
		}
		return fmt.Sprintf("panic: %v\n\n%s", panicked, debug.Stack())
	}
	var invalid *InvalidPropsError
	if !errors.As(err, &invalid) {
		return fmt.Sprintf("%s%s\n", caller(), firstLines(err.Error()))
	}
	if len(invalid.Problems) == 1 {
		return fmt.Sprintf("%s%s: %s\n", caller(), invalid.Path, invalid.Problems[0].Error())
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s%s has %d problems:\n", caller(), invalid.Path, len(invalid.Problems))
	for _, problem := range invalid.Problems {
		fmt.Fprintf(&text, "  %s\n", problem.Error())
	}
	return text.String()
}

// firstLines leaves the stack trace of the CDK's own JavaScript out of an error.
func firstLines(text string) string {
	text, _, _ = strings.Cut(text, "\n    at ")
	return strings.TrimSpace(text)
}

// library are the packages that a user's call goes through on its way to a panic.
var library = []string{
	"runtime.",
	"reflect.",
	"sync.",
	"panic",
	"github.com/aws/",
	"github.com/cdkweb/cdkweb/",
}

// caller is the file and line of the user's call that panicked, as compilers write them, or nothing
// if there is none.
func caller() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		ours := slices.ContainsFunc(
			library,
			func(prefix string) bool { return strings.HasPrefix(frame.Function, prefix) },
		)
		if !ours && frame.File != "" {
			return fmt.Sprintf("%s:%d: ", relative(frame.File), frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// relative is a file as seen from the working directory, if it is below it.
func relative(file string) string {
	if dir, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return file
}

// HostingOf returns the hosting that the app's context names: `cdk deploy -c hosting=lambda`, or in
// cdk.json
//
//	{"app": "go run .", "context": {"hosting": "lambda"}}
//
// It panics with an [*InvalidPropsError] that lists the known names if the context names none of
// them.
func HostingOf(app awscdk.App, hostings map[string]Hosting) Hosting {
	const key = "hosting"
	got := app.Node().TryGetContext(new(key))
	name, _ := got.(string)
	hosting, known := hostings[name]
	if known && !isNil(hosting) {
		return hosting
	}
	names := slices.Sorted(maps.Keys(hostings))
	problem := Problem{Field: `the context "` + key + `"`, Message: "must be " + check.Or(names), Got: got}
	switch {
	case len(names) == 0:
		problem = Problem{Field: "hostings", Message: "must not be empty"}
	case known:
		problem = Problem{Field: fmt.Sprintf("hostings[%q]", name), Message: "must not be nil"}
	case got == nil && os.Getenv("CDK_OUTDIR") == "":
		problem.Message = "is not known, because this program was not started by the CDK"
		problem.Fix = "run it with cdk synth, not by itself"
	case got == nil:
		problem.Message = "is not set; it must be " + check.Or(names)
		fallthrough
	default:
		example := names[0]
		if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
			example = names[i]
		}
		problem.Fix = fmt.Sprintf("set it with -c %s=%s, or under \"context\" in cdk.json", key, example)
	}
	panic(&InvalidPropsError{Path: "App", Problems: []Problem{problem}})
}
