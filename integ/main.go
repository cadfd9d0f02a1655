package main

import (
	"fmt"
	"os"
	"time"

	"github.com/cdkweb/cdkweb/integ/fixture"
)

func main() {
	d := &docker{environment: append(os.Environ(), fixture.SecretVariable+"="+fixture.Secret)}
	rie := "/tmp/integ-tmp/rie/x/samcli/local/rapid/aws-lambda-rie-x86_64"
	switch os.Args[1] {
	case "site":
		fmt.Println(newSite(os.Args[2], nil).visit(guestbookChecks("examples/guestbook/server/logo.png")))
	case "rie":
		for _, f := range frontEnds {
			begin := time.Now()
			fmt.Println(f, newSite("http://gateway.example", &emulated{f, os.Args[2]}).visit(guestbookChecks("examples/guestbook/server/logo.png")), time.Since(begin))
		}
	case "fixtures":
		assets, err := imageAssets("/tmp/integ-tmp/out-images", "Images")
		fmt.Println(err, len(assets))
		for _, f := range fixture.All {
			for _, buildKit := range []bool{true, false} {
				if f.BuildKit && !buildKit {
					continue
				}
				begin := time.Now()
				err := buildFixture(d, rie, f, assets[fixtureFolder("/tmp/integ-tmp/fixtures", f.Name)], buildKit)
				fmt.Println(f.Name, buildKit, time.Since(begin).Round(time.Millisecond), err)
			}
		}
	}
}
