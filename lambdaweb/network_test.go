package lambdaweb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

const functionKind = "AWS::Lambda::Function"

// newVPC has subnets of some kinds in two zones, and a NAT gateway if there are private ones.
func newVPC(stack awscdk.Stack, kinds ...awsec2.SubnetType) awsec2.Vpc {
	gateways := 0.0
	var subnets []*awsec2.SubnetConfiguration
	for _, kind := range kinds {
		if kind == awsec2.SubnetType_PRIVATE_WITH_EGRESS {
			gateways = 1
		}
		subnets = append(subnets, &awsec2.SubnetConfiguration{Name: new(string(kind)), SubnetType: kind})
	}
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: &gateways, SubnetConfiguration: &subnets, RestrictDefaultSecurityGroup: new(false),
	})
}

const (
	public   = awsec2.SubnetType_PUBLIC
	private  = awsec2.SubnetType_PRIVATE_WITH_EGRESS
	isolated = awsec2.SubnetType_PRIVATE_ISOLATED
)

// The function is in the private subnets; if there are none, in the isolated ones, and in public
// ones only if it is said so.
func TestSubnets(t *testing.T) {
	for _, test := range []struct {
		name    string
		kinds   []awsec2.SubnetType
		hosting lambdaweb.Hosting
		want    func(vpc awsec2.Vpc) *[]awsec2.ISubnet
	}{
		{"private", []awsec2.SubnetType{public, private, isolated}, lambdaweb.Hosting{}, awsec2.Vpc.PrivateSubnets},
		{"isolated", []awsec2.SubnetType{public, isolated}, lambdaweb.Hosting{}, awsec2.Vpc.IsolatedSubnets},
		{"isolated rather than public", []awsec2.SubnetType{public, isolated}, lambdaweb.Hosting{AllowPublicSubnet: true}, awsec2.Vpc.IsolatedSubnets},
		{"public", []awsec2.SubnetType{public}, lambdaweb.Hosting{AllowPublicSubnet: true}, awsec2.Vpc.PublicSubnets},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			vpc := newVPC(stack, test.kinds...)
			w.VPC = vpc
			lambdaweb.NewService(stack, "Site", w, test.hosting)
			var want []any
			for _, subnet := range *test.want(vpc) {
				want = append(want, stack.Resolve(subnet.SubnetId()))
			}
			templatetest.Of(t, stack).Want(functionKind, "VpcConfig.SubnetIds", templatetest.JSON(t, want))
		})
	}
}

// In public subnets a function reaches nothing but the VPC, whatever the routes are.
func TestPublicSubnetsHaveNoWayOut(t *testing.T) {
	stack, w := newStack(t), workload()
	w.VPC = newVPC(stack, public)
	service, _ := lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{AllowPublicSubnet: true})
	service.UseQueue("MAIL", awssqs.NewQueue(stack, new("Queue"), nil), web.Write)
	found := slices.ContainsFunc(templatetest.Warnings(t, stack), func(text string) bool {
		return strings.Contains(text, web.NetworkWarning) && strings.Contains(text, `no endpoint for sqs (for UseQueue("MAIL"))`)
	})
	if !found {
		t.Error("there is no warning about the queue")
	}
}

func TestIPv6(t *testing.T) {
	for allowed, want := range map[bool]string{false: "", true: "true"} {
		stack, w := newStack(t), workload()
		w.VPC = newVPC(stack, public, private)
		lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{IPv6AllowedForDualStack: allowed})
		template := templatetest.Of(t, stack)
		template.Want(functionKind, "VpcConfig.Ipv6AllowedForDualStack", want)
		egress := templatetest.JSON(t, template.Get("AWS::EC2::SecurityGroup", "SecurityGroupEgress"))
		if strings.Contains(egress, `"CidrIpv6":"::/0"`) != allowed {
			t.Errorf("IPv6 %v: the security group lets out to %s", allowed, egress)
		}
	}
}

// Lambda may make the network interfaces before the function is there, and the server may not.
func TestNetworkInterfaces(t *testing.T) {
	for name, own := range map[string]func(stack awscdk.Stack) awsiam.IRole{
		"a new role": func(awscdk.Stack) awsiam.IRole { return nil },
		"a role of the user's": func(stack awscdk.Stack) awsiam.IRole {
			return awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil)})
		},
		"an imported role": func(stack awscdk.Stack) awsiam.IRole {
			return awsiam.Role_FromRoleArn(stack, new("Own"), new("arn:aws:iam::123456789012:role/site"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			w.VPC, w.Role = newVPC(stack, public, private), own(stack)
			lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
			template := templatetest.Of(t, stack)
			policy := template.IDs("AWS::IAM::Policy")
			if len(policy) != 1 {
				t.Fatalf("got the policies %q, want one", policy)
			}
			want := `{"Action":["ec2:AssignPrivateIpAddresses","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface",` +
				`"ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:UnassignPrivateIpAddresses"],` +
				`"Effect":"Allow","Resource":"*"}`
			if text := templatetest.JSON(t, template.Resources[policy[0]].Properties); !strings.Contains(text, want) {
				t.Errorf("got the policy %s, want %s in it", text, want)
			}
			function := template.Resources[template.IDs(functionKind)[0]]
			if !slices.Contains(function.DependsOn, policy[0]) {
				t.Errorf("the function depends on %q, want the policy %s among them", function.DependsOn, policy[0])
			}
			for _, id := range template.IDs("AWS::IAM::Role") {
				if managed := template.Resources[id].Properties["ManagedPolicyArns"]; managed != nil {
					t.Errorf("the role %s has the managed policies %s, want none", id, templatetest.JSON(t, managed))
				}
			}
		})
	}
}

func TestNetworkErrors(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack, public, private)
	streaming := lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}
	const mode = "Workload.VPC is set, but Lambda does not stream through the URL of a function in a VPC; choose ecsweb.Hosting{}, fargateweb.Hosting{} or " +
		"lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM}}"
	for _, test := range []struct {
		name    string
		vpc     awsec2.IVpc
		hosting lambdaweb.Hosting
		want    []string
	}{
		{"a URL that streams", vpc, lambdaweb.Hosting{Endpoint: streaming}, []string{mode}},
		{"a pointer to one", vpc, lambdaweb.Hosting{Endpoint: &streaming}, []string{mode}},
		{"a URL that does not", vpc, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}, nil},
		{"one that streams without a VPC", nil, lambdaweb.Hosting{Endpoint: streaming}, nil},
		{"options without a VPC", nil, lambdaweb.Hosting{AllowPublicSubnet: true, IPv6AllowedForDualStack: true}, []string{
			"Hosting.AllowPublicSubnet needs Workload.VPC; set that, or leave it out",
			"Hosting.IPv6AllowedForDualStack needs Workload.VPC; set that, or leave it out",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.VPC = test.vpc
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting}, test.want...)
		})
	}
}
