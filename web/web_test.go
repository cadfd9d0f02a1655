package web_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// What every hosting must do is tested by web/hostingtest, in the package of each hosting.

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// everythingWrong breaks each rule that can be broken without a stack.
var everythingWrong = &web.ServiceProps{
	Workload: web.Workload{
		Image:       webimage.Go("./nowhere", &webimage.GoOptions{Architecture: "mips"}),
		Port:        70000,
		Environment: map[string]string{"PORT": "1", "AWSAPPRUNNER_A": "x"},
		HealthCheck: web.HealthCheck{Path: "healthz", Timeout: time.Minute},
	},
	Hosting: apprunnerweb.Hosting{CPU: apprunnerweb.OneVCPU, Memory: apprunnerweb.TwelveGB, MinSize: 5, MaxSize: 2, ServiceName: "my site"},
}

func TestValidateReportsEverything(t *testing.T) {
	err := everythingWrong.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want joined errors", err)
	}
	var got []string
	for _, err := range joined.Unwrap() {
		problem, ok := errors.AsType[web.Problem](err)
		if !ok {
			t.Fatalf("got a %T, want a web.Problem", err)
		}
		got = append(got, problem.Field)
		if text := problem.Error(); strings.HasSuffix(text, ".") || strings.Contains(text, "\n") || !strings.HasPrefix(text, problem.Field) {
			t.Errorf("not one sentence about the field without a period: %q", text)
		}
	}
	want := []string{"Workload.Port", "Workload.HealthCheck.Path", "Workload.HealthCheck.Timeout", "Workload.Image", "Workload.Image",
		"Hosting.Memory", "Hosting.MinSize", "Hosting.ServiceName", `Workload.Environment["AWSAPPRUNNER_A"]`, `Workload.Environment["PORT"]`}
	if !slices.Equal(got, want) {
		t.Errorf("got problems with %q, want %q: %v", got, want, err)
	}
}

// The checks need no Node: a test that calls Validate is as fast as any Go test.
func TestValidateWithoutNode(t *testing.T) {
	if os.Getenv("CDKWEB_TEST_WITHOUT_NODE") != "" {
		if everythingWrong.Validate() == nil {
			t.Error("nothing was found")
		}
		good := &web.ServiceProps{Workload: web.Workload{Image: webimage.Go("./examples/guestbook/server", nil)}, Hosting: lambdaweb.Hosting{}}
		if err := good.Validate(); err != nil {
			t.Errorf("good props are refused: %v", err)
		}
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestValidateWithoutNode$")
	command.Env = append(os.Environ(), "CDKWEB_TEST_WITHOUT_NODE=1", "JSII_NODE=/nowhere/node")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestInvalidPropsError(t *testing.T) {
	cause := errors.New("it broke")
	err := error(&web.InvalidPropsError{Path: "Stack/Site", Problems: []web.Problem{
		{Field: "Workload.Port", Message: "must be between 1 and 65535", Got: 0},
		{Field: "Workload.Image", Err: cause},
		{Field: "Hosting.Name", Message: "must be short", Got: "long", Fix: "shorten it"},
	}})
	want := "cdkweb: Stack/Site: Workload.Port must be between 1 and 65535, got 0\nWorkload.Image: it broke\n" +
		`Hosting.Name must be short, got "long"; shorten it`
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if problem, ok := errors.AsType[web.Problem](err); !ok || problem.Got != 0 {
		t.Errorf("got problem %+v, want the first", problem)
	}
}
