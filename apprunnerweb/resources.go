package apprunnerweb

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
)

// Resources are what App Runner needs for a service.
type Resources struct {
	// Service is the AWS::AppRunner::Service. It is an L1 construct because App Runner's L2 is an
	// alpha module that may break in any version. To change what this package has no option for,
	// use AddPropertyOverride.
	Service awsapprunner.CfnService

	// AccessRole is what App Runner pulls the image with; nil for an image in Amazon ECR Public.
	AccessRole awsiam.IRole

	// VPCConnector is the server's way into a VPC, which other services may share; nil if it has
	// none.
	VPCConnector *VPCConnector

	// VPCEndpoint is how clients in the VPC reach the service, which other services may share, and
	// IngressConnection ties the service to it; nil unless the service is Private.
	VPCEndpoint       awsec2.IInterfaceVpcEndpoint
	IngressConnection awsapprunner.CfnVpcIngressConnection
}

// ResourcesOf returns the resources of a service on App Runner, and false if it runs elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// NewService defines a service on App Runner. It is web.NewService for who wants just this hosting.
func NewService(
	scope constructs.Construct,
	id string,
	workload web.Workload,
	hosting Hosting,
) (*web.Service, *Resources) {
	service := web.NewService(scope, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
	return service, service.Resources().(*Resources)
}

// ServiceARN names the service. It holds tokens.
func (r *Resources) ServiceARN() string { return *r.Service.AttrServiceArn() }

// ServiceID is the part of the ARN that App Runner generates: 32 characters. It holds tokens.
func (r *Resources) ServiceID() string { return *r.Service.AttrServiceId() }

// ClosedWarning is the id of the warning that every service carries.
const ClosedWarning = "cdkweb:apprunner-closed"

const closedMessage = "App Runner is closed to new customers (AWS gave April 30, 2026): this deploys only to an account that used it " +
	"before. Elsewhere change the Hosting to ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}; " +
	"the workload stays as it is"

// TagWarning is the id of the warning about a service that has a fixed name and tags.
const TagWarning = "cdkweb:apprunner-tags-replace"

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	role := in.Role(scope, "InstanceRole")
	accessRole := h.AccessRole
	if accessRole == nil && in.Image.RepositoryARN != "" {
		accessRole = newAccessRole(scope, "AccessRole", in)
	}
	cpu, memory := h.instance()
	connector := h.connector(scope, in)
	service := awsapprunner.NewCfnService(scope, new("Resource"), &awsapprunner.CfnServiceProps{
		ServiceName:         cdk.String(h.ServiceName),
		SourceConfiguration: h.sourceConfiguration(in, accessRole),
		InstanceConfiguration: &awsapprunner.CfnService_InstanceConfigurationProperty{
			Cpu:             &cpu,
			Memory:          &memory,
			InstanceRoleArn: role.RoleArn(),
		},
		HealthCheckConfiguration:    healthCheck(in.Workload.HealthCheck),
		AutoScalingConfigurationArn: h.autoScalingARN(scope),
		NetworkConfiguration:        h.networkConfiguration(connector, in.Private),
		ObservabilityConfiguration:  h.observability(scope, role),
		EncryptionConfiguration:     h.encryption(),
	})

	// App Runner starts the code at once: it must find the policies in place, which hang below the
	// roles, and not only the roles.
	roles := []constructs.IDependable{role}
	if accessRole != nil {
		roles = append(roles, accessRole)
	}
	service.Node().AddDependency(append(roles, connector.routes()...)...)
	if h.ServiceName != "" {
		cdk.WarnOfTags(service, service.Tags(), TagWarning, h.ServiceName)
	}
	made := web.Made{
		URL:         func() string { return "https://" + *service.AttrServiceUrl() },
		Role:        role,
		Primary:     service,
		Environment: service.SourceConfiguration,
		Unverified:  "App Runner looks at no headers",
		Protected:   web.Protected{ARN: *service.AttrServiceArn()},
	}
	connector.connect(&made)
	r := &Resources{Service: service, AccessRole: accessRole, VPCConnector: connector}
	h.letIn(scope, in, r, &made)
	made.Resources = r
	return made
}

// networkConfiguration is the property of the service; nil if it has nothing to say.
func (h Hosting) networkConfiguration(connector *VPCConnector, private bool) any {
	egress := connector.egress()
	var ingress any
	if private {
		ingress = &awsapprunner.CfnService_IngressConfigurationProperty{
			IsPubliclyAccessible: new(false),
		}
	}
	if egress == nil && ingress == nil && h.IPAddressType == "" {
		return nil
	}
	return &awsapprunner.CfnService_NetworkConfigurationProperty{
		EgressConfiguration:  egress,
		IngressConfiguration: ingress,
		IpAddressType:        cdk.String(h.IPAddressType),
	}
}

