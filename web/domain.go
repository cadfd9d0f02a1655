package web

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// Domain is a host name of yours: of a service, or of a front (package webfront).
type Domain struct {
	// Name is the host name: "shop.example.com". Required.
	Name string

	// Zone is the hosted zone of Route 53 that Name belongs to. Records that lead to the service are
	// made in it. Without one, make a record of your own: see docs/front.md.
	// Optional. Default: no records are made.
	Zone awsroute53.IHostedZone

	// Certificate of AWS Certificate Manager for Name: in the region of the service, and for a
	// front in us-east-1. Required if there is no Zone.
	// Optional. Default: a new one, which AWS validates by a record in Zone. It takes minutes at
	// the first deployment.
	Certificate awscertificatemanager.ICertificate
}

// PublicURLVariable is the environment variable with the URL of the service's domain, or of the
// domain of the front above it. A variable of this name that the workload has itself wins.
const PublicURLVariable = "PUBLIC_URL"

// maxCertificateName is the limit of the first name of a certificate (ACM, "RequestCertificate").
const (
	maxHostName        = 253
	maxCertificateName = 64
)

var hostName = regexp.MustCompile(
	`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})$`,
)

// Problems are those of a domain. Their fields begin with field: "Domain". A nil domain has none.
func (d *Domain) Problems(field string) []Problem {
	if d == nil {
		return nil
	}
	var problems []Problem
	report := func(name, message, fix string, got any) {
		problems = append(
			problems,
			Problem{Field: field + "." + name, Message: message, Fix: fix, Got: got},
		)
	}
	zone, certificate := !isNil(d.Zone), !isNil(d.Certificate)
	valid := len(d.Name) <= maxHostName && hostName.MatchString(d.Name)
	switch {
	case d.Name == "":
		report("Name", "is required", `set it to a host name such as "shop.example.com"`, nil)
	case token.In(d.Name):
	case !valid:
		report("Name", "must be a host name such as shop.example.com", domainFix(d.Name), d.Name)
	case !certificate && len(d.Name) > maxCertificateName:
		report("Name", fmt.Sprintf("must have %d characters at most for a certificate that is made here",
			maxCertificateName), "choose a shorter one, or set Certificate to one that has it as "+
			"an alternative name", d.Name)
	}
	if !zone && !certificate {
		report("Zone", "or Certificate is required: a certificate is validated by records of a zone",
			`look the zone up with awsroute53.HostedZone_FromLookup, or set Certificate`, nil)
	}
	if zone && !certificate && isPrivate(d.Zone) {
		report("Zone", "is private, where AWS validates no certificate",
			"set Certificate to one that is validated in a public zone", nil)
	}
	if zone && valid {
		if name := token.Literal(zoneName(d.Zone)); name != "" && name != d.Name &&
			!strings.HasSuffix(d.Name, "."+name) {
			report("Zone", "must be the one that Name belongs to, "+d.Name,
				"choose that one, or a Name in this one", name)
		}
	}
	return problems
}

// isPrivate reports whether a zone is of VPCs. Of an imported one it is not known.
func isPrivate(zone awsroute53.IHostedZone) bool {
	resource, ok := zone.Node().DefaultChild().(awsroute53.CfnHostedZone)
	return ok && awscdk.Stack_Of(zone).Resolve(resource.Vpcs()) != nil
}

// zoneName is the name of a zone without a dot at the end; empty if it is not known.
func zoneName(zone awsroute53.IHostedZone) (name string) {
	defer func() {
		if recover() != nil { // the CDK's way to say that it was imported without its name
			name = ""
		}
	}()
	return strings.TrimSuffix(*zone.ZoneName(), ".")
}

// domainFix says what to do about what is no host name.
func domainFix(name string) string {
	switch lower := strings.ToLower(name); {
	case strings.Contains(name, "://"):
		return "leave the scheme and the path out"
	case strings.HasPrefix(name, "*"):
		return "write one name; a certificate for the pattern can be its Certificate"
	case strings.HasSuffix(name, "."):
		return "leave the dot at the end out"
	case strings.Contains(name, ":"):
		return "leave the port out"
	case strings.Contains(name, "/"):
		return "leave the path out"
	case lower != name && hostName.MatchString(lower):
		return fmt.Sprintf("write %q", lower)
	case strings.ContainsFunc(name, func(r rune) bool { return r > 127 }):
		return "write it in Punycode: xn--…"
	}
	return ""
}

// URL is the address of the domain.
func (d *Domain) URL() string { return "https://" + d.Name }

// DomainDefinition is a domain that a hosting's own front answers by.
type DomainDefinition struct {
	// Name is the host name. It may hold tokens.
	Name string

	// Certificate for it, in the service's region.
	Certificate awscertificatemanager.ICertificate

	// Scope is a construct beside the hosting's, for what belongs to the name and must not be
	// replaced when the hosting changes: there can be only one of it.
	Scope constructs.Construct
}

