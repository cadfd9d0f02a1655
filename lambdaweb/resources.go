package lambdaweb

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// Resources are what Lambda needs for a service. For what this package has no option for, the L1
// construct of each is its default child:
// resources.Function.Node().DefaultChild().(awslambda.CfnFunction).
type Resources struct {
	// Function runs the server. It takes event sources and metrics beside the endpoint.
	Function awslambda.DockerImageFunction

	// LogGroup receives what the server prints.
	LogGroup awslogs.ILogGroup

	// One of these, or LoadBalancer, is the endpoint; the others are nil. All are with NoEndpoint.
	HTTPAPI     awsapigatewayv2.HttpApi
	RESTAPI     awsapigateway.RestApi
	FunctionURL awslambda.FunctionUrl

	// VPCEndpoint is the only way to a private REST API; nil if the API is public.
	VPCEndpoint awsec2.IInterfaceVpcEndpoint

	endpointVPC awsec2.IVpc // where that is; nil if it is not known

	// LoadBalancer sends requests by Rule to TargetGroup, which holds the function; they are nil
	// with another endpoint.
	LoadBalancer *webalb.LoadBalancer
	Rule         awselasticloadbalancingv2.ApplicationListenerRule
	TargetGroup  awselasticloadbalancingv2.ApplicationTargetGroup
}

// ResourcesOf returns the resources of a service on Lambda, and false if it runs elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// NewService defines a service on Lambda. It is web.NewService for who wants just this hosting.
func NewService(
	scope constructs.Construct,
	id string,
	workload web.Workload,
	hosting Hosting,
) (*web.Service, *Resources) {
	service := web.NewService(scope, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
	return service, service.Resources().(*Resources)
}

// Endpoint is the construct that takes the requests: whichever of HTTPAPI, RESTAPI, FunctionURL and
// LoadBalancer there is; nil with NoEndpoint.
func (r *Resources) Endpoint() constructs.IConstruct {
	switch {
	case r.HTTPAPI != nil:
		return r.HTTPAPI
	case r.RESTAPI != nil:
		return r.RESTAPI
	case r.LoadBalancer != nil:
		return r.LoadBalancer
	case r.FunctionURL != nil:
		return r.FunctionURL
	}
	return nil
}

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	h = h.withDefaults()
	role := in.Role(scope, "Role")
	r := &Resources{LogGroup: h.logs().Define(scope, in.Warn)}
	props := &awslambda.DockerImageFunctionProps{
		Code: awslambda.DockerImageCode_FromEcr(
			in.Image.Repository(scope, "ImageRepository"),
			&awslambda.EcrImageCodeProps{
				TagOrDigest: &in.Image.TagOrDigest,
				Cmd:         cdk.List(in.Workload.Command),
			},
		),
		Architecture:                 architectures[in.Facts.Architecture](),
		MemorySize:                   cdk.Number(h.MemorySize),
		Timeout:                      awscdk.Duration_Seconds(new(h.Timeout.Seconds())),
		EphemeralStorageSize:         storage(h.EphemeralStorageSize),
		ReservedConcurrentExecutions: cdk.Number(h.ReservedConcurrentExecutions),
		Tracing:                      h.Tracing,
		Environment:                  in.Variables.Map(),
		Role:                         role,
		LogGroup:                     r.LogGroup,
		FunctionName:                 cdk.String(h.FunctionName),
		EnvironmentEncryption:        h.EnvironmentEncryption,
		LoggingFormat:                h.LoggingFormat,
		ApplicationLogLevelV2:        h.ApplicationLogLevel,
		SystemLogLevelV2:             h.SystemLogLevel,
	}
	network := in.Network()
	if network != nil {
		network.IPv6 = h.IPv6AllowedForDualStack
		network.Secure(scope)
		props.Vpc = network.VPC
		props.VpcSubnets = &awsec2.SubnetSelection{Subnets: &network.Subnets}
		props.SecurityGroups = &network.SecurityGroups
		props.AllowPublicSubnet = new(h.AllowPublicSubnet)
		if h.IPv6AllowedForDualStack {
			props.Ipv6AllowedForDualStack = new(true)
		}
		grantInterfaces(role)
	}
	id := "Function"
	if h.ManagedInstances != nil {
		id = "ManagedFunction" // Lambda moves no function to instances, or back
	}
	r.Function = awslambda.NewDockerImageFunction(scope, &id, props)
	in.Variables.Each(func(name, value string) { r.Function.AddEnvironment(&name, &value, nil) })
	handSecrets(r.Function, in)
	made := web.Made{NoURL: noURL}
	if address := h.Endpoint.define(scope, in, r, &made); address != "" {
		made.URL = func() string { return address }
	}

	r.LogGroup.GrantWrite(role)
	if h.EnvironmentEncryption != nil {
		h.EnvironmentEncryption.Grant(role, new("kms:Decrypt")) // Lambda decrypts as the role
	}
	function := r.Function.Node().DefaultChild().(awslambda.CfnFunction)
	noConnections := "need a VPC; set Workload.VPC"
	if h.ManagedInstances != nil {
		h.ManagedInstances.apply(function)
		noConnections = "are those of the security groups of ManagedInstances.CapacityProvider; open the ports for them"
	}
	made.Role = role
	made.Primary = function
	made.Environment = function.Environment
	made.Reach = h.Endpoint.reach(r)
	made.Network = network
	made.Connections = network.Connections()
	made.NoConnections = noConnections
	made.Resources = r
	if behind, ok := h.Endpoint.(completer); ok {
		behind.complete(in, r, &made)
	}
	return made
}

// grantInterfaces lets Lambda make the network interfaces of a function in a VPC. The actions are
// those of AWS's managed policy AWSLambdaVPCAccessExecutionRole, which also allows to write to
// every log group.
func grantInterfaces(role awsiam.IRole) {
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: cdk.List([]string{
			"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
		}),
		Resources: &[]*string{new("*")}, // Lambda developer guide: describing works on all only
	}))
}

// architectures are the CDK's names of what an image is built for.
var architectures = map[webimage.Architecture]func() awslambda.Architecture{
	webimage.X86_64: awslambda.Architecture_X86_64,
	webimage.ARM64:  awslambda.Architecture_ARM_64,
}

func storage(megabytes int) awscdk.Size {
	if megabytes == 0 {
		return nil
	}
	return awscdk.Size_Mebibytes(new(float64(megabytes)))
}
