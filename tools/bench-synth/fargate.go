package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// table is what all services of a stack use.
func table(stack awscdk.Stack) awsdynamodb.Table {
	return awsdynamodb.NewTable(stack, new("Table"), &awsdynamodb.TableProps{
		PartitionKey: &awsdynamodb.Attribute{
			Name: new("id"), Type: awsdynamodb.AttributeType_STRING,
		},
	})
}

func fargateWithCDKWeb(stack awscdk.Stack, services int) {
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	defineFargate(stack, services, func(i int) fargateweb.Hosting {
		return fargateweb.Hosting{
			LoadBalancer: front, Paths: []string{path(i)}, Priority: i + 1,
		}
	})
}

func ownFargateWithCDKWeb(stack awscdk.Stack, services int) {
	defineFargate(stack, services, func(int) fargateweb.Hosting { return fargateweb.Hosting{} })
}

func defineFargate(stack awscdk.Stack, services int, hosting func(i int) fargateweb.Hosting) {
	items := table(stack)
	workload := web.Workload{
		Image:       webimage.URI(image, nil),
		Environment: map[string]string{"STAGE": "test"},
		HealthCheck: web.HealthCheck{Path: "/healthz"},
	}
	for i := range services {
		site := web.NewService(stack, "Site"+strconv.Itoa(i), &web.ServiceProps{
			Workload: workload,
			Hosting:  hosting(i),
		})
		site.UseTable("TABLE_NAME", items, web.ReadWrite)
	}
}

// fargateByHand writes down the same with the CDK's L2 constructs, because
// awsecspatterns.NewApplicationLoadBalancedFargateService cannot share a load balancer.
func fargateByHand(stack awscdk.Stack, services int) {
	items := table(stack)
	vpc := vpcByHand(stack, "VPC")
	balancer := awselasticloadbalancingv2.NewApplicationLoadBalancer(
		stack,
		new("LoadBalancer"),
		&awselasticloadbalancingv2.ApplicationLoadBalancerProps{
			Vpc: vpc, InternetFacing: new(true), DropInvalidHeaderFields: new(true),
		},
	)
	listener := balancer.AddListener(
		new("Listener"),
		&awselasticloadbalancingv2.BaseApplicationListenerProps{
			Port: new(80.0),
			DefaultAction: awselasticloadbalancingv2.ListenerAction_FixedResponse(
				new(404.0),
				nil,
			),
		},
	)
	for i := range services {
		id := "Site" + strconv.Itoa(i)
		image, logs := containerByHand(stack, id)
		task := awsecs.NewFargateTaskDefinition(
			stack,
			new(id+"Task"),
			&awsecs.FargateTaskDefinitionProps{
				Cpu:             new(float64(cpu)),
				MemoryLimitMiB:  new(float64(memory)),
				RuntimePlatform: runtimePlatform(),
			},
		)
		task.AddContainer(new("Main"), &awsecs.ContainerDefinitionOptions{
			Image:        image,
			Environment:  environment(items),
			Logging:      logs,
			PortMappings: &[]*awsecs.PortMapping{{ContainerPort: new(8080.0)}},
		})
		service := awsecs.NewFargateService(stack, new(id+"Service"), &awsecs.FargateServiceProps{
			Cluster:                clusterByHand(stack, id, vpc),
			TaskDefinition:         task,
			AssignPublicIp:         new(true),
			HealthCheckGracePeriod: seconds(60),
			MinHealthyPercent:      new(100.0),
			MaxHealthyPercent:      new(200.0),
			CircuitBreaker:         circuitBreaker(),
		})
		listener.AddTargets(&id, &awselasticloadbalancingv2.AddApplicationTargetsProps{
			Priority: new(float64(i + 1)),
			Conditions: &[]awselasticloadbalancingv2.ListenerCondition{
				awselasticloadbalancingv2.ListenerCondition_PathPatterns(
					&[]*string{new(path(i))},
				),
			},
			Protocol:            awselasticloadbalancingv2.ApplicationProtocol_HTTP,
			Targets:             &[]awselasticloadbalancingv2.IApplicationLoadBalancerTarget{service},
			DeregistrationDelay: seconds(60),
			HealthCheck:         healthCheck(),
		})
		scaleByHand(service)
		items.GrantReadWriteData(task.TaskRole())
	}
}

