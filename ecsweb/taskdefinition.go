package ecsweb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// checkTaskDefinition checks a task definition of the user's by what Express Mode asks of it
// (CreateExpressGatewayService, parameter taskDefinitionArn).
func (h Hosting) checkTaskDefinition(c *web.Check) {
	report := func(message, fix string) {
		c.Problem(web.Problem{Field: "Hosting.TaskDefinition", Message: message, Fix: fix})
	}
	definition := h.TaskDefinition
	c.Excludes(
		"TaskDefinition",
		h.CPU != 0 || h.Memory != 0 || h.ExecutionRole != nil,
		[]string{"CPU", "Memory", "ExecutionRole"},
		"set them in the task definition",
	)
	if role := c.Workload.Role; role != nil && *role.RoleArn() != *definition.TaskRole().RoleArn() {
		report("excludes Workload.Role", "set the task definition's TaskRole instead")
	}
	if !*definition.IsFargateCompatible() {
		report("must be one for Fargate", "make it with awsecs.NewFargateTaskDefinition")
	}
	if definition.FindContainer(new(container)) != nil {
		report(
			fmt.Sprintf(
				"must not have a container %q yet: the service adds the workload under this name",
				container,
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

// addContainer adds the workload to a task definition, as Express Mode asks for it: the name Main,
// and one TCP port that has a name.
func addContainer(
	scope constructs.Construct,
	in *web.Definition,
	definition awsecs.TaskDefinition,
	logs awslogs.ILogGroup,
) awsecs.ContainerDefinition {
	return definition.AddContainer(new(container), &awsecs.ContainerDefinitionOptions{
		Image:       containerImage(scope, in),
		Command:     cdk.List(in.Workload.Command),
		Environment: in.Variables.Map(),
		PortMappings: &[]*awsecs.PortMapping{{
			ContainerPort: new(float64(in.Workload.Port)),
			Name:          new("web"),
			Protocol:      awsecs.Protocol_TCP,
		}},
		Logging: awsecs.LogDriver_AwsLogs(
			&awsecs.AwsLogDriverProps{LogGroup: logs, StreamPrefix: new(streamPrefix)},
		),
	})
}

// containerImage lets the CDK grant the task definition's execution role what a private image
// needs.
func containerImage(scope constructs.Construct, in *web.Definition) awsecs.ContainerImage {
	if repository := in.Image.Repository(scope, "ImageRepository"); repository != nil {
		return awsecs.ContainerImage_FromEcrRepository(repository, &in.Image.TagOrDigest)
	}
	return awsecs.ContainerImage_FromRegistry(&in.Image.URI, nil)
}
