// Package ec2web is a hosting that is not part of cdkweb: one EC2 instance that runs the workload's
// container, with an HTTP API of Amazon API Gateway in front. It is written with nothing but what
// cdkweb exports, as a hosting of your own would be.
//
// The instance takes requests from the API only. A change of the workload, or a newer Amazon Linux,
// replaces it: the deployment waits until the new one is ready. Docker starts a server that ended
// again, but no health check follows after the deployment.
package ec2web

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// Hosting is one EC2 instance. The zero value is a small one in a VPC of its own.
type Hosting struct {
	// Size of the instance: nano, micro, small, medium, large, xlarge or 2xlarge. The family is T3 or,
	// for an image for arm64, T4g. Optional. Default: small, which has 2 GiB.
	Size string

	// VPC for the instance; Workload.VPC, if that is set too. Its public subnets must assign public
	// addresses, which the instance needs to fetch its image.
	// Optional. Default: Workload.VPC; else a new VPC with public subnets only.
	VPC awsec2.IVpc
}

var _ web.Hosting = Hosting{}

// EC2 is what AWS promises of the place.
var EC2 = platform.Platform{
	Name:      "EC2 behind an HTTP API",
	Go:        "ec2web.Hosting{}",
	ID:        "EC2",
	Principal: "ec2.amazonaws.com",

	// API Gateway developer guide, "Quotas for configuring and running an HTTP API".
	Timeout: 30 * time.Second,
	Payload: 10 << 20,
	ARM64:   platform.Ability{Can: true},

	Variables: platform.Variables{
		Name:      regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), // names stand in a shell script
		NameWords: "letters, digits and underscores that does not start with a digit",
		MaxSize:   8 << 10, // EC2 user guide: user data have 16 KB, and base64 makes values larger
	},
	Images: platform.Images{Public: true, Other: true},
	Ports:  platform.Ports{Taken: map[int]string{22: "the instance's SSH server"}},
}

// Resources are what EC2 needs for a service.
type Resources struct {
	Instance awsec2.Instance
	API      awsapigatewayv2.HttpApi

	// LogGroup gets what the server writes to its standard output and standard error.
	LogGroup awslogs.LogGroup
}

