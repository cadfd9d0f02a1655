package web_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// What all hostings do alike is tested by internal/hostingtest, in the package of each hosting.

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
		field, _, _ := strings.Cut(err.Error(), " ")
		got = append(got, strings.TrimSuffix(field, ":"))
		if strings.HasSuffix(err.Error(), ".") || strings.Contains(err.Error(), "\n") {
			t.Errorf("not one sentence without a period: %q", err)
		}
	}
	want := "Port Environment HealthCheck.Path HealthCheck.Timeout HealthCheck.Timeout Image Image Environment App MinSize ServiceName"
	if fields := strings.Join(got, " "); fields != want {
		t.Errorf("got problems with %s, want %s: %v", fields, want, err)
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
	cause := errors.New("Port must be between 1 and 65535, got 0")
	err := error(&web.InvalidPropsError{Path: "Stack/Site", Err: cause})
	if got, want := err.Error(), "cdkweb: Stack/Site: Port must be between 1 and 65535, got 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}