// ownFargateByHand uses the CDK's pattern.
func ownFargateByHand(stack awscdk.Stack, services int) {
	items := table(stack)
	for i := range services {
		id := "Site" + strconv.Itoa(i)
		image, logs := containerByHand(stack, id)
		site := awsecspatterns.NewApplicationLoadBalancedFargateService(
			stack,
			&id,
			&awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
				Cluster:                clusterByHand(stack, id, vpcByHand(stack, id+"VPC")),
				Cpu:                    new(float64(cpu)),
				MemoryLimitMiB:         new(float64(memory)),
				RuntimePlatform:        runtimePlatform(),
				AssignPublicIp:         new(true),
				HealthCheckGracePeriod: seconds(60),
				MinHealthyPercent:      new(100.0),
				MaxHealthyPercent:      new(200.0),
				CircuitBreaker:         circuitBreaker(),
				TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageOptions{
					Image:         image,
					ContainerPort: new(8080.0),
					Environment:   environment(items),
					LogDriver:     logs,
				},
			},
		)
		site.LoadBalancer().SetAttribute(
			new("routing.http.drop_invalid_header_fields.enabled"), new("true"),
		)
		site.TargetGroup().ConfigureHealthCheck(healthCheck())
		site.TargetGroup().SetAttribute(new("deregistration_delay.timeout_seconds"), new("60"))
		scaleByHand(site.Service())
		items.GrantReadWriteData(site.TaskDefinition().TaskRole())
	}
}

// What follows are the settings that fargateweb.Hosting{} has.

const cpu, memory = 1024, 2048

func path(i int) string { return "/" + strconv.Itoa(i) + "/*" }

func vpcByHand(stack awscdk.Stack, id string) awsec2.Vpc {
	return awsec2.NewVpc(stack, &id, &awsec2.VpcProps{
		MaxAzs:      new(2.0),
		NatGateways: new(0.0),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{
			Name:                new("Public"),
			SubnetType:          awsec2.SubnetType_PUBLIC,
			MapPublicIpOnLaunch: new(false),
		}},
		RestrictDefaultSecurityGroup: new(false),
	})
}

func clusterByHand(stack awscdk.Stack, id string, vpc awsec2.Vpc) awsecs.Cluster {
	return awsecs.NewCluster(stack, new(id+"Cluster"), &awsecs.ClusterProps{Vpc: vpc})
}

// containerByHand is the image, and where the container logs to.
func containerByHand(stack awscdk.Stack, id string) (awsecs.ContainerImage, awsecs.LogDriver) {
	repository := awsecr.Repository_FromRepositoryAttributes(
		stack,
		new(id+"Repository"),
		&awsecr.RepositoryAttributes{
			RepositoryArn:  new("arn:aws:ecr:eu-west-1:123456789012:repository/site"),
			RepositoryName: new("site"),
		},
	)
	logs := awslogs.NewLogGroup(stack, new(id+"LogGroup"), &awslogs.LogGroupProps{
		Retention: awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	return awsecs.ContainerImage_FromEcrRepository(repository, new("1.4")),
		awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup: logs, StreamPrefix: new("ecs"),
		})
}

func environment(items awsdynamodb.Table) *map[string]*string {
	return &map[string]*string{
		"PORT": new("8080"), "STAGE": new("test"), "TABLE_NAME": items.TableName(),
	}
}

func runtimePlatform() *awsecs.RuntimePlatform {
	return &awsecs.RuntimePlatform{
		CpuArchitecture:       awsecs.CpuArchitecture_X86_64(),
		OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
	}
}

func circuitBreaker() *awsecs.DeploymentCircuitBreaker {
	return &awsecs.DeploymentCircuitBreaker{Enable: new(true), Rollback: new(true)}
}

func healthCheck() *awselasticloadbalancingv2.HealthCheck {
	return &awselasticloadbalancingv2.HealthCheck{
		Path:                    new("/healthz"),
		Interval:                seconds(5),
		Timeout:                 seconds(2),
		HealthyThresholdCount:   new(2.0),
		UnhealthyThresholdCount: new(5.0),
	}
}

func scaleByHand(service awsecs.FargateService) {
	scaling := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: new(1.0), MaxCapacity: new(20.0),
	})
	scaling.ScaleOnCpuUtilization(new("CPU"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: new(60.0),
		ScaleInCooldown:          seconds(300),
		ScaleOutCooldown:         seconds(60),
	})
}

func seconds(n float64) awscdk.Duration { return awscdk.Duration_Seconds(&n) }
