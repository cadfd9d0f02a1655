package fargateweb

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/ecs"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// defineTask makes the task definition, or takes the user's, and adds the workload to it. It returns
// the server's role.
func (h Hosting) defineTask(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
) (role awsiam.IRole) {
	if h.TaskDefinition != nil {
		r.TaskDefinition = h.TaskDefinition
		role = in.Adopt(scope, "TaskRole", h.TaskDefinition.TaskRole())
	} else {
		role = in.Role(scope, "TaskRole")
		execution := h.ExecutionRole
		if execution != nil {
			execution = in.Adopt(scope, "ExecutionRole", execution)
		}
		r.TaskDefinition = awsecs.NewFargateTaskDefinition(scope, new("TaskDefinition"), &awsecs.FargateTaskDefinitionProps{
			Cpu:                 new(float64(h.CPU)),
			MemoryLimitMiB:      new(float64(h.Memory)),
			EphemeralStorageGiB: cdk.Number(h.EphemeralStorage),
			TaskRole:            role,
			ExecutionRole:       execution,
			RuntimePlatform: &awsecs.RuntimePlatform{
				CpuArchitecture:       architectures[in.Facts.Architecture](),
				OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
			},
		})
	}
	options := ecs.ContainerOptions(scope, in)
	options.EntryPoint = cdk.List(h.EntryPoint)
	options.StopTimeout = seconds(h.StopTimeout)
	options.Ulimits = &h.Ulimits
	options.Logging = h.LogDriver
	if h.LogDriver == nil {
		options.Logging = ecs.LogDriver(r.LogGroup, h.LogStreamPrefix)
	}
	if h.ContainerHealthCheck {
		options.HealthCheck = h.containerHealthCheck(in.Workload)
	}
	if h.ReadonlyRootFilesystem {
		options.ReadonlyRootFilesystem = new(true)
		options.LinuxParameters = awsecs.NewLinuxParameters(scope, new("LinuxParameters"), nil)
		options.LinuxParameters.AddTmpfs(&awsecs.Tmpfs{
			ContainerPath: new("/tmp"),
			Size:          new(float64(tmpSize)),
			MountOptions: &[]awsecs.TmpfsMountOption{
				awsecs.TmpfsMountOption_NOSUID,
				awsecs.TmpfsMountOption_NODEV,
			},
		})
	}
	r.Container = ecs.AddContainer(r.TaskDefinition, in, options)
	return role
}

// architectures are the CDK's names of what an image is built for.
var architectures = map[webimage.Architecture]func() awsecs.CpuArchitecture{
	webimage.X86_64: awsecs.CpuArchitecture_X86_64,
	webimage.ARM64:  awsecs.CpuArchitecture_ARM64,
}

// Limits of a container's health check (ECS API reference, HealthCheck). The command is given a
// second less than ECS waits for it, so that its words get into the task's history.
const (
	maxContainerTimeout = 60 * time.Second
	maxStartPeriod      = 300 * time.Second
)

// containerHealthCheck asks the server as the load balancer does, from inside of the task.
func (h Hosting) containerHealthCheck(workload web.Workload) *awsecs.HealthCheck {
	health := workload.HealthCheck
	url := fmt.Sprintf("tcp://127.0.0.1:%d", workload.Port)
	if health.Path != "" {
		url = fmt.Sprintf("http://127.0.0.1:%d%s", workload.Port, health.Path)
	}
	timeout := min(health.Timeout, maxContainerTimeout)
	command := adapter.HealthCommand(url, statusCodes(health), timeout-time.Second)
	return &awsecs.HealthCheck{
		Command:  cdk.List(command),
		Interval: seconds(health.Interval),
		Timeout:  seconds(timeout),
		Retries:  new(float64(health.UnhealthyThreshold)),
		StartPeriod: awscdk.Duration_Seconds(
			new(min(h.HealthCheckGracePeriod, maxStartPeriod).Seconds()),
		),
	}
}
