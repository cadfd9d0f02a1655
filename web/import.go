package web

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// ServiceAttributes are what is known of a service that another stack, app or team owns. Each may
// be a CDK token, such as an awscdk.Fn_ImportValue.
type ServiceAttributes struct {
	// URL is what Service.URL returned there: https:// or http://, a host, maybe a path, and no
	// slash at the end. Required.
	URL string

	// RoleARN names the role of the server, to which grants are added if it is in the account of
	// this stack. Optional. Default: the service is no grantee.
	RoleARN string

	// SecurityGroupIDs are those of the server, for Connections. Optional. Default: none are known,
	// and Connections is an error.
	SecurityGroupIDs []string

	// FunctionARN names the function whose function URL is URL, if that takes only signed requests
	// (AWS_IAM). It excludes APIARN. Optional. Default: URL takes every request.
	FunctionARN string

	// APIARN names the API of API Gateway that is behind URL, if it takes only requests signed with
	// IAM: arn:aws:execute-api:REGION:ACCOUNT:ID, to which /STAGE/METHOD/PATH may be added, each of
	// which may be *; not if it holds a token. It excludes FunctionARN. Optional. Default: URL
	// takes every request.
	APIARN string

	// VPC from which alone URL is reached, as that of an internal load balancer. Optional. Default:
	// URL is on the internet.
	VPC awsec2.IVpc

	// LoadBalancerSecurityGroupIDs are those of an internal load balancer, which are to let in the
	// services that use this one. It needs VPC. Optional. Default: no rule is added.
	LoadBalancerSecurityGroupIDs []string
}

// ImportedService is a service that another stack, app or team owns. It is a construct, and what
// [Service.UseService] takes.
type ImportedService struct {
	constructs.Construct
	url     string
	role    awsiam.IRole
	own     awsec2.Connections
	reached Reach
	account string // of its function or API, if that is known
}

// FromServiceAttributes refers to a service that another stack, app or team owns. Nothing of it is
// looked up or changed but its role's permissions and its security groups' rules. It panics with an
// [*InvalidPropsError] if the attributes cannot be right.
func FromServiceAttributes(
	scope constructs.Construct,
	id string,
	attributes *ServiceAttributes,
) *ImportedService {
	var a ServiceAttributes // a copy, because grants come later
	if attributes != nil {
		a = *attributes
	}
	if _, err := placeOf(scope); err != nil {
		panicWith(scope, id, Problem{Field: "scope", Err: err})
	}
	if problems := a.problems(); len(problems) > 0 {
		panicWith(scope, id, problems...)
	}
	s := &ImportedService{url: a.URL}
	constructs.NewConstruct_Override(s, scope, &id)
	if a.RoleARN != "" {
		s.role = awsiam.Role_FromRoleArn(s, new("Role"), &a.RoleARN, nil)
	}
	s.own = importConnections(s, "SecurityGroup", a.SecurityGroupIDs, nil)
	s.reached.VPC = a.VPC
	s.reached.Connections = importConnections(
		s,
		"LoadBalancerSecurityGroup",
		a.LoadBalancerSecurityGroupIDs,
		awsec2.Port_Tcp(new(float64(portOf(a.URL)))),
	)
	switch {
	case a.FunctionARN != "":
		s.account = accountOf(a.FunctionARN)
		s.reached.Grant = func(caller awsiam.IGrantable) {
			grantFunctionURL(caller, a.FunctionARN)
		}
	case a.APIARN != "":
		s.account = accountOf(a.APIARN)
		s.reached.Grant = func(caller awsiam.IGrantable) { grantAPI(caller, a.APIARN) }
	}
	return s
}

// importConnections are those of security groups; nil if there are none.
func importConnections(
	scope constructs.Construct,
	id string,
	ids []string,
	port awsec2.Port,
) awsec2.Connections {
	if len(ids) == 0 {
		return nil
	}
	var groups []awsec2.ISecurityGroup
	for i, groupID := range ids {
		groups = append(
			groups,
			awsec2.SecurityGroup_FromSecurityGroupId(
				scope,
				new(id+strconv.Itoa(i+1)),
				&groupID,
				nil,
			),
		)
	}
	return awsec2.NewConnections(
		&awsec2.ConnectionsProps{SecurityGroups: &groups, DefaultPort: port},
	)
}

// URL is the service's base URL without a slash at the end. It may hold tokens.
func (s *ImportedService) URL() string { return s.url }

// Role is what the running server may do. It panics with an [*InvalidPropsError] if the service was
// imported without.
func (s *ImportedService) Role() awsiam.IRole {
	if s.role == nil {
		panic(&InvalidPropsError{Path: *s.Node().Path(), Problems: []Problem{{
			Field: "Role", Message: "is not known", Fix: "set RoleARN in web.FromServiceAttributes",
		}}})
	}
	return s.role
}

