package lambdaweb

import (
	"fmt"
	"hash/fnv"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/web"
)

// maxPolicy is the size of a resource policy (API Gateway developer guide, "Quotas for configuring and
// running a REST API"), less what stands in it beside the addresses.
const maxPolicy = 8192 - 700

// checkPolicy checks that the addresses fit into the resource policy.
func checkPolicy(c *web.Check) {
	size := 0
	for _, text := range texts(c.AllowFrom) {
		size += len(text) + len(`"",`)
	}
	if size > maxPolicy {
		c.Problem(web.Problem{
			Field:   "AllowFrom",
			Message: "must be fewer: API Gateway takes a resource policy of 8 KB",
			Got:     fmt.Sprintf("%d prefixes with %d bytes", len(c.AllowFrom), size),
			Fix:     "use larger prefixes, or an IP set of a web ACL, and set WebACL",
		})
	}
}

// checkPrivate checks what a private API needs.
func (a RESTAPI) checkPrivate(c *web.Check) {
	if !c.Private {
		if a.VPCEndpoint != nil {
			c.Problem(web.Problem{
				Field:   "Hosting.Endpoint.VPCEndpoint",
				Message: "is for a private API",
				Fix:     "set Private of the service, or leave it out",
			})
		}
		return
	}
	if c.Domain != nil {
		c.Problem(web.Problem{
			Field: "Domain",
			Message: "does not go with Private on a REST API: private domain names are another " +
				"resource of API Gateway, which each VPC endpoint must be given access to",
			Fix: "leave it out, or choose fargateweb.Hosting{}, whose internal load balancer can have one",
		})
	}
	vpc := c.Workload.VPC
	switch {
	case a.VPCEndpoint != nil:
	case vpc == nil:
		c.Problem(web.Problem{
			Field:   "Private",
			Message: "needs the VPC that requests come from, on a REST API",
			Fix: "set Workload.VPC, or VPCEndpoint of the lambdaweb.RESTAPI to an interface endpoint " +
				"of the service execute-api",
		})
	case addresses(vpc) == "":
		c.Problem(web.Problem{
			Field: "Private",
			Message: "needs the addresses of Workload.VPC, to let their requests into the " +
				"interface endpoint of the API, and " + *vpc.Node().Path() +
				" was imported without them",
			Fix: "set VpcCidrBlock in Vpc_FromVpcAttributes, or VPCEndpoint of the lambdaweb.RESTAPI",
		})
	}
}

// addresses are those of a VPC, maybe as a token; empty if they are not known.
func addresses(vpc awsec2.IVpc) (cidr string) {
	defer func() {
		if recover() != nil { // the CDK's way to say that it was imported without them
			cidr = ""
		}
	}()
	return *vpc.VpcCidrBlock()
}

// definePrivate finds or makes the interface endpoint that requests come through.
func (a RESTAPI) definePrivate(scope constructs.Construct, in *web.Definition, r *Resources) {
	r.endpointVPC = in.Workload.VPC
	r.VPCEndpoint = a.VPCEndpoint
	if r.VPCEndpoint == nil {
		r.VPCEndpoint = executeAPIEndpoint(awscdk.Stack_Of(scope), in.Workload.VPC)
	}
}

// executeAPIEndpoints are those of the stacks, by their ids. Constructs are made by one goroutine,
// because of jsii.
var executeAPIEndpoints = map[awscdk.Stack]map[string]awsec2.IInterfaceVpcEndpoint{}

// executeAPIEndpoint returns the stack's interface endpoint for private APIs in a VPC. It stands in
// the stack itself, because it stays when the service that needed it first goes; and it is the same
// whichever that was.
func executeAPIEndpoint(stack awscdk.Stack, vpc awsec2.IVpc) awsec2.IInterfaceVpcEndpoint {
	hash := fnv.New32a()
	hash.Write([]byte(*vpc.Node().Path()))
	id := fmt.Sprintf("ExecuteAPIEndpoint%08x", hash.Sum32())
	if found := executeAPIEndpoints[stack][id]; found != nil {
		return found
	}
	shared := constructs.NewConstruct(stack, &id)
	group := awsec2.NewSecurityGroup(shared, new("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:                vpc,
		Description:        new("The endpoint of private APIs"), // a change would replace the group
		AllowAllOutbound:   new(false),
		DisableInlineRules: new(false), // whatever the app's context says
	})
	group.AddIngressRule(
		awsec2.Peer_Ipv4(new(addresses(vpc))),
		awsec2.Port_Tcp(new(443.0)),
		new("The VPC"),
		nil,
	)
	subnets := vpc.PrivateSubnets()
	for _, others := range []*[]awsec2.ISubnet{vpc.IsolatedSubnets(), vpc.PublicSubnets()} {
		if len(*subnets) == 0 {
			subnets = others
		}
	}
	made := awsec2.NewInterfaceVpcEndpoint(shared, new("Endpoint"), &awsec2.InterfaceVpcEndpointProps{
		Vpc:               vpc,
		Service:           awsec2.InterfaceVpcEndpointAwsService_APIGATEWAY(),
		PrivateDnsEnabled: new(false), // it would hide every public API from the VPC
		Subnets:           &awsec2.SubnetSelection{Subnets: subnets, OnePerAz: new(true)},
		SecurityGroups:    &[]awsec2.ISecurityGroup{group},
		Open:              new(false), // the group is
	})
	if executeAPIEndpoints[stack] == nil {
		executeAPIEndpoints[stack] = map[string]awsec2.IInterfaceVpcEndpoint{}
	}
	executeAPIEndpoints[stack][id] = made
	return made
}

// policy is the API's resource policy, which says where requests come from; nil if they may come
// from everywhere. API Gateway developer guide, "API Gateway resource policy examples".
//
// Together with IAM authorization, one permission of policy and caller is enough within an account,
// so the policy must not let everybody in: it leaves it to the account's own policies.
func (a RESTAPI) policy(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
) awsiam.PolicyDocument {
	if !in.Private && len(in.AllowFrom) == 0 {
		return nil
	}
	everybody := map[string]any{"AWS": "*"}
	statement := func(effect string, principal, condition any) map[string]any {
		s := map[string]any{
			"Effect": effect, "Principal": principal, "Action": invokeAPI, "Resource": "execute-api:/*",
		}
		if condition != nil {
			s["Condition"] = condition
		}
		return s
	}
	allowed := everybody
	if a.AuthorizationType == awsapigateway.AuthorizationType_IAM {
		stack := awscdk.Stack_Of(scope)
		allowed = map[string]any{"AWS": *stack.FormatArn(&awscdk.ArnComponents{
			Service:   new("iam"),
			Region:    new(""),
			Resource:  new("root"),
			ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})}
	}
	statements := []any{statement("Allow", allowed, nil)}
	address := "aws:SourceIp"
	if in.Private {
		address = "aws:VpcSourceIp"
		statements = append(statements, statement("Deny", everybody, map[string]any{
			"StringNotEquals": map[string]any{"aws:SourceVpce": *r.VPCEndpoint.VpcEndpointId()},
		}))
	}
	if len(in.AllowFrom) > 0 {
		statements = append(statements, statement("Deny", everybody, map[string]any{
			"NotIpAddress": map[string]any{address: texts(in.AllowFrom)},
		}))
	}
	return awsiam.PolicyDocument_FromJson(map[string]any{"Statement": statements})
}

// texts are prefixes as AWS writes them.
func texts(prefixes []netip.Prefix) []string {
	var all []string
	for _, prefix := range prefixes {
		all = append(all, prefix.Masked().String())
	}
	return all
}
