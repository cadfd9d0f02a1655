package webalb

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// withDefaults returns a copy in which every optional field that has a default value has it.
func (p *LoadBalancerProps) withDefaults() LoadBalancerProps {
	if p == nil {
		p = &LoadBalancerProps{}
	}
	all := *p
	all.IdleTimeout = cmp.Or(all.IdleTimeout, platform.IdleTimeout)
	if len(all.Certificates) > 0 {
		all.SSLPolicy = cmp.Or(all.SSLPolicy, awselasticloadbalancingv2.SslPolicy_TLS13_12_RES_PQ)
	}
	return all
}

// Limits of AWS::ElasticLoadBalancingV2::LoadBalancer.
const (
	maxCertificates = 26 // the default one and 25 more, a quota that AWS raises
	maxName         = 32
)

var (
	loadBalancerName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
	hostName         = regexp.MustCompile(
		`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,}|xn--[A-Za-z0-9-]+)$`,
	)
)

// check panics with all problems of the props.
func (p *LoadBalancerProps) check(scope constructs.Construct, id string) {
	var list check.List
	report := func(field, message, fix string, got any) {
		list.Add(check.Problem{Field: field, Message: message, Fix: fix, Got: got})
	}
	p.checkNetwork(&list)
	p.checkAllowFrom(&list)
	for i, certificate := range p.Certificates {
		if certificate == nil {
			report(fmt.Sprintf("Certificates[%d]", i), "must not be nil", "", nil)
		}
	}
	if len(p.Certificates) > maxCertificates {
		report(
			"Certificates",
			fmt.Sprintf("must be %d at most", maxCertificates),
			"use one for several names",
			len(p.Certificates),
		)
	}
	if len(p.Certificates) == 0 {
		for _, option := range []struct {
			field string
			set   bool
		}{{"SSLPolicy", p.SSLPolicy != ""}, {"RedirectDisabled", p.RedirectDisabled}} {
			if option.set {
				report(option.field, "needs Certificates", "set them, or leave it out", nil)
			}
		}
	}
	if p.DomainName != "" && !token.In(p.DomainName) && !hostName.MatchString(p.DomainName) {
		report("DomainName", "must be a host name such as shop.example.com", "", p.DomainName)
	}
	list.WholeSeconds("IdleTimeout", p.IdleTimeout, time.Second, platform.MaxIdleTimeout)
	if p.AccessLogsBucket != nil && encryptedWithKey(p.AccessLogsBucket) {
		report(
			"AccessLogsBucket",
			"must not be encrypted with a KMS key, which load balancers cannot write with",
			"make it with awss3.BucketEncryption_S3_MANAGED",
			nil,
		)
	}
	p.checkRegions(scope, &list)
	if problem := web.WebACLProblem(p.WebACL, regionOf(scope)); problem != nil {
		problem.Field = "WebACL"
		list.Add(check.Problem(*problem))
	}
	switch prefix := p.AccessLogsPrefix; {
	case prefix == "":
	case p.AccessLogsBucket == nil:
		report("AccessLogsPrefix", "needs AccessLogsBucket", "set it, or leave the prefix out", nil)
	case strings.HasPrefix(prefix, "/") || strings.HasSuffix(prefix, "/") || strings.Contains(prefix, "AWSLogs"):
		report(
			"AccessLogsPrefix",
			"must not have slashes at the ends, and not contain AWSLogs",
			"",
			prefix,
		)
	}
	list.Name(
		"LoadBalancerName",
		p.LoadBalancerName,
		check.NameRule{Pattern: loadBalancerName, Least: 1, Most: maxName,
			Words: "letters, digits and hyphens, no hyphen at the ends"},
	)
	if strings.HasPrefix(p.LoadBalancerName, "internal-") {
		report(
			"LoadBalancerName",
			"must not start with internal-",
			"choose another, or leave it out",
			p.LoadBalancerName,
		)
	}
	panicWith(scope, id, list)
}

// encryptedWithKey reports whether a bucket needs KMS: a key of the user's, or AWS's own, which the
// bucket does not show.
func encryptedWithKey(bucket awss3.IBucket) bool {
	if bucket.EncryptionKey() != nil {
		return true
	}
	resource, ok := bucket.Node().DefaultChild().(awss3.CfnBucket)
	if !ok {
		return false // an imported one
	}
	encryption := resource.BucketEncryption()
	return encryption != nil &&
		strings.Contains(fmt.Sprint(awscdk.Stack_Of(bucket).Resolve(encryption)), "aws:kms")
}