// Alias is what the records of a domain lead to.
type Alias struct {
	Target awsroute53.IAliasRecordTarget

	// IPv6 says that the target has IPv6 addresses, too.
	IPv6 bool

	// After is what the records wait for, beside everything below the hosting's construct, so that a
	// switch leads clients to what is ready. Optional.
	After []constructs.IDependable
}

// checkDomain checks the domain, and whether the hosting can have one.
func (c *Check) checkDomain() {
	d := c.Domain
	if d == nil {
		return
	}
	fix := "put a front above the service: webfront.NewFront, with this Domain"
	if c.platform.NoClients {
		fix = ""
	}
	c.able("Domain", c.platform.Domain, domainOf, fix)
	for _, problem := range d.Problems("Domain") {
		c.Problem(problem)
	}
	if isNil(d.Certificate) || c.Target.Region == "" {
		return
	}
	if region := CertificateRegion(d.Certificate); region != "" && region != c.Target.Region {
		c.Problem(Problem{
			Field:   "Domain.Certificate",
			Message: "must be in " + c.Target.Region + ", the region of the service",
			Got:     region,
			Fix:     "make one there; one for CloudFront, in us-east-1, is another",
		})
	}
}

// CertificateRegion is where a certificate is; empty if that is not known. It is for package
// webfront.
func CertificateRegion(certificate awscertificatemanager.ICertificate) string {
	if arn := *certificate.CertificateArn(); !token.In(arn) { // an imported one is where its ARN says
		if parts := strings.Split(arn, ":"); len(parts) > 3 {
			return parts[3]
		}
	}
	return token.Literal(*certificate.Env().Region)
}

// defineDomain makes what belongs to the domain and comes before the hosting: its certificate. The
// ids do not tell the hosting, so that a switch keeps them.
func (s *Service) defineDomain() *DomainDefinition {
	d := s.check.Domain
	if d == nil {
		return nil
	}
	scope := constructs.NewConstruct(s, new("Domain"))
	return &DomainDefinition{Name: d.Name, Certificate: d.certificate(scope), Scope: scope}
}

// certificate is the user's, or a new one that is validated in the zone.
func (d *Domain) certificate(scope constructs.Construct) awscertificatemanager.ICertificate {
	if !isNil(d.Certificate) {
		return d.Certificate
	}
	return awscertificatemanager.NewCertificate(
		scope,
		new("Certificate"),
		&awscertificatemanager.CertificateProps{
			DomainName: &d.Name,
			Validation: awscertificatemanager.CertificateValidation_FromDns(d.Zone),
		},
	)
}

// Records makes the records of a domain, if it has a zone. Their ids are A and AAAA.
func (d *Domain) Records(scope constructs.Construct, to Alias) {
	if isNil(d.Zone) {
		return
	}
	target := awsroute53.RecordTarget_FromAlias(to.Target)
	records := []constructs.IConstruct{awsroute53.NewARecord(scope, new("A"), &awsroute53.ARecordProps{
		Zone: d.Zone, RecordName: new(d.recordName()), Target: target,
	})}
	if to.IPv6 {
		records = append(records, awsroute53.NewAaaaRecord(scope, new("AAAA"), &awsroute53.AaaaRecordProps{
			Zone: d.Zone, RecordName: new(d.recordName()), Target: target,
		}))
	}
	for _, record := range records {
		record.Node().AddDependency(to.After...)
	}
}

// recordName has a dot at the end, so that the CDK adds no name of a zone.
func (d *Domain) recordName() string { return d.Name + "." }

// defineRecords lets the domain lead to what the hosting made.
func (s *Service) defineRecords(definition *DomainDefinition) {
	if definition != nil {
		to := s.made.Alias
		to.After = append(slices.Clone(to.After), s.Node().FindChild(&s.check.platform.ID))
		s.check.Domain.Records(definition.Scope, to)
	}
}

// domains are the host names of services and fronts, by stack: two of one name cannot be deployed.
var domains = map[takenDomain]string{}

type takenDomain struct {
	stack awscdk.Stack
	name  string
}

// checkDomainTaken reports a domain of another service of the stack.
func (c *Check) checkDomainTaken() {
	if c.Domain == nil || c.Stack == nil || token.In(c.Domain.Name) {
		return
	}
	if other, ok := domains[takenDomain{c.Stack, c.Domain.Name}]; ok {
		c.Problem(*takenProblem("Domain.Name", c.Domain.Name, other))
	}
}

func takenProblem(field, name, other string) *Problem {
	return &Problem{
		Field:   field,
		Message: "is the domain of " + other + " already",
		Got:     name,
		Fix:     "choose another; or let one load balancer or front serve both",
	}
}

func domainOf(p *platform.Platform) platform.Ability { return p.Domain }
