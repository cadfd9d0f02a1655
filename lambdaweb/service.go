package lambdaweb

import (
	"fmt"
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/loggroup"
	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// ServiceProps are a workload and Lambda's own options.
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

// Service is a workload on Lambda.
type Service struct {
	constructs.Construct
	prepared    *web.Prepared
	role        awsiam.IRole
	logGroup    awslogs.ILogGroup
	function    awslambda.DockerImageFunction
	httpAPI     awsapigatewayv2.HttpApi
	restAPI     awsapigateway.RestApi
	functionURL awslambda.FunctionUrl
	url         string
}

var _ web.Hosted = (*Service)(nil)

// NewService defines a Lambda function that answers HTTP. It panics with a [*web.InvalidPropsError] when the props cannot work or the
// image does not compile; nothing has been added to the tree then.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	if props == nil {
		props = &ServiceProps{}
	}
	return newService(scope, id, web.Prepare(scope, id, props.Workload, props.Hosting), props.Hosting)
}

func newService(scope constructs.Construct, id string, prepared *web.Prepared, hosting Hosting) *Service {
	hosting = hosting.withDefaults()

	s := &Service{prepared: prepared}
	constructs.NewConstruct_Override(s, scope, &id)

	s.role = prepared.Workload.Role
	if s.role == nil {
		s.role = awsiam.NewRole(s, new("Role"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil),
		})
	}
	s.logGroup = hosting.LogGroup
	if s.logGroup == nil {
		s.logGroup = loggroup.New(s, "LogGroup", hosting.LogRetentionInDays)
	}
	s.function = awslambda.NewDockerImageFunction(s, new("Function"), &awslambda.DockerImageFunctionProps{
		Code: awslambda.DockerImageCode_FromEcr(prepared.Image.Repository(s, "ImageRepository"), &awslambda.EcrImageCodeProps{
			TagOrDigest: &prepared.Image.TagOrDigest,
			Cmd:         optional.List(prepared.Workload.Command),
		}),
		Architecture:                 architectures[prepared.Workload.Image.Facts().Architecture](),
		MemorySize:                   optional.Number(hosting.MemorySize),
		Timeout:                      awscdk.Duration_Seconds(new(hosting.Timeout.Seconds())),
		EphemeralStorageSize:         storage(hosting.EphemeralStorageSize),
		ReservedConcurrentExecutions: optional.Number(hosting.ReservedConcurrentExecutions),
		Tracing:                      hosting.Tracing,
		Environment:                  optional.Strings(s.variables(hosting.Endpoint)),
		Role:                         s.role,
		LogGroup:                     s.logGroup,
	})
	s.url = hosting.Endpoint.define(s)

	s.logGroup.GrantWrite(s.role)
	s.Node().SetDefaultChild(s.function.Node().DefaultChild())
	if limit := hosting.Endpoint.limit(); limit.timeout > 0 && hosting.Timeout > limit.timeout {
		awscdk.Annotations_Of(s).AddWarningV2(&limit.warning, new(fmt.Sprintf(
			"Timeout is %s, but %s waits %s for an answer: clients get an error while the function runs on and is paid for. "+
				"Shorten it, or use Endpoint: lambdaweb.FunctionURL{}, which waits as long as the function",
			hosting.Timeout, limit.name, limit.timeout)))
	}
	return s
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

// variables are the server's environment and the adapter's settings. What the workload sets wins.
func (s *Service) variables(endpoint Endpoint) map[string]string {
	variables := map[string]string{}
	maps.Copy(variables, endpoint.variables())
	if path := s.prepared.Workload.HealthCheck.Path; path != "" {
		variables["AWS_LWA_READINESS_CHECK_PATH"] = path
		variables["AWS_LWA_READINESS_CHECK_HEALTHY_STATUS"] = "200-399"
	} else if s.prepared.Workload.Image.Facts().Adapter != webimage.WithAdapter {
		variables["AWS_LWA_READINESS_CHECK_PROTOCOL"] = "tcp" // AWS Lambda Web Adapter would ask for / over HTTP
	}
	for name, value := range s.prepared.Variables() {
		variables[name] = value
	}
	return variables
}

// URL is where the service answers: https and a host name, behind a REST API also the stage's path, never a slash at the end. It holds
// tokens.
func (s *Service) URL() string { return s.url }

// Role is the execution role: what the running server may do.
func (s *Service) Role() awsiam.IRole { return s.role }

// GrantPrincipal makes the service a grantee: table.GrantReadData(service).
func (s *Service) GrantPrincipal() awsiam.IPrincipal { return s.role }

// AddEnvironment sets an environment variable of the server. It panics with a [*web.InvalidPropsError] on a name that Lambda reserves,
// and where the variable has another value already.
func (s *Service) AddEnvironment(name, value string) {
	if err := s.prepared.SetVariable(name, value); err != nil {
		panic(&web.InvalidPropsError{Path: *s.Node().Path(), Err: err})
	}
	s.function.AddEnvironment(&name, &value, nil)
}

// UseTable lets the server use a DynamoDB table: it grants the access and sets the environment variable to the table's name.
func (s *Service) UseTable(name string, table awsdynamodb.ITable, access web.Access) {
	s.prepared.UseTable(s, name, table, access)
}

// Stack is the stack that the service belongs to.
func (s *Service) Stack() awscdk.Stack { return awscdk.Stack_Of(s) }

// Function is the Lambda function.
func (s *Service) Function() awslambda.DockerImageFunction { return s.function }

// LogGroup receives what the server prints.
func (s *Service) LogGroup() awslogs.ILogGroup { return s.logGroup }

// HTTPAPI is the service's HTTP API, or nil where the endpoint is another one.
func (s *Service) HTTPAPI() awsapigatewayv2.HttpApi { return s.httpAPI }

// RESTAPI is the service's REST API, or nil where the endpoint is another one.
func (s *Service) RESTAPI() awsapigateway.RestApi { return s.restAPI }

// FunctionURL is the function's URL, or nil where the endpoint is another one.
func (s *Service) FunctionURL() awslambda.FunctionUrl { return s.functionURL }

// CfnFunction is the AWS::Lambda::Function, for what this package has no option for.
func (s *Service) CfnFunction() awslambda.CfnFunction {
	return s.function.Node().DefaultChild().(awslambda.CfnFunction)
}

// CfnApi is the AWS::ApiGatewayV2::Api of an HTTP API, or nil where the endpoint is another one.
func (s *Service) CfnApi() awsapigatewayv2.CfnApi { return l1[awsapigatewayv2.CfnApi](s.httpAPI) }

// CfnRestApi is the AWS::ApiGateway::RestApi of a REST API, or nil where the endpoint is another one.
func (s *Service) CfnRestApi() awsapigateway.CfnRestApi {
	return l1[awsapigateway.CfnRestApi](s.restAPI)
}

// CfnUrl is the AWS::Lambda::Url of a function URL, or nil where the endpoint is another one.
func (s *Service) CfnUrl() awslambda.CfnUrl { return l1[awslambda.CfnUrl](s.functionURL) }

// l1 returns the resource of an L2 construct, or nil where there is none.
func l1[T any](construct constructs.IConstruct) T {
	var none T
	if construct == nil {
		return none
	}
	return construct.Node().DefaultChild().(T)
}