// GrantPrincipal makes the service a grantee: table.GrantReadData(service, nil). It panics as Role
// does.
func (s *ImportedService) GrantPrincipal() awsiam.IPrincipal { return s.Role() }

// Connections opens ports between the server and what else is in the VPC. It panics with an
// [*InvalidPropsError] if the service was imported without security groups.
func (s *ImportedService) Connections() awsec2.Connections {
	if s.own == nil {
		panic(&InvalidPropsError{Path: *s.Node().Path(), Problems: []Problem{{
			Field: "Connections", Message: "are not known",
			Fix: "set SecurityGroupIDs in web.FromServiceAttributes",
		}}})
	}
	return s.own
}

func (s *ImportedService) reach() Reach { return s.reached }

func (s *ImportedService) needsFirst() []*Service { return nil }

// What the attributes look like. Regions and partitions come and go, so they are not listed.
var (
	roleARN = regexp.MustCompile(
		`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$`,
	)
	functionARN = regexp.MustCompile(
		`^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$`,
	)
	apiARN = regexp.MustCompile(
		`^arn:aws[a-z-]*:execute-api:([a-z0-9-]+):[0-9]{12}:([a-z0-9]+)(/.*)?$`,
	)
	groupID = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	awsHost = regexp.MustCompile(`^([^.]+)\.(lambda-url|execute-api)\.([a-z0-9-]+)\.`)
)

// problems reports every attribute that cannot be right.
func (a *ServiceAttributes) problems() []Problem {
	var problems []Problem
	report := func(field, message string, got any, fix string) {
		problems = append(problems, Problem{Field: field, Message: message, Got: got, Fix: fix})
	}
	host := a.checkURL(report)
	literal := func(field, value string, pattern *regexp.Regexp, form, fix string) (parts []string) {
		if value == "" || token.In(value) {
			return nil
		}
		if parts = pattern.FindStringSubmatch(value); parts == nil {
			report(field, "must be as "+form, value, fix)
		}
		return parts
	}
	literal("RoleARN", a.RoleARN, roleARN, "arn:aws:iam::123456789012:role/NAME", "")
	for _, arn := range []struct {
		field, value, form, kind, what string
		pattern                        *regexp.Regexp
	}{
		{
			"FunctionARN", a.FunctionARN, "arn:aws:lambda:eu-west-1:123456789012:function:NAME",
			"execute-api", "an API", functionARN,
		},
		{
			"APIARN", a.APIARN, "arn:aws:execute-api:eu-west-1:123456789012:ID",
			"lambda-url", "a function", apiARN,
		},
	} {
		parts := literal(arn.field, arn.value, arn.pattern, arn.form, "")
		switch {
		case arn.value != "" && host.kind == arn.kind:
			report(arn.field, "does not belong to URL, which is that of "+arn.what, a.URL, "")
		case parts != nil && host.region != "" && parts[1] != host.region:
			report(
				arn.field,
				fmt.Sprintf("is in region %s, and URL in %s", parts[1], host.region),
				nil,
				"",
			)
		case parts != nil && arn.pattern == apiARN && host.api != "" && parts[2] != host.api:
			report(
				arn.field,
				fmt.Sprintf("is that of the API %s, and URL that of %s", parts[2], host.api),
				nil,
				"",
			)
		}
	}
	if a.FunctionARN != "" && a.APIARN != "" {
		report(
			"APIARN",
			"and FunctionARN must not both be set",
			nil,
			"leave out the one that is not behind URL",
		)
	}
	for _, groups := range []struct {
		field string
		ids   []string
	}{
		{"SecurityGroupIDs", a.SecurityGroupIDs},
		{"LoadBalancerSecurityGroupIDs", a.LoadBalancerSecurityGroupIDs},
	} {
		for i, id := range groups.ids {
			field := fmt.Sprintf("%s[%d]", groups.field, i)
			if id == "" {
				report(field, "must not be empty", nil, "leave it out")
			}
			literal(
				field,
				id,
				groupID,
				"sg-0123456789abcdef0",
				"take the security group's id, not its name or ARN",
			)
		}
	}
	if len(a.LoadBalancerSecurityGroupIDs) > 0 && isNil(a.VPC) {
		report(
			"LoadBalancerSecurityGroupIDs",
			"needs VPC, the one that the internal load balancer is in",
			nil,
			"set it, or leave both out if URL is on the internet",
		)
	}
	return problems
}

// awsName is what a host name of AWS says.
type awsName struct {
	kind   string // "lambda-url" or "execute-api"; empty if it is another host
	region string
	api    string // the API's id, if the name has it
}

// awsNameOf takes a host name apart.
func awsNameOf(host string) awsName {
	host = strings.ToLower(host)
	parts := awsHost.FindStringSubmatch(host)
	if parts == nil {
		return awsName{}
	}
	name := awsName{kind: parts[2], region: parts[3]}
	if name.kind == "execute-api" && !strings.HasPrefix(parts[1], "vpce-") {
		name.api, _, _ = strings.Cut(parts[1], "-vpce-") // of a private API, by an endpoint in a VPC
	}
	return name
}