// checkRegions checks that what the load balancer uses is in its region, as far as that is known.
func (p *LoadBalancerProps) checkRegions(scope constructs.Construct, list *check.List) {
	if len(p.Certificates) == 0 && p.AccessLogsBucket == nil && p.VPC == nil {
		return
	}
	region := regionOf(scope)
	if region == "" {
		return
	}
	differs := func(field, got, fix string) {
		if got = token.Literal(got); got != "" && got != region {
			list.Add(
				check.Problem{
					Field:   field,
					Message: "must be in " + region + ", as the load balancer is",
					Got:     got,
					Fix:     fix,
				},
			)
		}
	}
	for i, certificate := range p.Certificates {
		if certificate == nil {
			continue
		}
		got := *certificate.Env().Region
		if arn := *certificate.CertificateArn(); !token.In(
			arn,
		) { // an imported one is where its ARN says
			got = *awscdk.Arn_Split(&arn, awscdk.ArnFormat_SLASH_RESOURCE_NAME).Region
		}
		differs(
			fmt.Sprintf("Certificates[%d]", i),
			got,
			"one for CloudFront, in us-east-1, is another",
		)
	}
	if p.VPC != nil {
		differs("VPC", *p.VPC.Env().Region, "")
	}
	if p.AccessLogsBucket != nil {
		differs("AccessLogsBucket", *p.AccessLogsBucket.Env().Region, "")
	}
}

// regionOf is where the stack of a scope is deployed; empty if that is not known.
func regionOf(scope constructs.Construct) (region string) {
	if scope == nil ||
		network.Try(func() { region = token.Literal(*awscdk.Stack_Of(scope).Region()) }) != nil {
		return ""
	}
	return region
}

// panicWith panics if there are problems.
func panicWith(scope constructs.Construct, id string, list check.List) {
	path := id
	switch {
	case scope == nil:
		list.Problems = append(
			[]check.Problem{
				{Field: "scope", Message: "must be a stack, or a construct in one, got nil"},
			},
			list.Problems...)
	case network.Try(func() { awscdk.Stack_Of(scope) }) != nil:
		list.Problems = append(
			[]check.Problem{{Field: "scope", Message: "must be a stack, or a construct in one"}},
			list.Problems...)
	case len(list.Problems) > 0:
		path = strings.TrimPrefix(*scope.Node().Path()+"/"+id, "/")
	}
	if len(list.Problems) == 0 {
		return
	}
	var problems []web.Problem
	for _, problem := range list.Problems {
		problems = append(problems, web.Problem(problem))
	}
	panic(&web.InvalidPropsError{Path: path, Problems: problems})
}

// subnets returns those that the load balancer is in. The error is the CDK's.
func (p *LoadBalancerProps) subnets(vpc awsec2.IVpc) ([]awsec2.ISubnet, error) {
	if p.VPCSubnets != nil {
		return network.Select(vpc, p.VPCSubnets)
	}
	if p.Internal {
		if private := *vpc.PrivateSubnets(); len(private) > 0 {
			return oneOfEachZone(private), nil
		}
		if isolated := *vpc.IsolatedSubnets(); len(isolated) > 0 {
			return oneOfEachZone(isolated), nil
		}
	}
	return oneOfEachZone(*vpc.PublicSubnets()), nil
}

// oneOfEachZone leaves out what a load balancer does not take: a VPC may have several groups of
// subnets of a kind.
func oneOfEachZone(subnets []awsec2.ISubnet) []awsec2.ISubnet {
	zones := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(subnets), func(subnet awsec2.ISubnet) bool {
		zone := *subnet.AvailabilityZone()
		known := zones[zone]
		zones[zone] = true
		return known
	})
}

