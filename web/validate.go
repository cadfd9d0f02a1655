package web

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/webimage"
)

// The warnings that any service may carry, by their ids for Annotations.AcknowledgeWarning.
const (
	// HealthCheckWarning is about fields of the health check that the hosting ignores.
	HealthCheckWarning = "cdkweb:health-check-ignored"

	// HealthCheckRootWarning is about a health check without a path on a hosting that then asks for
	// /.
	HealthCheckRootWarning = "cdkweb:health-check-root"

	// AdapterWarning is about an image that is not known to hold the adapter which the hosting
	// needs.
	AdapterWarning = "cdkweb:image-adapter"

	// RegionWarning is about an image in another region, which the hosting may not pull.
	RegionWarning = "cdkweb:image-region"

	// PortWarning is about an image that exposes other ports than the workload's.
	PortWarning = "cdkweb:image-port"

	// LowPortWarning is about a port that the image's user may not listen on.
	LowPortWarning = "cdkweb:low-port"

	// RoleWarning is about a role that the hosting cannot assume.
	RoleWarning = "cdkweb:role-trust"

	// ImmutableRoleWarning is about a role that takes no policies, so that a grant is lost.
	ImmutableRoleWarning = "cdkweb:role-immutable"

	// LogKeyWarning, cdkweb:log-key-policy, is about a key for logs whose policy the app cannot
	// change.
	LogKeyWarning = cdk.LogKeyWarning

	// TableWarning is about a table in another account or region.
	TableWarning = "cdkweb:table-elsewhere"

	// BucketWarning is about a bucket in another account or region.
	BucketWarning = "cdkweb:bucket-elsewhere"

	// QueueWarning is about a queue in another account or region.
	QueueWarning = "cdkweb:queue-elsewhere"

	// TopicWarning is about a topic in another account or region.
	TopicWarning = "cdkweb:topic-elsewhere"
)

// validate checks props, for a stack and a path in the tree if there are. Nothing is made.
func validate(props *ServiceProps, place *place, path string) *Check {
	c := &Check{
		Given:    props.Workload,
		Workload: props.Workload.withDefaults(),
		Target:   place.target,
		Stack:    place.stack,
		Private:  props.Private,
		WebACL:   props.WebACL,
		own:      map[string]string{},

		AllowFrom: slices.Clone(props.AllowFrom),
	}
	if props.Domain != nil {
		domain := *props.Domain
		c.Domain = &domain
	}
	if !isNil(props.Hosting) {
		c.platform = props.Hosting.Platform()
	}
	if c.platform != nil && c.platform.ID == "" {
		c.platform = nil
	}
	if c.platform != nil && path != "" {
		c.Scope = path + "/" + c.platform.ID
	}
	c.checkWorkload()
	c.checkHealthCheck()
	c.checkNetwork()
	c.checkImage()
	switch {
	case isNil(props.Hosting):
		c.Problem(Problem{
			Field:   "Hosting",
			Message: "is required",
			Fix:     "set it to lambdaweb.Hosting{}, fargateweb.Hosting{}, ecsweb.Hosting{} or apprunnerweb.Hosting{}",
		})
	case c.platform == nil:
		c.Problem(Problem{
			Field:   "Hosting",
			Message: fmt.Sprintf("%T is incomplete: its Platform must return one with an ID", props.Hosting),
		})
	default:
		c.checkPlatform()
		c.checkDomain()
		c.checkDomainTaken()
		c.checkAccess()
		props.Hosting.Check(c)
		if c.Domain != nil {
			c.SetVariable(PublicURLVariable, c.Domain.URL())
		}
	}
	c.checkVariables()
	c.checkSecrets()
	return c
}

const maxPort = 65535