// checkURL returns what the host name of URL says.
func (a *ServiceAttributes) checkURL(
	report func(field, message string, got any, fix string),
) (name awsName) {
	if a.URL == "" {
		report("URL", "is required", nil, "set it to what URL() of the service returned")
		return name
	}
	if token.In(a.URL) {
		if strings.HasSuffix(a.URL, "/") {
			report("URL", "must not end with a slash", nil, "leave it out")
		}
		return name
	}
	const form = "must be https:// or http://, a host and maybe a path, without a slash at the end"
	_, host, ok := strings.Cut(a.URL, "://")
	if !ok {
		host = a.URL
	}
	host, _, _ = strings.Cut(host, "/")
	location, err := url.Parse(a.URL)
	switch {
	case strings.Contains(host, "@") || strings.ContainsAny(a.URL, "?#"),
		err != nil && strings.Contains(a.URL, "@"): // maybe behind a password with a slash
		report("URL", form, nil, "leave out what is before @ and behind ? or #")
		return name
	case err != nil || location.Hostname() == "" || location.Scheme != "https" && location.Scheme != "http":
		report("URL", form, a.URL, withScheme(a.URL))
		return name
	case strings.HasSuffix(a.URL, "/"):
		report("URL", form, a.URL, fmt.Sprintf("write %q", strings.TrimRight(a.URL, "/")))
		return name
	case !isPort(strings.TrimPrefix(location.Host, hostWithoutPort(location))):
		report("URL", "must have a port between 1 and 65535, or none", a.URL, "")
		return name
	}
	name = awsNameOf(location.Hostname())
	if name.kind != "" && location.Scheme == "http" {
		what := "a function URL"
		if name.kind == "execute-api" {
			what = "an API"
		}
		report("URL", fmt.Sprintf("must be https://, which is all that %s takes", what), a.URL,
			fmt.Sprintf("write %q", "https"+strings.TrimPrefix(a.URL, location.Scheme)))
	}
	return name
}

// withScheme is what to write for an address without one; nothing if it is no address.
func withScheme(address string) string {
	if strings.Contains(address, "://") {
		return ""
	}
	address = "https://" + strings.TrimRight(strings.TrimPrefix(address, "//"), "/")
	if location, err := url.Parse(address); err != nil || location.Host == "" {
		return ""
	}
	return fmt.Sprintf("write %q", address)
}

// hostWithoutPort is the host of a URL as it is written there.
func hostWithoutPort(location *url.URL) string {
	host := location.Hostname()
	if strings.HasPrefix(location.Host, "[") {
		return location.Host[:strings.LastIndexByte(location.Host, ']')+1]
	}
	return host
}

// isPort reports whether what follows a host is nothing, or a colon and a port.
func isPort(text string) bool {
	if text == "" {
		return true
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(text, ":"), 10, 16)
	return err == nil && number > 0
}

// portOf is the port of a URL that may hold tokens.
func portOf(address string) int {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(token.Without(rest), "/")
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		if number, err := strconv.Atoi(host[colon+1:]); err == nil {
			return number
		}
	}
	if strings.EqualFold(scheme, "http") {
		return 80
	}
	return 443
}

// accountOf is the account in an ARN; empty if it is not known.
func accountOf(arn string) string {
	parts := strings.Split(arn, ":")
	if token.In(arn) || len(parts) < 5 {
		return ""
	}
	return parts[4]
}

// grantFunctionURL lets a role call a function URL that takes only signed requests, and not invoke
// the function in another way. Both actions are needed (Lambda developer guide, "Control access to
// Lambda function URLs").
func grantFunctionURL(caller awsiam.IGrantable, arn string) {
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee:      caller,
		Actions:      new(pointers([]string{"lambda:InvokeFunctionUrl"})),
		ResourceArns: new(pointers([]string{arn})),
		Conditions: &map[string]*map[string]any{
			"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"},
		},
	})
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee:      caller,
		Actions:      new(pointers([]string{"lambda:InvokeFunction"})),
		ResourceArns: new(pointers([]string{arn})),
		Conditions:   &map[string]*map[string]any{"Bool": {"lambda:InvokedViaFunctionUrl": true}},
	})
}

// grantAPI lets a role call an API of API Gateway: all of it, or the stage, method and path that
// follow its id in the ARN.
func grantAPI(caller awsiam.IGrantable, arn string) {
	if strings.Count(token.Without(arn), "/") == 0 {
		arn += "/*"
	}
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee:      caller,
		Actions:      new(pointers([]string{"execute-api:Invoke"})),
		ResourceArns: new(pointers([]string{arn})),
	})
}