// ResourcesOf returns the resources of a service on EC2, and false if it runs elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// NewService defines a service on EC2. It is web.NewService for who wants just this hosting.
func NewService(
	scope constructs.Construct, id string, workload web.Workload, hosting Hosting,
) (*web.Service, *Resources) {
	service := web.NewService(scope, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
	return service, service.Resources().(*Resources)
}

// Platform implements web.Hosting.
func (Hosting) Platform() *platform.Platform { return &EC2 }

// Check implements web.Hosting.
func (h Hosting) Check(c *web.Check) {
	// EC2 instance types guide: T3 and T4g have the same sizes.
	c.OneOf("Size", h.Size, []string{"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"})

	c.SameVPC("VPC", h.VPC)
	if c.Workload.VPC != nil && c.Workload.VPCSubnets != nil {
		c.Problem(web.Problem{
			Field:   "Workload.VPCSubnets",
			Message: "must be left out on EC2, where the server is in public subnets",
			Fix:     "choose another hosting for other subnets",
		})
	}
	if vpc := h.vpc(c.Workload); vpc != nil && len(*vpc.PublicSubnets()) == 0 {
		c.Problem(web.Problem{
			Field:   "Hosting",
			Message: "needs a VPC with public subnets, from which the instance fetches its image",
			Got:     *vpc.Node().Path(),
		})
	}
}

// vpc is the one that the instance is in; nil for a new one.
func (h Hosting) vpc(w web.Workload) awsec2.IVpc {
	if h.VPC != nil {
		return h.VPC
	}
	return w.VPC
}

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	role := in.Role(scope, "Role")
	if repository := in.Image.Repository(scope, "Repository"); repository != nil {
		repository.GrantPull(role)
	}
	logGroup := awslogs.NewLogGroup(scope, new("LogGroup"), &awslogs.LogGroupProps{
		Retention: awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	logGroup.GrantWrite(role)

	vpc, public := h.vpc(in.Workload), awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
	if vpc == nil {
		vpc = awsec2.NewVpc(scope, new("VPC"), &awsec2.VpcProps{
			MaxAzs: new(2.0), NatGateways: new(0.0),
			RestrictDefaultSecurityGroup: new(false), // nothing uses it, so no function has to change it
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
				{Name: new("Public"), SubnetType: public.SubnetType},
			},
		})
	}
	family, linux := "t3.", awsec2.AmazonLinux2023ImageSsmParameterProps{}
	if in.Facts.Architecture == webimage.ARM64 {
		family, linux.CpuType = "t4g.", awsec2.AmazonLinuxCpuType_ARM_64
	}
	start := &script{in: in, logGroup: *logGroup.LogGroupName()}
	groups := in.Workload.SecurityGroups
	var first awsec2.ISecurityGroup // nil for a new one
	if len(groups) > 0 {
		first, groups = groups[0], groups[1:]
	}
	instance := awsec2.NewInstance(scope, new("Instance"), &awsec2.InstanceProps{
		Vpc: vpc, VpcSubnets: &public, SecurityGroup: first, Role: role,
		InstanceType:              awsec2.NewInstanceType(new(family + cmp.Or(h.Size, "small"))),
		MachineImage:              awsec2.MachineImage_LatestAmazonLinux2023(&linux),
		UserData:                  awsec2.UserData_Custom(new(in.Variables.Text(start.text))),
		UserDataCausesReplacement: new(true),
		ResourceSignalTimeout:     awscdk.Duration_Minutes(new(10.0)),
	})
	for _, group := range groups {
		instance.AddSecurityGroup(group)
	}
	start.resource = instance.Instance()
	internet := vpc.SelectSubnets(&public).InternetConnectivityEstablished
	instance.Instance().Node().AddDependency(internet) // the script needs the route to it
	api := newAPI(scope, vpc, &public, instance, float64(in.Workload.Port))

	return web.Made{
		URL:         func() string { return *api.ApiEndpoint() },
		Role:        role,
		Primary:     instance.Instance(),
		Environment: func() any { return instance.Instance().UserData() },
		Network:     &web.Network{VPC: vpc, Subnets: *vpc.SelectSubnets(&public).Subnets},
		Connections: instance.Connections(),
		Resources:   &Resources{Instance: instance, API: api, LogGroup: logGroup},
	}
}

// newAPI makes an HTTP API that passes every request on to the instance, which nobody else reaches.
func newAPI(
	scope constructs.Construct, vpc awsec2.IVpc, subnets *awsec2.SubnetSelection,
	instance awsec2.Instance, port float64,
) awsapigatewayv2.HttpApi {
	link := awsec2.NewSecurityGroup(scope, new("LinkSecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc: vpc,
	})
	instance.Connections().AllowFrom(link, awsec2.Port_Tcp(&port), new("requests from the API"))

	namespace := awsservicediscovery.NewHttpNamespace(scope, new("Namespace"),
		&awsservicediscovery.HttpNamespaceProps{Name: awscdk.Names_UniqueId(scope)})
	servers := namespace.CreateService(new("Servers"), nil)
	servers.RegisterIpInstance(new("Server"), &awsservicediscovery.IpInstanceBaseProps{
		Ipv4: instance.InstancePrivateIp(), Port: &port,
	})
	integration := awsapigatewayv2integrations.NewHttpServiceDiscoveryIntegration(new("Servers"), servers,
		&awsapigatewayv2integrations.HttpServiceDiscoveryIntegrationProps{
			VpcLink: awsapigatewayv2.NewVpcLink(scope, new("Link"), &awsapigatewayv2.VpcLinkProps{
				Vpc: vpc, Subnets: subnets, SecurityGroups: &[]interfacesawsec2.ISecurityGroupRef{link},
			}),
		})
	return awsapigatewayv2.NewHttpApi(scope, new("API"), &awsapigatewayv2.HttpApiProps{
		DefaultIntegration: integration,
	})
}

// script is what the instance runs when it starts.
type script struct {
	in       *web.Definition
	logGroup string
	resource awsec2.CfnInstance
}

// text is called when the app synthesizes, because variables may be added until then.
func (s *script) text(variables iter.Seq2[string, string]) string {
	w, region := s.in.Workload, *awscdk.Aws_REGION()
	var lines strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&lines, format+"\n", values...) }

	line("#!/bin/bash")
	line("trap '/opt/aws/bin/cfn-signal -e $? --stack %s --resource %s --region %s' EXIT",
		*awscdk.Aws_STACK_NAME(), *s.resource.LogicalId(), region)
	line("set -euo pipefail")
	line("dnf install -y docker awscli-2")
	line("systemctl enable --now docker")
	line("image=%s", s.in.Image.URI)
	if s.in.Image.RepositoryARN != "" { // the fourth part of the host's name is its region
		line(`registry="${image%%%%/*}"`)
		line(`aws ecr get-login-password --region "$(cut -d. -f4 <<< "$registry")" |`)
		line(`	docker login --username AWS --password-stdin "$registry"`)
	}
	// The network is the instance's own, so that AWS SDKs find the role's credentials. Not all of them
	// look for the region there.
	line(`run=(docker run --detach --restart always --network host --env=AWS_REGION=%s)`, region)
	line(`run+=(--log-driver awslogs --log-opt awslogs-region=%s)`, region)
	line(`run+=(--log-opt awslogs-group=%s)`, s.logGroup)
	// A value may hold anything, tokens too, so CloudFormation encodes it. Unlike $(…), read keeps line
	// breaks at the end.
	line(`add() { IFS= read -rd "" value < <(base64 -d <<< "$2") || true; run+=("$1$value"); }`)
	for name, value := range variables {
		line(`add --env=%s= '%s'`, name, *awscdk.Fn_Base64(&value))
	}
	line(`run+=("$image")`)
	for _, argument := range w.Command {
		line(`add '' '%s'`, *awscdk.Fn_Base64(&argument))
	}
	line(`"${run[@]}"`)
	ready := fmt.Sprintf("(: < /dev/tcp/localhost/%d) 2> /dev/null", w.Port)
	if path := w.HealthCheck.Path; path != "" {
		ready = fmt.Sprintf(`curl -fsS -o /dev/null "http://localhost:%d$(base64 -d <<< '%s')"`,
			w.Port, *awscdk.Fn_Base64(&path))
	}
	line("until %s; do sleep 2; done", ready) // for as long as CloudFormation waits
	return lines.String()
}