// observability makes the configuration of the traces, and grants the role what sending them needs:
// the actions of AWS's managed policy AWSXRayDaemonWriteAccess, which know no resource.
func (h Hosting) observability(scope constructs.Construct, role awsiam.IRole) any {
	if h.TraceVendor == "" {
		return nil
	}
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: cdk.List([]string{
			"xray:GetSamplingRules", "xray:GetSamplingStatisticSummaries", "xray:GetSamplingTargets",
			"xray:PutTelemetryRecords", "xray:PutTraceSegments",
		}),
		Resources: &[]*string{new("*")},
	}))
	configuration := awsapprunner.NewCfnObservabilityConfiguration(
		scope,
		new("Observability"),
		&awsapprunner.CfnObservabilityConfigurationProps{
			TraceConfiguration: &awsapprunner.CfnObservabilityConfiguration_TraceConfigurationProperty{
				Vendor: new(string(h.TraceVendor)),
			},
		},
	)
	return &awsapprunner.CfnService_ServiceObservabilityConfigurationProperty{
		ObservabilityEnabled:          new(true),
		ObservabilityConfigurationArn: configuration.AttrObservabilityConfigurationArn(),
	}
}

// encryption names the key; nil for App Runner's own.
func (h Hosting) encryption() any {
	if h.KMSKey == nil {
		return nil
	}
	return &awsapprunner.CfnService_EncryptionConfigurationProperty{KmsKey: h.KMSKey.KeyArn()}
}

// instance returns CPU and memory as App Runner's API does: in units and MB. Tokens stay as they
// are.
func (h Hosting) instance() (cpu, memory string) {
	cpu, memory = string(h.CPU), string(h.Memory)
	if units, megabytes := h.size(); units != 0 && megabytes != 0 {
		return strconv.Itoa(units), strconv.Itoa(megabytes)
	}
	return cpu, memory
}

// newAccessRole lets App Runner pull from one repository. The actions are those of AWS's managed
// policy AWSAppRunnerServicePolicyForECRAccess, which allows them on every repository.
func newAccessRole(scope constructs.Construct, id string, in *web.Definition) awsiam.Role {
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy: in.Principal("build.apprunner.amazonaws.com"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"Pull": cdk.Policy(
			cdk.Statement{Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
			}, Resource: in.Image.RepositoryARN},
			cdk.Statement{
				Actions:  []string{"ecr:GetAuthorizationToken"},
				Resource: "*",
			}, // knows no resource
		)},
	})
}

// autoScalingARN returns the configuration that the service scales by, or nil for the account's
// default one.
func (h Hosting) autoScalingARN(scope constructs.Construct) *string {
	shared := h.AutoScaling
	if own := h.scaling(); shared == nil && own != (AutoScalingProps{}) {
		shared = NewAutoScaling(scope, "AutoScaling", &own)
	}
	if shared == nil {
		return nil
	}
	return new(shared.AutoScalingConfigurationARN())
}

// sourceConfiguration is what runs.
func (h Hosting) sourceConfiguration(
	in *web.Definition,
	accessRole awsiam.IRole,
) *awsapprunner.CfnService_SourceConfigurationProperty {
	registry := "ECR_PUBLIC"
	var authentication any
	if accessRole != nil {
		registry = "ECR"
		authentication = &awsapprunner.CfnService_AuthenticationConfigurationProperty{
			AccessRoleArn: accessRole.RoleArn(),
		}
	}
	return &awsapprunner.CfnService_SourceConfigurationProperty{
		AutoDeploymentsEnabled:      new(h.AutoDeploymentsEnabled),
		AuthenticationConfiguration: authentication,
		ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{
			ImageIdentifier:     &in.Image.URI,
			ImageRepositoryType: &registry,
			ImageConfiguration: &awsapprunner.CfnService_ImageConfigurationProperty{
				Port:                        new(strconv.Itoa(in.Workload.Port)),
				StartCommand:                cdk.String(strings.Join(in.Workload.Command, " ")),
				RuntimeEnvironmentVariables: in.Variables.Pairs("name", "value"),
				RuntimeEnvironmentSecrets:   in.Secrets.Pairs("name", "value"),
			},
		},
	}
}

func healthCheck(check web.HealthCheck) *awsapprunner.CfnService_HealthCheckConfigurationProperty {
	protocol := "TCP"
	if check.Path != "" {
		protocol = "HTTP"
	}
	return &awsapprunner.CfnService_HealthCheckConfigurationProperty{
		Protocol:           &protocol,
		Path:               cdk.String(check.Path),
		Interval:           new(check.Interval.Seconds()),
		Timeout:            new(check.Timeout.Seconds()),
		HealthyThreshold:   new(float64(check.HealthyThreshold)),
		UnhealthyThreshold: new(float64(check.UnhealthyThreshold)),
	}
}
