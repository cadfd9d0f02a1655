package webtest_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/webtest"
)

// newJobsStack stands for a stack of the app under test.
func newJobsStack(app awscdk.App, id string) awscdk.Stack {
	stack := awscdk.NewStack(app, &id, nil)
	awssqs.NewQueue(stack, new("Queue"), nil)
	return stack
}

// A test of one stack. The package's TestMain is:
//
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }
func ExampleSnapshot() {
	testJobs := func(t *testing.T) { // func TestJobs(t *testing.T)
		webtest.Snapshot(t, newJobsStack(webtest.NewApp(t), "Jobs"))
	}
	_ = testJobs
}

// The example, run.
func TestJobs(t *testing.T) {
	webtest.Snapshot(t, newJobsStack(webtest.NewApp(t), "Jobs"))
}
