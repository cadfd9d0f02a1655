// Package importer is `cdkweb import`: it reads what AWS Copilot, App Runner and AWS SAM know of a
// service, and writes a CDK app in Go that uses cdkweb. Call [Run].
package importer

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cdkweb/cdkweb/cmd/cdkweb/internal/command"
)

const help = `usage: cdkweb import copilot DIR [flags]
       cdkweb import apprunner FILE... [flags]
       cdkweb import sam FILE [flags]

cdkweb import writes a CDK app in Go that runs a service of AWS Copilot, of App Runner, or of AWS SAM
with AWS Lambda Web Adapter: main.go with a function for each environment, cdk.json, go.mod and a
test that compares templates. What has no equal is a comment at its place in main.go and a line of
the report, which is also in IMPORT.md. Nothing is asked of AWS, and nothing is deployed.

  cdkweb import copilot . --out infra
  aws apprunner describe-service --service-arn ARN > service.json
  cdkweb import apprunner service.json --out infra
  cdkweb import sam template.yaml --out infra

What is read
  copilot DIR      a workspace with a folder copilot, a folder with manifests, or one manifest:
                   Request-Driven Web Services and Load Balanced Web Services
  apprunner FILE   what aws apprunner describe-service prints, and if you have them what
                   describe-auto-scaling-configuration, describe-vpc-connector,
                   describe-observability-configuration and describe-vpc-ingress-connection print
  sam FILE         a SAM template, in YAML or JSON

What is written
  --out DIR        the folder, which must be empty or not there (default cdkweb-app)
  --force          overwrite what is in it
  --dry-run        only print the report
  --module NAME    the name of the Go module (default: of the app)
  --library DIR    a clone of cdkweb, for go.mod
  --hosting NAME   fargate, express, lambda or apprunner, for all services. Default: Load Balanced Web
                   Services are on fargate, functions on lambda. App Runner takes no new customers, so
                   what was there is on express, which has HTTPS without a domain too; or on fargate
                   if it has a domain, is private, or is in a VPC

Of Copilot only
  --environments A,B  these environments (default: those that the manifests name, or else test)
  --app NAME          the name of the application (default: as in copilot/.workspace)

It ends with status 0, also if fields have no equal; 1 if something could not be read or written; and
2 if the flags are wrong.
`

// Run is the command. It returns the status to exit with.
func Run(args []string, stdout, stderr io.Writer) int {
	return command.Run("import", help, args, stdout, stderr, run)
}

// options are the flags.
type options struct {
	from         string // copilot, apprunner, sam
	paths        []string
	out          string
	force        bool
	dryRun       bool
	module       string
	library      string
	hosting      string
	environments []string
	app          string
}

var (
	moduleName = regexp.MustCompile(`^[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$`)
	simpleName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
)

func parse(args []string) (options, error) {
	var o options
	var environments string
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.out, "out", "cdkweb-app", "")
	flags.BoolVar(&o.force, "force", false, "")
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.StringVar(&o.module, "module", "", "")
	flags.StringVar(&o.library, "library", "", "")
	flags.StringVar(&o.hosting, "hosting", "", "")
	flags.StringVar(&environments, "environments", "", "")
	flags.StringVar(&o.app, "app", "", "")
	var words []string
	for { // flags may stand between the words
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return o, err
			}
			return o, command.Usage(err)
		}
		if args = flags.Args(); len(args) == 0 {
			break
		}
		words, args = append(words, args[0]), args[1:]
	}
	if len(words) == 0 {
		return o, command.Usage(errors.New("say what to import: copilot, apprunner or sam"))
	}
	o.from, o.paths = words[0], words[1:]
	if o.from == "help" {
		return o, flag.ErrHelp
	}
	bad := func(format string, values ...any) error { return command.Usage(fmt.Errorf(format, values...)) }
	switch {
	case !slices.Contains([]string{"copilot", "apprunner", "sam"}, o.from):
		return o, bad("%q cannot be imported: copilot, apprunner or sam can", o.from)
	case len(o.paths) == 0:
		return o, bad("name what to read: cdkweb import %s %s", o.from, map[string]string{"copilot": "DIR"}[o.from]+map[bool]string{true: "FILE"}[o.from != "copilot"])
	case len(o.paths) > 1 && o.from != "apprunner":
		return o, bad("import one at a time: %s is one too many", o.paths[1])
	case o.hosting != "" && !slices.Contains(hostings, o.hosting):
		return o, bad("--hosting must be fargate, express, lambda or apprunner, got %q", o.hosting)
	case o.module != "" && !moduleName.MatchString(o.module):
		return o, bad("--module must be the name of a Go module, such as example.com/shop, got %q", o.module)
	case o.library != "" && !isLibrary(o.library):
		return o, bad("--library must be a clone of cdkweb, whose go.mod is that of the module %s, got %s", module, o.library)
	case o.out == "":
		return o, bad("--out must be a folder")
	case o.app != "" && !simpleName.MatchString(o.app):
		return o, bad("--app must be the name of a Copilot application, got %q", o.app)
	case o.from != "copilot" && (o.app != "" || environments != ""):
		return o, bad("--app and --environments are for Copilot")
	}
	if environments != "" {
		for _, name := range strings.Split(environments, ",") {
			if !simpleName.MatchString(name) {
				return o, bad("--environments must be names with commas between them, got %q", environments)
			}
			if !slices.Contains(o.environments, name) {
				o.environments = append(o.environments, name)
			}
		}
	}
	return o, nil
}

// isLibrary reports whether a folder has this module.
func isLibrary(folder string) bool {
	content, err := readFile(filepath.Join(folder, "go.mod"))
	first, _, _ := strings.Cut(string(content), "\n")
	return err == nil && strings.TrimSpace(first) == "module "+module
}

func run(args []string, stdout, stderr io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	a, err := read(o)
	if err != nil {
		return err
	}
	files, err := a.build(o)
	if err != nil {
		return err
	}
	if !o.dryRun {
		fmt.Fprintf(stderr, "cdkweb import: writing %d files into %s\n", len(files), o.out)
		if err := write(o.out, files, o.force); err != nil {
			return err
		}
	}
	for _, f := range files {
		if f.name == "IMPORT.md" {
			_, err := io.WriteString(stdout, f.content)
			return err
		}
	}
	return nil
}

// read reads what the flags name.
func read(o options) (*app, error) {
	switch o.from {
	case "copilot":
		return readCopilot(filepath.Clean(o.paths[0]), o)
	case "apprunner":
		return readAppRunner(o)
	}
	return readSAM(o)
}

// build makes the files of the program.
func (a *app) build(o options) ([]file, error) {
	a.finish(o)
	// What is left out while the program is written has to be in the report too.
	for _, e := range a.environments {
		e.body()
		e.outputs = slices.DeleteFunc(e.outputs, func(o output) bool { return o.own })
		for _, s := range e.services {
			if !s.named {
				s.v = ""
			}
			s.notes = distinct(s.notes)
		}
	}
	return a.output(o)
}

func distinct(notes []note) []note {
	var all []note
	for _, n := range notes {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}
