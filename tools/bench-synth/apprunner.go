package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"

func appRunnerWithCDKWeb(stack awscdk.Stack, services int) {
	workload := web.Workload{
		Image:       webimage.URI(image, nil),
		Environment: map[string]string{"STAGE": "test"},
		HealthCheck: web.HealthCheck{Path: "/healthz"},
	}
	for i := range services {
		web.NewService(stack, "Site"+strconv.Itoa(i), &web.ServiceProps{
			Workload: workload,
			Hosting:  apprunnerweb.Hosting{MaxConcurrency: 80},
		})
	}
}

// appRunnerByHand writes down the same resources with L1 constructs alone.
func appRunnerByHand(stack awscdk.Stack, services int) {
	trust := func(service string) any {
		return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect":    "Allow",
			"Action":    "sts:AssumeRole",
			"Principal": map[string]any{"Service": service},
		}}}
	}
	variable := func(name, value string) any {
		return &awsapprunner.CfnService_KeyValuePairProperty{Name: &name, Value: &value}
	}
	pull := map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": []string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages",
			"ecr:GetDownloadUrlForLayer",
		}, "Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/site"},
		map[string]any{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
	}}
	for i := range services {
		id := "Site" + strconv.Itoa(i)
		instanceRole := awsiam.NewCfnRole(stack, new(id+"InstanceRole"), &awsiam.CfnRoleProps{
			AssumeRolePolicyDocument: trust("tasks.apprunner.amazonaws.com"),
		})
		accessRole := awsiam.NewCfnRole(stack, new(id+"AccessRole"), &awsiam.CfnRoleProps{
			AssumeRolePolicyDocument: trust("build.apprunner.amazonaws.com"),
			Policies: []any{
				&awsiam.CfnRole_PolicyProperty{PolicyName: new("Pull"), PolicyDocument: pull},
			},
		})
		scaling := awsapprunner.NewCfnAutoScalingConfiguration(stack, new(id+"AutoScaling"),
			&awsapprunner.CfnAutoScalingConfigurationProps{
				MinSize: new(1.0), MaxSize: new(25.0), MaxConcurrency: new(80.0),
			})
		service := awsapprunner.NewCfnService(
			stack,
			new(id+"Service"),
			&awsapprunner.CfnServiceProps{
				AutoScalingConfigurationArn: scaling.AttrAutoScalingConfigurationArn(),
				SourceConfiguration: &awsapprunner.CfnService_SourceConfigurationProperty{
					AutoDeploymentsEnabled: new(false),
					AuthenticationConfiguration: &awsapprunner.CfnService_AuthenticationConfigurationProperty{
						AccessRoleArn: accessRole.AttrArn(),
					},
					ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{
						ImageIdentifier:     new(image),
						ImageRepositoryType: new("ECR"),
						ImageConfiguration: &awsapprunner.CfnService_ImageConfigurationProperty{
							Port: new("8080"),
							RuntimeEnvironmentVariables: []any{
								variable("PORT", "8080"), variable("STAGE", "test"),
							},
						},
					},
				},
				InstanceConfiguration: &awsapprunner.CfnService_InstanceConfigurationProperty{
					Cpu: new("1024"), Memory: new("2048"), InstanceRoleArn: instanceRole.AttrArn(),
				},
				HealthCheckConfiguration: &awsapprunner.CfnService_HealthCheckConfigurationProperty{
					Protocol: new("HTTP"), Path: new("/healthz"),
					Interval: new(5.0), Timeout: new(2.0),
					HealthyThreshold: new(1.0), UnhealthyThreshold: new(5.0),
				},
			},
		)
		service.AddDependency(instanceRole)
		service.AddDependency(accessRole)
	}
}
