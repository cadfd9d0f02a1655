// Command app is the CDK app of all deployments and images here. One process makes many cloud
// assemblies, because most of the time of a synthesis is the start of the CDK. It reads requests, a
// line of JSON each, and writes for each a line of JSON, a string: what went wrong, or nothing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// request asks for a cloud assembly.
type request struct {
	Folder string            // where it goes
	Part   string            // guestbook, needs, talk, front, domains, fixtures or applications
	Values map[string]string // what varies
}

func main() {
	defer jsii.Close()
	requests, responses := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for requests.Scan() {
		var r request
		if err := json.Unmarshal(requests.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		wrong := ""
		if err := r.synth(); err != nil {
			wrong = err.Error()
		}
		if err := responses.Encode(wrong); err != nil {
			log.Fatal(err)
		}
	}
}

// synth returns what the CDK or this library throws.
func (r request) synth() (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &r.Folder})
	switch r.Part {
	case "guestbook":
		guestbook(app, r.Values)
	case "needs":
		needs(app, r.Values)
	case "talk":
		talk(app, r.Values)
	case "front":
		front(app, r.Values)
	case "domains":
		domains(app, r.Values)
	case "fixtures":
		fixtures(app, r.Values["folder"])
	case "applications":
		applications(app)
	default:
		return fmt.Errorf("part must be guestbook, needs, talk, front, domains, fixtures or applications, got %q", r.Part)
	}
	app.Synth(nil)
	return nil
}