// checkWorkload finds what no hosting could live with.
func (c *Check) checkWorkload() {
	w := &c.Workload
	c.list.Between("Workload.Port", w.Port, 1, maxPort, "")
	if len(w.Command) > 0 && w.Command[0] == "" {
		c.Problem(Problem{
			Field:   "Workload.Command",
			Message: "must not start with an empty string",
			Fix:     "leave it out to run the image's own",
		})
	}
	for i, argument := range w.Command {
		if !isText(argument) {
			c.Problem(Problem{
				Field:   fmt.Sprintf("Workload.Command[%d]", i),
				Message: "must be UTF-8 text without NUL",
				Got:     argument,
			})
		}
	}
	if timeout := w.Needs.RequestTimeout; timeout > 0 && timeout < time.Millisecond {
		c.Problem(Problem{
			Field:   "Workload.Needs.RequestTimeout",
			Message: "must be at least 1ms",
			Got:     timeout,
			Fix:     fmt.Sprintf("write %d * time.Second, for instance", timeout.Nanoseconds()),
		})
	}
	for _, need := range []struct {
		field    string
		negative bool
		got      any
	}{
		{"RequestTimeout", w.Needs.RequestTimeout < 0, w.Needs.RequestTimeout},
		{"RequestSize", w.Needs.RequestSize < 0, w.Needs.RequestSize},
		{"ResponseSize", w.Needs.ResponseSize < 0, w.Needs.ResponseSize},
	} {
		if need.negative {
			c.Problem(Problem{
				Field:   "Workload.Needs." + need.field,
				Message: "must not be negative",
				Got:     need.got,
				Fix:     "leave it out if any will do",
			})
		}
	}
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// checkImage finds what is wrong with the image by itself, and what is known of it.
func (c *Check) checkImage() {
	image := c.Workload.Image
	if image == nil {
		c.Problem(Problem{
			Field:   "Workload.Image",
			Message: "is required",
			Fix:     `set it to webimage.Go("./server", nil) or webimage.Dockerfile("./server", nil), for instance`,
		})
		return
	}
	if err := image.Validate(); err != nil {
		for _, err := range each(err) {
			c.Problem(Problem{Field: "Workload.Image", Err: err})
		}
		return // what a hosting says of a broken image would be guesswork; it still checks everything else
	}
	facts := image.Facts()
	if facts.Architecture == "" {
		facts.Architecture = webimage.X86_64
	}
	c.list.OneOf("Workload.Image: Architecture", string(facts.Architecture),
		[]string{string(webimage.X86_64), string(webimage.ARM64)})
	c.Image = &facts
}

// each returns the errors that errors.Join joined, or the one.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// checkPlatform finds what AWS does not promise of the place.
func (c *Check) checkPlatform() {
	p := c.platform
	if !p.Regions.Has(c.Target.Region) {
		c.Problem(Problem{
			Field:   "Hosting",
			Message: fmt.Sprintf("is %s, which does not exist in %s", p.Name, c.Target.Region),
			Fix: fmt.Sprintf(
				"choose %s, or another region for the stack",
				platform.In(c.Target.Region),
			),
		})
	}
	for _, missing := range p.Missing(c.Workload.Needs) {
		c.Problem(Problem{
			Field:   "Workload.Needs." + missing.Need,
			Message: missing.Message,
			Fix:     missing.Fix,
		})
	}
	if least := p.Ports.Least; c.Workload.Port >= 1 && c.Workload.Port < least {
		c.Problem(Problem{
			Field: "Workload.Port",
			Message: fmt.Sprintf(
				"must be at least %d on %s, where a server may not listen on lower ones",
				least,
				p.ServiceName(),
			),
			Got: c.Workload.Port,
			Fix: "let the server listen on the variable PORT",
		})
	}
	if who := p.Ports.Taken[c.Workload.Port]; who != "" {
		c.Problem(Problem{
			Field:   "Workload.Port",
			Message: fmt.Sprintf("is the port of %s", who),
			Got:     c.Workload.Port,
			Fix:     "choose another",
		})
	}
	if p.HealthCheck.Root && c.Given.HealthCheck.Path == "" {
		c.Warn(
			HealthCheckRootWarning,
			fmt.Sprintf(
				"HealthCheck.Path is not set, so %s asks for / and needs status 200: otherwise the deployment fails. "+
					"Set HealthCheck.Path to one whose response always has status 200",
				p.Name,
			),
		)
	}
	if c.Image != nil {
		c.checkImageRules(*c.Image)
		if p.Ports.Root && c.Image.NotRoot && c.Workload.Port >= 1 && c.Workload.Port < 1024 {
			c.Warn(
				LowPortWarning,
				fmt.Sprintf(
					"Workload.Port is %d, and only root can listen on ports below 1024 on %s, which the server of this image is not: "+
						"let it listen on the variable PORT, and leave Workload.Port out",
					c.Workload.Port,
					p.ServiceName(),
				),
			)
		}
	}
}

// checkImageRules finds what the place cannot run.
func (c *Check) checkImageRules(image webimage.Facts) {
	if port := c.Workload.Port; len(image.Exposed) > 0 && !slices.Contains(image.Exposed, port) {
		var exposed []string
		for _, port := range image.Exposed {
			exposed = append(exposed, strconv.Itoa(port))
		}
		c.Warn(
			PortWarning,
			fmt.Sprintf(
				"the image exposes %s, but Workload.Port is %d: requests go to %[2]d, which the server also finds in the variable PORT. "+
					"Set Workload.Port if it listens elsewhere",
				check.And(exposed),
				port,
			),
		)
	}
	p := c.platform
	report := func(message, fix string) { c.Problem(Problem{Field: "Workload.Image", Message: message, Fix: fix}) }
	const build = "build it with webimage.Dockerfile (FROM that image), or copy it to a repository of your own"
	switch {
	case image.Registry == webimage.OtherRegistry && !p.Images.Other:
		report(
			fmt.Sprintf("is in a registry outside of AWS, from which %s cannot pull", p.Name),
			build,
		)
	case image.Registry == webimage.ECRPublic && !p.Images.Public:
		report(
			fmt.Sprintf(
				"is in Amazon ECR Public, but %s runs images from private ECR only",
				p.Name,
			),
			build,
		)
	}
	if image.Architecture == webimage.ARM64 && !p.ARM64.Can {
		report(
			fmt.Sprintf("is for arm64, but %s runs x86-64 images only", p.Name),
			"build it with webimage.X86_64, or choose "+platform.Can(
				func(p *platform.Platform) platform.Ability { return p.ARM64 },
			),
		)
	}
	if p.Images.OwnRegion && !image.InRegion(c.Target.Region) {
		report(
			fmt.Sprintf(
				"is in %s, but %s pulls from the service's own region %s only",
				image.Region,
				p.Name,
				c.Target.Region,
			),
			"replicate the repository to "+c.Target.Region,
		)
	}
	if p.Images.AnyRegionUnknown && !image.InRegion(c.Target.Region) {
		c.Warn(
			RegionWarning,
			fmt.Sprintf(
				"the image is in %s, and AWS does not say whether %s pulls from another region than the service's own %s: "+
					"replicate the repository to be sure",
				image.Region,
				p.Name,
				c.Target.Region,
			),
		)
	}
	if !p.Images.Adapter {
		return
	}
	switch image.Adapter {
	case webimage.NoAdapter:
		report(
			fmt.Sprintf("has no adapter (webimage.NoAdapter), so it cannot serve requests on %s", p.Name),
			"leave the option Adapter out, or choose another hosting",
		)
	case webimage.UnknownAdapter:
		c.Warn(
			AdapterWarning,
			fmt.Sprintf(
				"the image was not built here, and %s needs an adapter in its /opt/extensions: without one, every start fails. "+
					"If it has one, say so: &webimage.ExistingOptions{Adapter: webimage.OwnAdapter}",
				p.Name,
			),
		)
	}
}

// checkVariables checks all variables that there are before the service is made.
func (c *Check) checkVariables() {
	var unwrapped map[string]*Problem
	unwrapped, c.unsure = c.unwrapped(c.Workload.Environment)
	for _, name := range slices.Sorted(maps.Keys(c.Workload.Environment)) {
		problem := c.variable(name, c.Workload.Environment[name])
		if problem == nil {
			problem = unwrapped[name]
		}
		if problem != nil {
			problem.Field = fmt.Sprintf("Workload.Environment[%q]", name)
			c.Problem(*problem)
		}
	}
	c.checkUnwrappedCommand()
	if problem := c.variablesSize(c.variables(), c.Workload.Secrets); problem != nil {
		problem.Field = "Workload.Environment"
		if len(c.Workload.Environment) == 0 {
			problem.Field = "Workload.Secrets"
		}
		c.Problem(*problem)
	}
}

// variables returns the service's environment: what the hosting writes, what the workload sets over it, and PORT.
func (c *Check) variables() map[string]string {
	all := maps.Clone(c.own)
	maps.Copy(all, c.Workload.Environment)
	all[portVariable] = strconv.Itoa(c.Workload.Port)
	return all
}

const portVariable = "PORT"

// variable reports why a variable of the user's cannot be set. The problem has no field, and never the value.
func (c *Check) variable(name, value string) *Problem {
	if problem := c.variableName(name); problem != nil {
		return problem
	}
	switch {
	case !isText(value):
		return &Problem{
			Message: "must be UTF-8 text without NUL",
			Fix:     "encode it, for instance as base64",
		}
	case isSecretReference(value):
		return secretProblem()
	}
	for _, rule := range c.rules {
		if problem := rule(name, value); problem != nil {
			return problem
		}
	}
	return nil
}

// variableName reports why no variable of the user's can have a name. The problem has no field.
func (c *Check) variableName(name string) *Problem {
	switch {
	case name == "":
		return &Problem{Message: "must have a name"}
	case token.In(name):
		return &Problem{Message: "must have a literal name, without CDK tokens"}
	case !isText(name) || strings.ContainsFunc(name, func(r rune) bool { return r == '=' || unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return &Problem{
			Message: "must have a name without '=', white space and invisible characters",
		}
	case name == portVariable:
		return &Problem{Message: "is set from Workload.Port", Fix: "set that instead"}
	case strings.HasPrefix(name, secretVariable):
		return &Problem{
			Message: fmt.Sprintf("must not begin with %s, which tells the adapter where a secret is", secretVariable),
			Fix:     "set Workload.Secrets instead, or choose another name",
		}
	}
	if c.platform == nil {
		return nil
	}
	rules := c.platform.Variables
	switch {
	case rules.IsReserved(name):
		return &Problem{
			Message: fmt.Sprintf("is set by %s itself", c.platform.ServiceName()),
			Fix:     "choose another name",
		}
	case rules.Name != nil && !rules.Name.MatchString(name):
		return &Problem{
			Message: fmt.Sprintf(
				"must, on %s, have a name of %s",
				c.platform.ServiceName(),
				rules.NameWords,
			),
		}
	}
	return nil
}

// variablesSize reports variables that are too large together. The problem has no field.
func (c *Check) variablesSize(
	variables map[string]string,
	secrets map[string]Secret,
) *Problem {
	if c.platform == nil || c.platform.Variables.MaxSize == 0 {
		return nil
	}
	size, users, references := 0, 0, 0
	for name, value := range variables {
		n := len(name) + len(token.Without(value))
		size += n
		_, ours := c.own[name]
		if _, theirs := c.Workload.Environment[name]; theirs || !ours && name != portVariable {
			users += n
		}
	}
	if c.platform.Variables.References {
		references = referencesSize(secrets)
		size, users = size+references, users+references
	}
	most := c.platform.Variables.MaxSize
	if size <= most {
		return nil
	}
	got, fix := fmt.Sprint(users), "put what is large into the image, a table or a parameter"
	if references > users-references {
		got += fmt.Sprintf(", of which %d are references to secrets,", references)
		fix = "let the server read some of the secrets itself"
	}
	return &Problem{
		Message: fmt.Sprintf(
			"must not have more than %d bytes in all names and values on %s, got %s and %d of PORT and the hosting's own",
			most,
			c.platform.ServiceName(),
			got,
			size-users,
		),
		Fix: fix,
	}
}

// isNil reports whether an interface holds nothing, or a nil pointer.
func isNil(value any) bool {
	pointer := reflect.ValueOf(value)
	return value == nil || pointer.Kind() == reflect.Pointer && pointer.IsNil()
}
