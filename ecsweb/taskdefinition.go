package ecsweb

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"

	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// validateTaskDefinition checks a task definition of the user's by what Express Mode asks of it (CreateExpressGatewayService, parameter
// taskDefinitionArn).
func (h Hosting) validateTaskDefinition(workload *web.Workload) []error {
	var errs []error
	if h.CPU != 0 || h.Memory != 0 || h.ExecutionRole != nil {
		errs = append(errs, errors.New("TaskDefinition excludes CPU, Memory and ExecutionRole; set them in the task definition"))
	}
	if workload.Role != nil && *workload.Role.RoleArn() != *h.TaskDefinition.TaskRole().RoleArn() {
		errs = append(errs, errors.New("TaskDefinition excludes Role; set the task definition's TaskRole instead"))
	}
	if !*h.TaskDefinition.IsFargateCompatible() {
		errs = append(errs, errors.New("TaskDefinition must be one for Fargate; make it with awsecs.NewFargateTaskDefinition"))
	}
	if h.TaskDefinition.FindContainer(new(container)) != nil {
		errs = append(errs, fmt.Errorf("TaskDefinition must not have a container %q yet: the service adds the workload under this name; "+
			"leave it out, and give each service a task definition of its own", container))
	}
	if workload.Image == nil {
		return errs
	}
	runs, image := architecture(h.TaskDefinition.RuntimePlatform()), workload.Image.Facts().Architecture
	if runs != image {
		errs = append(errs, fmt.Errorf("TaskDefinition runs programs for %s, but Image has Architecture %s; "+
			"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for %[1]s", runs, image))
	}
	return errs
}

// architecture is what a task definition runs; x86-64 where it does not say.
func architecture(platform *awsecs.RuntimePlatform) webimage.Architecture {
	if platform != nil && platform.CpuArchitecture == awsecs.CpuArchitecture_ARM64() {
		return webimage.ARM64
	}
	return webimage.X86_64
}

// addContainer adds the workload to a task definition, as Express Mode asks for it: the name Main, and one TCP port that has a name.
func (s *Service) addContainer(definition awsecs.TaskDefinition) awsecs.ContainerDefinition {
	variables := map[string]*string{}
	for name, value := range s.prepared.Variables() {
		variables[name] = &value
	}
	return definition.AddContainer(new(container), &awsecs.ContainerDefinitionOptions{
		Image:       s.containerImage(),
		Command:     optional.List(s.prepared.Workload.Command),
		Environment: &variables,
		PortMappings: &[]*awsecs.PortMapping{{
			ContainerPort: new(float64(s.prepared.Workload.Port)),
			Name:          new("web"),
			Protocol:      awsecs.Protocol_TCP,
		}},
		Logging: awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{LogGroup: s.logGroup, StreamPrefix: new(streamPrefix)}),
	})
}

// containerImage lets the CDK grant the task definition's execution role what a private image needs.
func (s *Service) containerImage() awsecs.ContainerImage {
	if repository := s.prepared.Image.Repository(s, "ImageRepository"); repository != nil {
		return awsecs.ContainerImage_FromEcrRepository(repository, &s.prepared.Image.TagOrDigest)
	}
	return awsecs.ContainerImage_FromRegistry(&s.prepared.Image.URI, nil)
}