// checkNetwork checks what AWS finds out only when it has begun to build.
func (p *LoadBalancerProps) checkNetwork(list *check.List) {
	report := func(field, message, fix string) { list.Add(check.Problem{Field: field, Message: message, Fix: fix}) }
	for i, group := range p.SecurityGroups {
		if group == nil {
			report(fmt.Sprintf("SecurityGroups[%d]", i), "must not be nil", "")
		}
	}
	if p.VPC == nil {
		if p.VPCSubnets != nil {
			report(
				"VPCSubnets",
				"needs VPC, the one that they are in",
				"without both the load balancer has a VPC of its own",
			)
		}
		if p.DualStack {
			report(
				"DualStack",
				"needs VPC, one whose subnets have IPv6 blocks",
				"make it with awsec2.IpProtocol_DUAL_STACK",
			)
		}
		return
	}
	if network.Unknown(p.VPC) && p.VPCSubnets == nil {
		report(
			"VPC",
			"has no subnets that are known",
			"name them when you import it, or set VPCSubnets.Subnets",
		)
		return
	}
	subnets, err := p.subnets(p.VPC)
	if err != nil {
		report("VPCSubnets", fmt.Sprintf("must choose subnets of VPC: %s", err), "")
		return
	}
	kinds := network.KindsOf(p.VPC, subnets)
	switch {
	case kinds.Nil:
		report("VPCSubnets.Subnets", "must not hold nil", "")
		return
	case p.VPCSubnets == nil && len(subnets) == 0:
		report(
			"VPC",
			"has no public subnets, which a load balancer on the internet needs",
			"add some, or set Internal",
		)
		return
	case !p.Internal && len(kinds.Private) > 0:
		report(
			"VPCSubnets",
			fmt.Sprintf(
				"must be public for a load balancer on the internet, got private %s",
				strings.Join(kinds.Private, ", "),
			),
			"choose awsec2.SubnetType_PUBLIC, or set Internal",
		)
	}
	if len(subnets) < 2 || kinds.Known && kinds.Zones < 2 {
		report(
			"VPCSubnets",
			fmt.Sprintf(
				"must be in at least two availability zones, got %d subnet(s) in %d",
				len(subnets),
				kinds.Zones,
			),
			"choose more, or a VPC with two zones",
		)
	} else if kinds.Known && kinds.Zones < len(subnets) {
		report("VPCSubnets", fmt.Sprintf("must be one of each availability zone, got %d subnets in %d", len(subnets), kinds.Zones),
			"set OnePerAz")
	}
}

// checkAllowFrom checks who may connect.
func (p *LoadBalancerProps) checkAllowFrom(list *check.List) {
	list.Excludes(
		"SecurityGroups",
		len(p.SecurityGroups) > 0 && len(p.AllowFrom) > 0,
		[]string{"AllowFrom"},
		"add rules to the groups instead",
	)
	for _, problem := range web.PrefixProblems("AllowFrom", p.AllowFrom) {
		list.Add(check.Problem(problem))
	}
	for i, prefix := range p.AllowFrom {
		if prefix.Addr().Is6() && !prefix.Addr().Is4In6() && !p.DualStack {
			list.Add(
				check.Problem{
					Field:   fmt.Sprintf("AllowFrom[%d]", i),
					Message: "is of IPv6, by which clients come only with DualStack",
					Got:     prefix.String(),
					Fix:     "set DualStack, or leave it out",
				},
			)
		}
	}
	if p.Internal && p.VPC != nil && len(p.AllowFrom) == 0 && len(p.SecurityGroups) == 0 {
		if _, own := p.VPC.(awsec2.Vpc); p.DualStack && !own {
			list.Add(
				check.Problem{
					Field:   "AllowFrom",
					Message: "is required for an Internal load balancer with DualStack in an imported VPC, whose IPv6 block is not known",
				},
			)
			return
		}
		if err := network.Try(func() { p.VPC.VpcCidrBlock() }); err != nil {
			list.Add(
				check.Problem{
					Field:   "VPC",
					Message: "was imported without its CIDR block, which says who may connect to an Internal load balancer",
					Fix:     "set VpcCidrBlock when you import it, or set AllowFrom",
				},
			)
		}
	}
}

// check panics with all problems of the props, or returns the scheme of the URL.
func (p *ListenerProps) check(scope constructs.Construct, id string) string {
	var list check.List
	if p.Listener == nil {
		list.Add(check.Problem{Field: "Listener", Message: "is required"})
	}
	if p.VPC == nil {
		list.Add(check.Problem{Field: "VPC", Message: "is required"})
	}
	scheme, host, found := strings.Cut(p.URL, "://")
	switch {
	case p.URL == "":
		list.Add(
			check.Problem{
				Field:   "URL",
				Message: "is required",
				Fix:     "set it to the address that clients use, such as https://shop.example.com",
			},
		)
	case !found || scheme != "http" && scheme != "https" || host == "" || strings.ContainsAny(token.Without(host), "/?# "):
		list.Add(
			check.Problem{
				Field:   "URL",
				Message: "must be http:// or https:// and a host name without a path",
				Got:     p.URL,
			},
		)
	}
	if p.IdleTimeout != 0 {
		list.WholeSeconds("IdleTimeout", p.IdleTimeout, time.Second, platform.MaxIdleTimeout)
	}
	panicWith(scope, id, list)
	return scheme
}
