package apprunnerweb

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/late"
	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/internal/tagguard"
	"github.com/cdkweb/cdkweb/web"
)

// ServiceProps are a workload and App Runner's own options.
type ServiceProps struct {
	web.Workload
	Hosting
}

// Validate reports every problem of the props at once, joined with errors.Join, or nil. It needs no Node.
func (p *ServiceProps) Validate() error {
	if p == nil {
		p = &ServiceProps{}
	}
	return (&web.ServiceProps{Workload: p.Workload, Hosting: p.Hosting}).Validate()
}

// Service is a workload on App Runner.
//
// It is built on the L1 construct awsapprunner.CfnService, because App Runner's L2 is an alpha module that may break in any version.
type Service struct {
	constructs.Construct
	prepared     *web.Prepared
	autoDeploy   bool
	instanceRole awsiam.IRole
	accessRole   awsiam.IRole
	resource     awsapprunner.CfnService
}

var _ web.Hosted = (*Service)(nil)

// The warning that every service carries, by its id for Annotations.AcknowledgeWarning.
const (
	ClosedWarning = "cdkweb:apprunner-closed"

	closedMessage = "App Runner is closed to new customers (AWS gave April 30, 2026): this deploys only to an account that used it " +
		"before. Elsewhere change the Hosting to ecsweb.Hosting{} or lambdaweb.Hosting{}; the workload stays as it is"
)

// TagWarning is the id of the warning about a service that has a fixed name and tags.
const TagWarning = "cdkweb:apprunner-tags-replace"

// NewService defines an App Runner service. It panics with a [*web.InvalidPropsError] when the props cannot work or the image does not
// compile; nothing has been added to the tree then.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	if props == nil {
		props = &ServiceProps{}
	}
	return newService(scope, id, web.Prepare(scope, id, props.Workload, props.Hosting), props.Hosting)
}

func newService(scope constructs.Construct, id string, prepared *web.Prepared, hosting Hosting) *Service {
	hosting = hosting.withDefaults()

	s := &Service{prepared: prepared, autoDeploy: hosting.AutoDeploymentsEnabled}
	constructs.NewConstruct_Override(s, scope, &id)

	s.instanceRole = prepared.Workload.Role
	if s.instanceRole == nil {
		s.instanceRole = awsiam.NewRole(s, new("InstanceRole"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(new("tasks.apprunner.amazonaws.com"), nil),
		})
	}
	s.accessRole = hosting.AccessRole
	if s.accessRole == nil && prepared.Image.RepositoryARN != "" {
		s.accessRole = newAccessRole(s, "AccessRole", prepared.Image.RepositoryARN)
	}
	s.resource = awsapprunner.NewCfnService(s, new("Resource"), &awsapprunner.CfnServiceProps{
		ServiceName:         optional.String(hosting.ServiceName),
		SourceConfiguration: s.sourceConfiguration(),
		InstanceConfiguration: &awsapprunner.CfnService_InstanceConfigurationProperty{
			Cpu:             new(string(hosting.CPU)),
			Memory:          new(string(hosting.Memory)),
			InstanceRoleArn: s.instanceRole.RoleArn(),
		},
		HealthCheckConfiguration:    healthCheck(prepared.Workload.HealthCheck),
		AutoScalingConfigurationArn: s.autoScalingARN(hosting),
	})

	// App Runner starts the code at once: it must find the policies in place, which hang below the roles, and not only the roles.
	roles := []constructs.IDependable{s.instanceRole}
	if s.accessRole != nil {
		roles = append(roles, s.accessRole)
	}
	s.resource.Node().AddDependency(roles...)
	awscdk.Annotations_Of(s).AddWarningV2(new(ClosedWarning), new(closedMessage))
	if hosting.ServiceName != "" {
		tagguard.Add(s.resource, s.resource.Tags(), TagWarning, hosting.ServiceName)
	}
	return s
}

