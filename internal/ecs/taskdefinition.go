// Package ecs is what the hostings on Amazon ECS share: the workload as a container of a task
// definition.
package ecs

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// Container is the name of the workload's container. Express Mode asks for it, and plain services
// have the same, so that a task definition may move from one to the other.
const Container = "Main"

// StreamPrefix is ECS's own default for the first part of a log stream's name.
const StreamPrefix = "ecs"

// streamPrefix is CloudWatch Logs' rule for names of log streams, of which the container's name and
// the task's id are the rest.
var streamPrefix = regexp.MustCompile(`^[^:*]+$`)

// CheckLogs checks where the server's output goes: to a log group, or to a driver of the user's, which
// excludes all that describes a log group.
func CheckLogs(c *web.Check, logs cdk.Logs, driver awsecs.LogDriver, streamPrefix string) {
	logs.Check(c)
	checkLogStreamPrefix(c, streamPrefix)
	c.Excludes(
		"LogDriver",
		driver != nil && (logs.Group != nil || len(logs.Set()) > 0 || streamPrefix != ""),
		[]string{"LogGroup", "LogRetentionInDays", "LogEncryptionKey", "LogStreamPrefix"},
		"set them on the driver",
	)
}

// checkLogStreamPrefix checks a hosting's option LogStreamPrefix.
func checkLogStreamPrefix(c *web.Check, prefix string) {
	const taskID = 32
	most := 512 - len("/"+Container+"/") - taskID
	c.Name("LogStreamPrefix", prefix, streamPrefix, 1, most, "characters but : and *")
}

// CheckTaskDefinition checks a task definition of the user's, to which the workload can be added.
// Express Mode asks for no less (CreateExpressGatewayService, parameter taskDefinitionArn).
func CheckTaskDefinition(c *web.Check, definition awsecs.TaskDefinition) {
	report := func(message, fix string) {
		c.Problem(web.Problem{Field: "Hosting.TaskDefinition", Message: message, Fix: fix})
	}
	if role := c.Workload.Role; role != nil && *role.RoleArn() != *definition.TaskRole().RoleArn() {
		report("excludes Workload.Role", "set the task definition's TaskRole instead")
	}
	if !*definition.IsFargateCompatible() {
		report("must be one for Fargate", "make it with awsecs.NewFargateTaskDefinition")
	}
	if definition.FindContainer(new(Container)) != nil {
		report(
			fmt.Sprintf(
				"must not have a container %q yet: the service adds the workload under this name",
				Container,
			),
			"leave it out, and give each service a task definition of its own",
		)
	}
	if c.Stack != nil && *awscdk.Stack_Of(definition).Node().Path() != *c.Stack.Node().Path() {
		report(
			"must be in the service's own stack, because the service adds the workload to it",
			"make it there",
		)
	}
	architecture, family := runtimeOf(definition)
	if !strings.HasPrefix(family, "LINUX") {
		report(
			"must be one for Linux, got "+family,
			"set RuntimePlatform.OperatingSystemFamily to awsecs.OperatingSystemFamily_LINUX()",
		)
	}
	if c.Image == nil {
		return
	}
	if architecture != c.Image.Architecture {
		report(
			fmt.Sprintf(
				"runs programs for %s, but Workload.Image has Architecture %s",
				architecture,
				c.Image.Architecture,
			),
			fmt.Sprintf(
				"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for %s",
				architecture,
			),
		)
	}
}

// runtimeOf is what a task definition runs: Linux on x86-64 if it does not say. The CDK's types do
// not tell their values, so it is read from the resource.
func runtimeOf(
	definition awsecs.TaskDefinition,
) (architecture webimage.Architecture, family string) {
	architecture, family = webimage.X86_64, "LINUX"
	resource, ok := definition.Node().DefaultChild().(awsecs.CfnTaskDefinition)
	if !ok || resource.RuntimePlatform() == nil {
		return architecture, family
	}
	platform, _ := awscdk.Stack_Of(definition).Resolve(resource.RuntimePlatform()).(map[string]any)
	if platform["cpuArchitecture"] == "ARM64" {
		architecture = webimage.ARM64
	}
	if name, ok := platform["operatingSystemFamily"].(string); ok {
		family = name
	}
	return architecture, family
}

// ContainerOptions describe the workload as a container with one TCP port that has a name, which
// Express Mode asks for.
func ContainerOptions(
	scope constructs.Construct,
	in *web.Definition,
) *awsecs.ContainerDefinitionOptions {
	return &awsecs.ContainerDefinitionOptions{
		Image:       containerImage(scope, in),
		Command:     cdk.List(in.Workload.Command),
		Environment: in.Variables.Map(),
		PortMappings: &[]*awsecs.PortMapping{{
			ContainerPort: new(float64(in.Workload.Port)),
			Name:          new("web"),
			Protocol:      awsecs.Protocol_TCP,
		}},
	}
}

// LogDriver writes what the server prints to a log group.
func LogDriver(logs awslogs.ILogGroup, streamPrefix string) awsecs.LogDriver {
	return awsecs.LogDriver_AwsLogs(
		&awsecs.AwsLogDriverProps{LogGroup: logs, StreamPrefix: &streamPrefix},
	)
}

// AddContainer adds the workload to a task definition, with the variables that it has now and those
// that it gets later.
func AddContainer(
	definition awsecs.TaskDefinition,
	in *web.Definition,
	options *awsecs.ContainerDefinitionOptions,
) awsecs.ContainerDefinition {
	container := definition.AddContainer(new(Container), options)
	in.Variables.Each(func(name, value string) { container.AddEnvironment(&name, &value) })
	for name, reference := range in.Secrets.All() {
		container.AddSecret(&name, newSecret(reference))
	}
	in.Secrets.Each(func(name, reference string) { container.AddSecret(&name, newSecret(reference)) })
	in.Variables.ReadOnce(container)
	return container
}

// secret is a reference as the CDK takes it. Package web has granted what reading it needs, which
// is less than the CDK's own secrets grant.
type secret struct {
	awsecs.Secret
	reference string
}

func newSecret(reference string) awsecs.Secret {
	s := &secret{reference: reference}
	awsecs.NewSecret_Override(s)
	return s
}

func (s *secret) Arn() *string { return &s.reference }

// HasField reports what asks for a newer platform version of Fargate. All that this module writes
// have it.
func (s *secret) HasField() *bool { return new(true) }

func (s *secret) GrantRead(grantee awsiam.IGrantable) awsiam.Grant {
	return awsiam.Grant_Drop(grantee, new("granted already"))
}

// Endpoints are the AWS services that ECS calls from a task's subnets to start it, which a Network
// names (Amazon ECR user guide, "Interface VPC endpoints": the layers of an image are in S3).
func Endpoints(in *web.Definition, logs bool) []string {
	var names []string
	if in.Image.RepositoryARN != "" {
		names = append(names, "ecr.api", "ecr.dkr", "s3")
	}
	if logs {
		names = append(names, "logs")
	}
	return names
}

// containerImage lets the CDK grant the task definition's execution role what a private image
// needs.
func containerImage(scope constructs.Construct, in *web.Definition) awsecs.ContainerImage {
	if repository := in.Image.Repository(scope, "ImageRepository"); repository != nil {
		return awsecs.ContainerImage_FromEcrRepository(repository, &in.Image.TagOrDigest)
	}
	return awsecs.ContainerImage_FromRegistry(&in.Image.URI, nil)
}
