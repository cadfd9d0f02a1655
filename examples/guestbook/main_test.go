package main

import (
	"os"
	"testing"

	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// The templates that `cdk synth` writes, one for each hosting.
func TestGolden(t *testing.T) {
	for name, hosting := range hostings {
		t.Run(name, func(t *testing.T) {
			webtest.Snapshot(t, newGuestbook(webtest.NewApp(t), hosting))
		})
	}
}