// newAccessRole lets App Runner pull from one repository. The actions are those of AWS's managed policy
// AWSAppRunnerServicePolicyForECRAccess, which allows them on every repository.
func newAccessRole(scope constructs.Construct, id, repositoryARN string) awsiam.Role {
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(new("build.apprunner.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"Pull": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
					Actions: &[]*string{
						new("ecr:BatchCheckLayerAvailability"),
						new("ecr:BatchGetImage"),
						new("ecr:DescribeImages"),
						new("ecr:GetDownloadUrlForLayer"),
					},
					Resources: &[]*string{&repositoryARN},
				}),
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
					Actions:   &[]*string{new("ecr:GetAuthorizationToken")}, // knows no resource
					Resources: &[]*string{new("*")},
				}),
			}}),
		},
	})
}

// autoScalingARN returns the configuration that the service scales by, or nil for the account's default one.
func (s *Service) autoScalingARN(hosting Hosting) *string {
	shared := hosting.AutoScaling
	if own := hosting.scaling(); shared == nil && own != (AutoScalingProps{}) {
		shared = NewAutoScaling(s, "AutoScaling", &own)
	}
	if shared == nil {
		return nil
	}
	return new(shared.AutoScalingConfigurationARN())
}

// sourceConfiguration is what runs.
func (s *Service) sourceConfiguration() *awsapprunner.CfnService_SourceConfigurationProperty {
	registry := "ECR_PUBLIC"
	var authentication any
	if s.accessRole != nil {
		registry = "ECR"
		authentication = &awsapprunner.CfnService_AuthenticationConfigurationProperty{AccessRoleArn: s.accessRole.RoleArn()}
	}
	return &awsapprunner.CfnService_SourceConfigurationProperty{
		AutoDeploymentsEnabled:      new(s.autoDeploy),
		AuthenticationConfiguration: authentication,
		ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{
			ImageIdentifier:     &s.prepared.Image.URI,
			ImageRepositoryType: &registry,
			ImageConfiguration: &awsapprunner.CfnService_ImageConfigurationProperty{
				Port:                        new(strconv.Itoa(s.prepared.Workload.Port)),
				StartCommand:                optional.String(strings.Join(s.prepared.Workload.Command, " ")),
				RuntimeEnvironmentVariables: late.Pairs(s.prepared.Variables),
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
		Path:               optional.String(check.Path),
		Interval:           new(check.Interval.Seconds()),
		Timeout:            new(check.Timeout.Seconds()),
		HealthyThreshold:   new(float64(check.HealthyThreshold)),
		UnhealthyThreshold: new(float64(check.UnhealthyThreshold)),
	}
}

// URL is where the service answers: https and a host name. It holds tokens.
func (s *Service) URL() string { return "https://" + *s.resource.AttrServiceUrl() }

// Role is the instance role: what the running server may do.
func (s *Service) Role() awsiam.IRole { return s.instanceRole }

// GrantPrincipal makes the service a grantee: table.GrantReadData(service).
func (s *Service) GrantPrincipal() awsiam.IPrincipal { return s.instanceRole }

// AddEnvironment sets an environment variable of the server. It panics with a [*web.InvalidPropsError] on a name that App Runner
// reserves, and where the variable has another value already.
func (s *Service) AddEnvironment(name, value string) {
	if err := s.prepared.SetVariable(name, value); err != nil {
		panic(&web.InvalidPropsError{Path: *s.Node().Path(), Err: err})
	}
}

// UseTable lets the server use a DynamoDB table: it grants the access and sets the environment variable to the table's name.
func (s *Service) UseTable(name string, table awsdynamodb.ITable, access web.Access) {
	s.prepared.UseTable(s, name, table, access)
}

// AccessRole is what App Runner pulls the image with, or nil for an image in Amazon ECR Public.
func (s *Service) AccessRole() awsiam.IRole { return s.accessRole }

// ServiceARN names the service. It holds tokens.
func (s *Service) ServiceARN() string { return *s.resource.AttrServiceArn() }

// ServiceID is the part of the ARN that App Runner makes up: 32 characters. It holds tokens.
func (s *Service) ServiceID() string { return *s.resource.AttrServiceId() }

// CfnService is the AWS::AppRunner::Service, for what this package has no option for.
func (s *Service) CfnService() awsapprunner.CfnService { return s.resource }
