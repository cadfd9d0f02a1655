package ecsweb_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	kind       = "AWS::ECS::ExpressGatewayService"
	taskKind   = "AWS::ECS::TaskDefinition"
	privateURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
	publicURI  = "public.ecr.aws/nginx/nginx:1.29"
)

// workload needs no build, so that tests of the hosting's options are fast, and causes no warning.
func workload() web.Workload {
	return web.Workload{Image: webimage.URI(privateURI, nil), HealthCheck: web.HealthCheck{Path: "/"}}
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// newService makes a service of the default workload.
func newService(stack awscdk.Stack, hosting ecsweb.Hosting) (*web.Service, *ecsweb.Resources) {
	return ecsweb.NewService(stack, "Site", workload(), hosting)
}

// newVPC has a public and a private subnet in each of two zones.
func newVPC(stack awscdk.Stack) awsec2.Vpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false)})
}

// importedVPC exists already; public holds the ids of its public subnets, one a zone.
func importedVPC(stack awscdk.Stack, public ...string) awsec2.IVpc {
	attributes := &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef0"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PrivateSubnetIds:  &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	}
	if len(public) > 0 {
		var ids []*string
		for _, id := range public {
			ids = append(ids, &id)
		}
		attributes.PublicSubnetIds = &ids
	}
	return awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), attributes)
}

func newRole(stack awscdk.Stack, id, principal string) awsiam.Role {
	return awsiam.NewRole(stack, &id, &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(&principal, nil)})
}

func newTaskDefinition(stack awscdk.Stack, architecture awsecs.CpuArchitecture) awsecs.FargateTaskDefinition {
	return awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu: new(512.0), MemoryLimitMiB: new(1024.0),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: architecture, OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()},
	})
}

// Each row sets one option; the paths are below the service's Properties. An empty value means that
// there is nothing.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting ecsweb.Hosting
		want    map[string]string
	}{
		{name: "defaults", change: func(w *web.Workload) { w.HealthCheck = web.HealthCheck{} }, want: map[string]string{
			"ServiceName":                    "",
			"Cluster":                        "",
			"NetworkConfiguration":           "",
			"TaskDefinitionArn":              "",
			"Tags":                           "",
			"Cpu":                            `"1024"`,
			"Memory":                         `"2048"`,
			"HealthCheckPath":                `"/"`,
			"ScalingTarget":                  `{"AutoScalingMetric":"AVERAGE_CPU","AutoScalingTargetValue":60,"MinTaskCount":1,"MaxTaskCount":20}`,
			"PrimaryContainer.Image":         `"` + privateURI + `"`,
			"PrimaryContainer.ContainerPort": `8080`,
			"PrimaryContainer.Command":       "",
			"PrimaryContainer.Environment":   `[{"Name":"PORT","Value":"8080"}]`,
			"PrimaryContainer.AwsLogsConfiguration.LogStreamPrefix": `"ecs"`,
		}},
		{name: "port", change: func(w *web.Workload) { w.Port = 8000 }, want: map[string]string{
			"PrimaryContainer.ContainerPort": `8000`,
			"PrimaryContainer.Environment":   `[{"Name":"PORT","Value":"8000"}]`,
		}},
		{name: "environment in the order of its names", change: func(w *web.Workload) { w.Environment = map[string]string{"Z": "1", "A": "", "M": "x"} }, want: map[string]string{
			"PrimaryContainer.Environment": `[{"Name":"A","Value":""},{"Name":"M","Value":"x"},{"Name":"PORT","Value":"8080"},{"Name":"Z","Value":"1"}]`,
		}},
		{name: "the region may be set", change: func(w *web.Workload) { w.Environment = map[string]string{"AWS_REGION": "eu-west-1"} }, want: map[string]string{
			"PrimaryContainer.Environment.0": `{"Name":"AWS_REGION","Value":"eu-west-1"}`,
		}},
		{name: "command", change: func(w *web.Workload) { w.Command = []string{"serve", "a b", ""} }, want: map[string]string{
			"PrimaryContainer.Command": `["serve","a b",""]`,
		}},
		{name: "health check", change: func(w *web.Workload) { w.HealthCheck.Path = "/healthz" }, want: map[string]string{"HealthCheckPath": `"/healthz"`}},
		{name: "of a health check only the path counts", change: func(w *web.Workload) {
			w.HealthCheck = web.HealthCheck{Interval: 20 * time.Second, Timeout: 10 * time.Second, HealthyThreshold: 3, UnhealthyThreshold: 20}
		}, want: map[string]string{"HealthCheckPath": `"/"`}},
		{name: "CPU and memory", hosting: ecsweb.Hosting{CPU: 4096, Memory: 30720}, want: map[string]string{"Cpu": `"4096"`, "Memory": `"30720"`}},
		{name: "CPU alone gets its least memory", hosting: ecsweb.Hosting{CPU: 256}, want: map[string]string{"Cpu": `"256"`, "Memory": `"512"`}},
		{name: "task counts", hosting: ecsweb.Hosting{MinTaskCount: 2, MaxTaskCount: 2}, want: map[string]string{
			"ScalingTarget.MinTaskCount": `2`, "ScalingTarget.MaxTaskCount": `2`,
		}},
		{name: "a high minimum lifts the maximum", hosting: ecsweb.Hosting{MinTaskCount: 30}, want: map[string]string{"ScalingTarget.MaxTaskCount": `30`}},
		{name: "scaling by memory", hosting: ecsweb.Hosting{AutoScalingMetric: ecsweb.AverageMemory}, want: map[string]string{
			"ScalingTarget.AutoScalingMetric": `"AVERAGE_MEMORY"`, "ScalingTarget.AutoScalingTargetValue": `60`,
		}},
		{name: "scaling by requests", hosting: ecsweb.Hosting{AutoScalingMetric: ecsweb.RequestCountPerTarget, AutoScalingTargetValue: 1000}, want: map[string]string{
			"ScalingTarget.AutoScalingMetric": `"REQUEST_COUNT_PER_TARGET"`, "ScalingTarget.AutoScalingTargetValue": `1000`,
		}},
		{name: "service name", hosting: ecsweb.Hosting{ServiceName: "site_1"}, want: map[string]string{"ServiceName": `"site_1"`}},
		{name: "names of log streams", hosting: ecsweb.Hosting{LogStreamPrefix: "site"}, want: map[string]string{
			"PrimaryContainer.AwsLogsConfiguration.LogStreamPrefix": `"site"`,
		}},
		{name: "an image of another region", change: func(w *web.Workload) {
			w.Image = webimage.URI("123456789012.dkr.ecr.us-east-1.amazonaws.com/site", nil)
		}, want: map[string]string{
			"PrimaryContainer.Image": `"123456789012.dkr.ecr.us-east-1.amazonaws.com/site:latest"`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(&w)
			}
			ecsweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
		})
	}
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, build := range map[string]func(stack awscdk.Stack){
		"private image": func(stack awscdk.Stack) { newService(stack, ecsweb.Hosting{}) },
		"public image": func(stack awscdk.Stack) {
			ecsweb.NewService(stack, "Site", web.Workload{Image: webimage.URI(publicURI, nil)}, ecsweb.Hosting{})
		},
		"repository of the stack": func(stack awscdk.Stack) {
			w := web.Workload{Image: webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "", nil)}
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{})
		},
		"VPC": func(stack awscdk.Stack) { newService(stack, ecsweb.Hosting{VPC: newVPC(stack)}) },
		"every option": func(stack awscdk.Stack) {
			vpc := importedVPC(stack, "subnet-0000000a", "subnet-0000000b")
			w := web.Workload{
				Image:       webimage.URI(privateURI, nil),
				Port:        8000,
				Command:     []string{"serve", "--verbose"},
				Environment: map[string]string{"STAGE": "test"},
				HealthCheck: web.HealthCheck{Path: "/healthz"},
			}
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{
				CPU: 512, Memory: 3072,
				MinTaskCount: 2, MaxTaskCount: 4, AutoScalingMetric: ecsweb.AverageMemory, AutoScalingTargetValue: 70,
				ServiceName: "site", OwnCluster: true,
				VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
				SecurityGroups:     []awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)},
				LogRetentionInDays: 7, LogStreamPrefix: "site",
			})
		},
		"workload in a VPC": func(stack awscdk.Stack) {
			w := workload()
			w.VPC = newVPC(stack)
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{})
		},
		"secrets": func(stack awscdk.Stack) {
			w := workload()
			w.Secrets = hostingtest.Secrets(stack)
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{})
		},
		"secrets in a task definition of the user": func(stack awscdk.Stack) {
			w := workload()
			w.Secrets = hostingtest.Secrets(stack)
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil)})
		},
		"resources of the user": func(stack awscdk.Stack) {
			w := workload()
			w.Role = newRole(stack, "Task", "ecs-tasks.amazonaws.com")
			ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{
				Cluster:            awsecs.Cluster_FromClusterArn(stack, new("Cluster"), new("arn:aws:ecs:eu-west-1:123456789012:cluster/shared")),
				LogGroup:           awslogs.LogGroup_FromLogGroupName(stack, new("Logs"), new("site")),
				ExecutionRole:      newRole(stack, "Execution", "ecs-tasks.amazonaws.com"),
				InfrastructureRole: newRole(stack, "Infrastructure", "ecs.amazonaws.com"),
			})
		},
		"task definition of the user": func(stack awscdk.Stack) {
			definition := newTaskDefinition(stack, awsecs.CpuArchitecture_ARM64())
			w := web.Workload{
				Image:       webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64}),
				Port:        8000,
				Command:     []string{"serve", "--verbose"},
				Environment: map[string]string{"Z": "1", "A": "2"},
			}
			service, _ := ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{TaskDefinition: definition})
			service.AddEnvironment("ADDED", "3")
			definition.AddContainer(new("Sidecar"), &awsecs.ContainerDefinitionOptions{Image: awsecs.ContainerImage_FromRegistry(new(publicURI), nil)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}

// The roles trust whom AWS's documents name, and have AWS's own policies; a public image needs no
// repository.
func TestRoles(t *testing.T) {
	for _, test := range []struct {
		image string
		pull  string // what the execution role may pull beside AWS's policy
	}{
		{privateURI, `"arn:aws:ecr:eu-west-1:123456789012:repository/site"`},
		{publicURI, "null"},
	} {
		t.Run(test.image, func(t *testing.T) {
			stack := newStack(t)
			ecsweb.NewService(stack, "Site", web.Workload{Image: webimage.URI(test.image, nil)}, ecsweb.Hosting{})
			template := templatetest.Of(t, stack)
			for property, want := range map[string]struct{ principal, policy, pull string }{
				"TaskRoleArn":           {"ecs-tasks.amazonaws.com", "", "null"},
				"ExecutionRoleArn":      {"ecs-tasks.amazonaws.com", ":iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy", test.pull},
				"InfrastructureRoleArn": {"ecs.amazonaws.com", ":iam::aws:policy/service-role/AmazonECSInfrastructureRoleforExpressGatewayServices", "null"},
			} {
				id, _ := template.Get(kind, property+".Fn::GetAtt.0").(string)
				role := template.Resources[id].Properties
				if got := templatetest.At(role, "AssumeRolePolicyDocument.Statement.0.Principal.Service"); got != want.principal {
					t.Errorf("%s: got trust in %v, want %s", property, got, want.principal)
				}
				if got, _ := templatetest.At(role, "ManagedPolicyArns.0.Fn::Join.1.2").(string); got != want.policy {
					t.Errorf("%s: got policy %q, want %q", property, got, want.policy)
				}
				if got := templatetest.JSON(t, templatetest.At(role, "Policies.0.PolicyDocument.Statement.0.Resource")); got != want.pull {
					t.Errorf("%s: may pull %s, want %s", property, got, want.pull)
				}
			}
		})
	}
}

// CloudFormation deletes in the opposite order of the dependencies: what ECS needs to take a
// service down has to be one.
func TestDeletionOrder(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	_, resources := newService(stack, ecsweb.Hosting{VPC: vpc, OwnCluster: true})
	resources.InfrastructureRole.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: &[]*string{new("ec2:DescribeVpcs")}, Resources: &[]*string{new("*")},
	}))
	template := templatetest.Of(t, stack)
	resource := template.Resources[template.IDs(kind)[0]]
	for _, id := range append(template.IDs("AWS::IAM::Role"), template.IDs("AWS::IAM::Policy")...) {
		if !slices.Contains(resource.DependsOn, id) {
			t.Errorf("the service depends on %q, want %s among them", resource.DependsOn, id)
		}
	}
	named := templatetest.JSON(t, resource.Properties)
	for _, kind := range []string{"AWS::Logs::LogGroup", "AWS::ECS::Cluster", "AWS::EC2::SecurityGroup"} {
		if id := template.IDs(kind)[0]; !strings.Contains(named, `"`+id+`"`) {
			t.Errorf("the service does not name %s: %s", id, named)
		}
	}
}

// The service waits for the routes that make a subnet public or private, in the subnets that it is
// in and in no others.
func TestSubnets(t *testing.T) {
	for _, test := range []struct {
		name      string
		selection *awsec2.SubnetSelection
		in, other string
	}{
		{"public ones by default", nil, "Public", "Private"},
		{"public ones", &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}, "Public", "Private"},
		{"private ones", &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}, "Private", "Public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			newService(stack, ecsweb.Hosting{VPC: newVPC(stack), VPCSubnets: test.selection})
			template := templatetest.Of(t, stack)
			depends := template.Resources[template.IDs(kind)[0]].DependsOn
			for _, id := range template.IDs("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::Route") {
				if got, want := slices.Contains(depends, id), strings.Contains(id, test.in); got != want {
					t.Errorf("the service depends on %s: %v, want %v", id, got, want)
				}
			}
			if id := template.IDs("AWS::EC2::InternetGateway")[0]; !slices.Contains(depends, id) {
				t.Errorf("the service depends on %q, want %s among them", depends, id)
			}
			subnets := templatetest.JSON(t, template.Get(kind, "NetworkConfiguration.Subnets"))
			if strings.Count(subnets, `"Ref":"VPC`+test.in) != 2 || strings.Contains(subnets, test.other) {
				t.Errorf("got subnets %s, want the two %s ones", subnets, test.in)
			}
		})
	}
}

func TestImportedSubnets(t *testing.T) {
	stack := newStack(t)
	newService(stack, ecsweb.Hosting{VPC: importedVPC(stack)})
	templatetest.Of(t, stack).Want(kind, "NetworkConfiguration.Subnets", `["subnet-0000000c","subnet-0000000d"]`) // it has no public ones

	stack = newStack(t)
	var subnets []awsec2.ISubnet
	for _, id := range []string{"subnet-00000001", "subnet-00000002"} {
		subnets = append(subnets, awsec2.Subnet_FromSubnetId(stack, &id, &id))
	}
	newService(stack, ecsweb.Hosting{VPC: importedVPC(stack, "subnet-0000000a", "subnet-0000000b"), VPCSubnets: &awsec2.SubnetSelection{Subnets: &subnets}})
	templatetest.Of(t, stack).Want(kind, "NetworkConfiguration.Subnets", `["subnet-00000001","subnet-00000002"]`)
}

func TestClusters(t *testing.T) {
	stack := newStack(t)
	newService(stack, ecsweb.Hosting{OwnCluster: true})
	template := templatetest.Of(t, stack)
	template.Want(kind, "Cluster", `{"Ref":"`+template.IDs("AWS::ECS::Cluster")[0]+`"}`)
	template.Want("AWS::ECS::Cluster", "CapacityProviders", `["FARGATE"]`)

	stack = newStack(t)
	cluster := awsecs.NewCluster(stack, new("Shared"), &awsecs.ClusterProps{Vpc: importedVPC(stack, "subnet-0000000a", "subnet-0000000b")})
	newService(stack, ecsweb.Hosting{Cluster: cluster})
	template = templatetest.Of(t, stack)
	template.Want(kind, "Cluster", `{"Ref":"`+template.IDs("AWS::ECS::Cluster")[0]+`"}`)
	template.Want(kind, "NetworkConfiguration", "") // a cluster's VPC is not the service's
}

func TestConnections(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	service, _ := newService(stack, ecsweb.Hosting{VPC: vpc})
	database := awsec2.NewConnections(&awsec2.ConnectionsProps{
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.NewSecurityGroup(stack, new("Database"), &awsec2.SecurityGroupProps{Vpc: vpc})},
		DefaultPort:    awsec2.Port_Tcp(new(5432.0)),
	})
	database.AllowDefaultPortFrom(service, nil)
	template := templatetest.Of(t, stack)
	group := template.Get(kind, "NetworkConfiguration.SecurityGroups.0.Fn::GetAtt.0").(string)
	template.Want("AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId", `{"Fn::GetAtt":["`+group+`","GroupId"]}`)
	template.Want("AWS::EC2::SecurityGroupIngress", "FromPort", "5432")
	if n := warnings(stack, "Ignoring Egress rule"); n != 0 {
		t.Errorf("got %d warnings about an egress rule that nobody asked for, want none", n)
	}

	outside, _ := newService(newStack(t), ecsweb.Hosting{})
	hostingtest.WantPanic(t, "Stack/Site", "Connections need a security group; set Workload.VPC, or VPC or SecurityGroups of ecsweb.Hosting", func() { outside.Connections() })
}

// What is added to the Connections stays in them.
func TestConnectionsAreKept(t *testing.T) {
	stack := newStack(t)
	group := func(id string) awsec2.ISecurityGroup {
		return awsec2.SecurityGroup_FromSecurityGroupId(stack, &id, new("sg-"+id), nil)
	}
	service, _ := newService(stack, ecsweb.Hosting{SecurityGroups: []awsec2.ISecurityGroup{group("00000001")}}) // in the default VPC
	service.Connections().AddSecurityGroup(group("00000002"))
	group("0000000d").Connections().AllowFrom(service, awsec2.Port_Tcp(new(5432.0)), nil)
	template := templatetest.Of(t, stack)
	var sources []string
	for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		if of := template.Resources[id].Properties; of["GroupId"] == "sg-0000000d" {
			sources = append(sources, fmt.Sprint(of["SourceSecurityGroupId"]))
		}
	}
	slices.Sort(sources)
	if want := []string{"sg-00000001", "sg-00000002"}; !slices.Equal(sources, want) {
		t.Errorf("the database lets in %q, want %q", sources, want)
	}
	template.Want(kind, "NetworkConfiguration", `{"SecurityGroups":["sg-00000001"]}`)
}

// Whatever form ECS gives the endpoint, the URL is the same.
func TestURL(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, ecsweb.Hosting{})
	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
	template := templatetest.Of(t, stack)
	for _, endpoint := range []string{
		"de-0123456789abcdef.ecs.eu-west-1.on.aws",
		"https://de-0123456789abcdef.ecs.eu-west-1.on.aws",
		"https://de-0123456789abcdef.ecs.eu-west-1.on.aws/",
		"de-0123456789abcdef.ecs.eu-west-1.on.aws/",
	} {
		attributes := map[string]string{template.IDs(kind)[0] + ".Endpoint": endpoint}
		got := evaluate(t, templatetest.At(template.Outputs, "URL.Value"), attributes)
		if want := "https://de-0123456789abcdef.ecs.eu-west-1.on.aws"; got != want {
			t.Errorf("endpoint %s: got URL %v, want %s", endpoint, got, want)
		}
	}
}

// evaluate does what CloudFormation does with Fn::Join, Fn::Split and Fn::GetAtt.
func evaluate(t *testing.T, value any, attributes map[string]string) any {
	t.Helper()
	function, ok := value.(map[string]any)
	if !ok {
		return value
	}
	argument := func(name string, i int) any {
		return function[name].([]any)[i]
	}
	switch {
	case function["Fn::Join"] != nil:
		list := evaluate(t, argument("Fn::Join", 1), attributes)
		var texts []string
		for _, element := range list.([]any) {
			texts = append(texts, evaluate(t, element, attributes).(string))
		}
		return strings.Join(texts, argument("Fn::Join", 0).(string))
	case function["Fn::Split"] != nil:
		var list []any
		for _, text := range strings.Split(evaluate(t, argument("Fn::Split", 1), attributes).(string), argument("Fn::Split", 0).(string)) {
			list = append(list, text)
		}
		return list
	case function["Fn::GetAtt"] != nil:
		return attributes[argument("Fn::GetAtt", 0).(string)+"."+argument("Fn::GetAtt", 1).(string)]
	}
	t.Fatalf("got %v, want Fn::Join, Fn::Split or Fn::GetAtt", value)
	return nil
}

func TestResources(t *testing.T) {
	stack := newStack(t)
	service, resources := newService(stack, ecsweb.Hosting{})
	for name, value := range map[string]string{
		"ARN": resources.ServiceARN(), "LoadBalancer": resources.LoadBalancerARN(), "Listener": resources.ListenerARN(), "Rule": resources.ListenerRuleARN(),
		"TargetGroups": join(resources.TargetGroupARNs()), "LoadBalancerGroups": join(resources.LoadBalancerSecurityGroupARNs()),
		"ServiceGroups": join(resources.ServiceSecurityGroupARNs()), "LogGroups": join(resources.LogGroupARNs()),
		"LogGroup": *resources.LogGroup.LogGroupName(),
		"Role":     *service.Role().RoleArn(), "ExecutionRole": *resources.ExecutionRole.RoleArn(), "InfrastructureRole": *resources.InfrastructureRole.RoleArn(),
	} {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: &value})
	}
	resources.Service.AddPropertyOverride(new("HealthCheckPath"), "/up?deep=1")
	if got := service.Node().DefaultChild(); got != constructs.IConstruct(resources.Service) {
		t.Errorf("the default child is %v, want the L1", got)
	}
	if resources.Container != nil {
		t.Errorf("got container %v, want none if ECS makes the task definition", resources.Container)
	}
	template := templatetest.Of(t, stack)
	id := template.IDs(kind)[0]
	attribute := func(name string) string { return `{"Fn::GetAtt":["` + id + `","` + name + `"]}` }
	list := func(name string) string { return `{"Fn::Join":[" ",` + attribute(name) + `]}` }
	for output, want := range map[string]string{
		"ARN":                attribute("ServiceArn"),
		"LoadBalancer":       attribute("ECSManagedResourceArns.IngressPath.LoadBalancerArn"),
		"Listener":           attribute("ECSManagedResourceArns.IngressPath.ListenerArn"),
		"Rule":               attribute("ECSManagedResourceArns.IngressPath.ListenerRuleArn"),
		"TargetGroups":       list("ECSManagedResourceArns.IngressPath.TargetGroupArns"),
		"LoadBalancerGroups": list("ECSManagedResourceArns.IngressPath.LoadBalancerSecurityGroups"),
		"ServiceGroups":      list("ECSManagedResourceArns.ServiceSecurityGroups"),
		"LogGroups":          list("ECSManagedResourceArns.LogGroups"),
		"LogGroup":           templatetest.JSON(t, template.Get(kind, "PrimaryContainer.AwsLogsConfiguration.LogGroup")),
		"Role":               templatetest.JSON(t, template.Get(kind, "TaskRoleArn")),
		"ExecutionRole":      templatetest.JSON(t, template.Get(kind, "ExecutionRoleArn")),
		"InfrastructureRole": templatetest.JSON(t, template.Get(kind, "InfrastructureRoleArn")),
	} {
		if got := templatetest.JSON(t, templatetest.At(template.Outputs, output+".Value")); got != want {
			t.Errorf("%s: got %s, want %s", output, got, want)
		}
	}
	template.Want(kind, "HealthCheckPath", `"/up?deep=1"`)
}

func join(list []string) string {
	var pointers []*string
	for _, s := range list {
		pointers = append(pointers, &s)
	}
	return *awscdk.Fn_Join(new(" "), &pointers)
}

func TestResourcesOf(t *testing.T) {
	stack := newStack(t)
	here, resources := newService(stack, ecsweb.Hosting{})
	if got, ok := ecsweb.ResourcesOf(here); got != resources || !ok {
		t.Errorf("got %v and %v, want the service's resources", got, ok)
	}
	elsewhere := web.NewService(stack, "Elsewhere", &web.ServiceProps{Workload: workload(), Hosting: memweb.Hosting{}})
	if got, ok := ecsweb.ResourcesOf(elsewhere); got != nil || ok {
		t.Errorf("got %v and %v for another hosting, want nothing", got, ok)
	}
}

// An execution role of another stack gets its permissions in the service's: to read a secret.
func TestExecutionRoleOfAnotherStack(t *testing.T) {
	stack := newStack(t)
	roles := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Roles"), nil)
	service, _ := newService(stack, ecsweb.Hosting{ExecutionRole: newRole(roles, "Execution", "ecs-tasks.amazonaws.com")})
	service.AddSecret("PASSWORD", web.SecretsManager(awssecretsmanager.NewSecret(stack, new("Password"), nil), ""))
	if ids := templatetest.Of(t, roles).IDs("AWS::IAM::Policy"); len(ids) > 0 {
		t.Errorf("the role's stack has the policies %q, want none", ids)
	}
	template := templatetest.Of(t, stack)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.0.Action", `"secretsmanager:GetSecretValue"`)
	if id, depends := template.IDs("AWS::IAM::Policy")[0], template.Resources[template.IDs(kind)[0]].DependsOn; !slices.Contains(depends, id) {
		t.Errorf("the service depends on %q, want %s among them", depends, id)
	}
}

// The container of a task definition logs as the options say, or the driver.
func TestLogsOfTaskDefinition(t *testing.T) {
	for _, test := range []struct {
		name    string
		hosting func(stack awscdk.Stack) ecsweb.Hosting
		want    map[string]string
		groups  int
	}{
		{"names of log streams", func(awscdk.Stack) ecsweb.Hosting { return ecsweb.Hosting{LogStreamPrefix: "site"} },
			map[string]string{"Options.awslogs-stream-prefix": `"site"`}, 1},
		{"a driver", func(stack awscdk.Stack) ecsweb.Hosting {
			token := awsecs.Secret_FromSecretsManager(awssecretsmanager.NewSecret(stack, new("Token"), nil), nil)
			return ecsweb.Hosting{LogDriver: awsecs.LogDrivers_Splunk(&awsecs.SplunkLogDriverProps{SecretToken: token, Url: new("https://splunk.example.com")})}
		}, map[string]string{"LogDriver": `"splunk"`}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			hosting := test.hosting(stack)
			hosting.TaskDefinition = newTaskDefinition(stack, awsecs.CpuArchitecture_X86_64())
			_, resources := newService(stack, hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(taskKind, "ContainerDefinitions.0.LogConfiguration."+path, want)
			}
			if got := template.Types()["AWS::Logs::LogGroup"]; got != test.groups || (resources.LogGroup != nil) != (test.groups > 0) {
				t.Errorf("got %d log groups and %v in the resources, want %d", got, resources.LogGroup, test.groups)
			}
		})
	}
}

// A task definition of the user's gets the workload as its container Main, and excludes what it
// says itself.
func TestTaskDefinition(t *testing.T) {
	stack := newStack(t)
	definition := newTaskDefinition(stack, awsecs.CpuArchitecture_X86_64())
	service, resources := newService(stack, ecsweb.Hosting{TaskDefinition: definition})
	service.AddEnvironment("STAGE", "test")
	template := templatetest.Of(t, stack)
	template.Want(kind, "TaskDefinitionArn", `{"Ref":"`+template.IDs(taskKind)[0]+`"}`)
	for _, excluded := range []string{"PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory"} {
		template.Want(kind, excluded, "")
	}
	template.Want(taskKind, "ContainerDefinitions.0.Name", `"Main"`)
	template.Want(taskKind, "ContainerDefinitions.0.PortMappings", `[{"ContainerPort":8080,"Name":"web","Protocol":"tcp"}]`)
	template.Want(taskKind, "ContainerDefinitions.0.Environment", `[{"Name":"PORT","Value":"8080"},{"Name":"STAGE","Value":"test"}]`)
	if service.Role() != definition.TaskRole() || resources.ExecutionRole != definition.ExecutionRole() {
		t.Errorf("got roles %v and %v, want the task definition's", service.Role(), resources.ExecutionRole)
	}
	if found := definition.FindContainer(new("Main")); found != resources.Container {
		t.Errorf("got container %v, want the task definition's %v", resources.Container, found)
	}
	hostingtest.WantPanic(t, "Stack/Two", `Hosting.TaskDefinition must not have a container "Main" yet`, func() {
		ecsweb.NewService(stack, "Two", workload(), ecsweb.Hosting{TaskDefinition: definition})
	})

	// The task definition's own role may be named again: a workload that moves here keeps it.
	stack = newStack(t)
	role := newRole(stack, "Own", "ecs-tasks.amazonaws.com")
	definition = awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{TaskRole: role})
	public := web.Workload{Image: webimage.URI(publicURI, nil), Role: role}
	ecsweb.NewService(stack, "Site", public, ecsweb.Hosting{TaskDefinition: definition})
	templatetest.Of(t, stack).Want(taskKind, "ContainerDefinitions.0.Image", `"`+publicURI+`"`)
}

// What a task definition runs counts, however it was written down.
func TestTaskDefinitionRuntime(t *testing.T) {
	for _, test := range []struct {
		name    string
		image   webimage.Architecture
		runtime *awsecs.RuntimePlatform
	}{
		{"nothing", webimage.X86_64, nil},
		{"nothing of the architecture", webimage.X86_64, &awsecs.RuntimePlatform{OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()}},
		{"the CDK's arm64", webimage.ARM64, &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64()}},
		{"arm64 by its name", webimage.ARM64, &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_Of(new("ARM64"))}},
		{"Linux by its name", webimage.X86_64, &awsecs.RuntimePlatform{OperatingSystemFamily: awsecs.OperatingSystemFamily_Of(new("LINUX"))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			definition := awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{RuntimePlatform: test.runtime})
			w := web.Workload{Image: webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: test.image})}
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: ecsweb.Hosting{TaskDefinition: definition}})
		})
	}
}

// The service adds the workload to the task definition, so both are in one stack: also if the
// service is deeper in it.
func TestTaskDefinitionOfAnotherStack(t *testing.T) {
	app := webtest.NewApp(t)
	one, two := awscdk.NewStack(app, new("One"), nil), awscdk.NewStack(app, new("Two"), nil)
	hosting := ecsweb.Hosting{TaskDefinition: newTaskDefinition(one, nil)}
	const want = "Hosting.TaskDefinition must be in the service's own stack, because the service adds the workload to it; make it there"
	hostingtest.WantPanic(t, "Two/Site", want, func() { newService(two, hosting) })
	hostingtest.WantPanic(t, "One/Nested/Site", want, func() { newService(awscdk.NewNestedStack(one, new("Nested"), nil), hosting) })

	stack := newStack(t)
	ecsweb.NewService(constructs.NewConstruct(stack, new("Part")), "Site", workload(), ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil)})
	templatetest.Of(t, stack).Want(taskKind, "ContainerDefinitions.0.Name", `"Main"`)
}

// Variables are rendered in a property of the L1. Whoever replaces it takes over; what is added
// then must not get lost.
func TestReplacedContainer(t *testing.T) {
	replace := func(_ *web.Service, r *ecsweb.Resources) {
		r.Service.SetPrimaryContainer(&awsecs.CfnExpressGatewayService_ExpressGatewayContainerProperty{Image: new(publicURI), ContainerPort: new(80.0)})
	}
	add := func(s *web.Service, _ *ecsweb.Resources) {
		s.AddEnvironment("STAGE", "test")
		s.AddEnvironment("ZONE", "a")
	}
	const lost = "the variables STAGE, ZONE were added to the service, but its environment was replaced in the L1 construct, so they would be missing: " +
		"set them there too, or change the L1 with AddPropertyOverride instead"
	for _, test := range []struct {
		name  string
		steps []func(*web.Service, *ecsweb.Resources)
		want  string // the error; empty if there is none
	}{
		{"only replaced", []func(*web.Service, *ecsweb.Resources){replace}, ""},
		{"replaced, then variables", []func(*web.Service, *ecsweb.Resources){replace, add}, lost},
		{"variables, then replaced", []func(*web.Service, *ecsweb.Resources){add, replace}, lost},
		{"overridden, then variables", []func(*web.Service, *ecsweb.Resources){
			func(_ *web.Service, r *ecsweb.Resources) {
				r.Service.AddPropertyOverride(new("PrimaryContainer.ContainerPort"), 80)
			}, add,
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service, resources := newService(stack, ecsweb.Hosting{})
			for _, step := range test.steps {
				step(service, resources)
			}
			if got := synthError(stack); test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want an error with %q", got, test.want)
			}
		})
	}
}

// synthError is what a synthesis fails with, or nothing.
func synthError(stack awscdk.Stack) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
	return ""
}

func TestTagWarning(t *testing.T) {
	for _, test := range []struct {
		name    string
		service string
		tag     func(stack awscdk.Stack, service *web.Service)
		want    int
	}{
		{"a fixed name without tags", "site", nil, 0},
		{"tags without a fixed name", "", func(stack awscdk.Stack, _ *web.Service) { awscdk.Tags_Of(stack).Add(new("team"), new("web"), nil) }, 0},
		{"a fixed name and a tag", "site", func(_ awscdk.Stack, s *web.Service) { awscdk.Tags_Of(s).Add(new("team"), new("web"), nil) }, 1},
		{"a fixed name and a tag from above", "site", func(stack awscdk.Stack, _ *web.Service) {
			awscdk.Tags_Of(stack.Node().Root()).Add(new("team"), new("web"), nil)
		}, 1},
		{"a fixed name and a tag of the stack", "site", func(stack awscdk.Stack, _ *web.Service) { stack.Tags().SetTag(new("team"), new("web"), nil, nil) }, 1},
		{"acknowledged", "site", func(stack awscdk.Stack, s *web.Service) {
			awscdk.Tags_Of(stack).Add(new("team"), new("web"), nil)
			awscdk.Annotations_Of(s).AcknowledgeWarning(new(ecsweb.TagWarning), new("our tags never change"))
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service, _ := newService(stack, ecsweb.Hosting{ServiceName: test.service})
			if test.tag != nil {
				test.tag(stack, service)
			}
			if got := warnings(stack, `the fixed ServiceName "site" and tags: when a tag changes, CloudFormation replaces the service`); got != test.want {
				t.Errorf("got %d warnings, want %d", got, test.want)
			}
		})
	}
}

func TestARM64Warning(t *testing.T) {
	arm64 := web.Workload{Image: webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})}
	const text = "ECS finds it out from the image"

	stack := newStack(t)
	service, _ := ecsweb.NewService(stack, "Site", arm64, ecsweb.Hosting{})
	if n := warnings(stack, text); n != 1 {
		t.Errorf("got %d warnings, want one", n)
	}
	awscdk.Annotations_Of(service).AcknowledgeWarning(new(ecsweb.ARM64Warning), new("it does"))
	if n := warnings(stack, text); n != 0 {
		t.Errorf("got %d warnings after acknowledging, want none", n)
	}
	stack = newStack(t)
	newService(stack, ecsweb.Hosting{})
	if n := warnings(stack, text); n != 0 {
		t.Errorf("got %d warnings about an image for x86-64, want none", n)
	}
	stack = newStack(t)
	hosting := ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, awsecs.CpuArchitecture_ARM64())}
	ecsweb.NewService(stack, "Site", arm64, hosting)
	if n := warnings(stack, text); n != 0 {
		t.Errorf("got %d warnings about a task definition that says ARM64, want none", n)
	}
}

// Of a health check only the path counts, and the load balancer asks for one even if there is none.
func TestHealthCheckWarnings(t *testing.T) {
	const (
		root    = "HealthCheck.Path is not set, so ECS Express Mode asks for / and needs status 200"
		ignored = "ECS Express Mode ignores Interval and UnhealthyThreshold of the health check"
	)
	for _, test := range []struct {
		name          string
		check         web.HealthCheck
		root, ignored int
	}{
		{"nothing", web.HealthCheck{}, 1, 0},
		{"a path", web.HealthCheck{Path: "/healthz"}, 0, 0},
		{"a path and timing", web.HealthCheck{Path: "/", Interval: 10 * time.Second, UnhealthyThreshold: 3}, 0, 1},
		{"timing alone", web.HealthCheck{Interval: 10 * time.Second, UnhealthyThreshold: 3}, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			w.HealthCheck = test.check
			service, _ := ecsweb.NewService(stack, "Site", w, ecsweb.Hosting{})
			if got := warnings(stack, root); got != test.root {
				t.Errorf("got %d warnings about the path, want %d", got, test.root)
			}
			if got := warnings(stack, ignored); got != test.ignored {
				t.Errorf("got %d warnings about what is ignored, want %d", got, test.ignored)
			}
			for _, id := range []string{web.HealthCheckRootWarning, web.HealthCheckWarning} {
				awscdk.Annotations_Of(service).AcknowledgeWarning(&id, new("known"))
			}
			if got := warnings(stack, ""); got != 0 {
				t.Errorf("got %d warnings after acknowledging them, want none", got)
			}
		})
	}
}

// warnings counts the warnings of a stack that hold a text.
func warnings(stack awscdk.Stack, text string) int {
	found := assertions.Annotations_FromStack(stack).FindWarning(new("*"), assertions.Match_StringLikeRegexp(&text))
	return len(*found)
}

// The address is known only when the service is there, which needs its variables first: also those
// of a task definition.
func TestOwnURL(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil)})
	hostingtest.WantPanic(t, "Stack/Site", `AddEnvironment("PUBLIC_URL") must not hold the service's own URL: on ECS Express Mode it is known only after the `+
		"service is made, which needs the variable; put a front with a Domain above the service (webfront.NewFront); the server gets its URL as PUBLIC_URL", func() { service.AddEnvironment("PUBLIC_URL", service.URL()+"/login") })
	other, _ := ecsweb.NewService(stack, "Other", workload(), ecsweb.Hosting{})
	other.AddEnvironment("BACKEND", service.URL()) // of another service it is no circle
	templatetest.Of(t, stack)
}

func TestValidate(t *testing.T) {
	const cpus = "Hosting.CPU must be 256, 512, 1024, 2048, 4096, 8192 or 16384"
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting ecsweb.Hosting
		want    []string
	}{
		{"a CPU that Fargate does not have", nil, ecsweb.Hosting{CPU: 300}, []string{cpus + ", got 300; the nearest is 256 or 512"}},
		{"a CPU in cores", nil, ecsweb.Hosting{CPU: 2}, []string{cpus + ", got 2; 1024 units are one vCPU: write 2048"}},
		{"a negative CPU and memory", nil, ecsweb.Hosting{CPU: -1, Memory: -1},
			[]string{cpus + ", got -1; the nearest is 256", "Hosting.Memory must be from 512 to 122880, got -1; the nearest is 512"}},
		{"a pair that Fargate does not have", nil, ecsweb.Hosting{CPU: 512, Memory: 8192},
			[]string{"Hosting.Memory is 8192, which is not sold with CPU 512; choose Memory 4096, or CPU 1024"}},
		{"memory between two steps", nil, ecsweb.Hosting{CPU: 1024, Memory: 2500}, []string{"Hosting.Memory is 2500, which is not sold with CPU 1024; choose Memory 2048 or 3072"}},
		{"memory that the default CPU does not take", nil, ecsweb.Hosting{Memory: 512}, []string{"Hosting.Memory is 512, which is not sold with CPU 1024; choose Memory 2048, or CPU 256"}},
		{"memory in GB", nil, ecsweb.Hosting{CPU: 256, Memory: 2}, []string{"Hosting.Memory is 2, which is not sold with CPU 256; choose Memory 512"}},
		{"task counts out of range", nil, ecsweb.Hosting{MinTaskCount: -1, MaxTaskCount: -2}, []string{
			"Hosting.MinTaskCount must be at least 1, got -1; what runs nothing while there are no requests is lambdaweb.Hosting{}",
			"Hosting.MaxTaskCount must be at least 1, got -2"}},
		{"MinTaskCount above MaxTaskCount", nil, ecsweb.Hosting{MinTaskCount: 3, MaxTaskCount: 2},
			[]string{"Hosting.MinTaskCount must not be greater than MaxTaskCount, got 3 and 2; lower the one or raise the other"}},
		{"an unknown metric", nil, ecsweb.Hosting{AutoScalingMetric: "CPU", AutoScalingTargetValue: 1000},
			[]string{`Hosting.AutoScalingMetric must be ecsweb.AverageCPU, ecsweb.AverageMemory or ecsweb.RequestCountPerTarget, got "CPU"`}},
		{"more than all of the CPU", nil, ecsweb.Hosting{AutoScalingTargetValue: 101}, []string{"Hosting.AutoScalingTargetValue must be between 1 and 100 percent, got 101"}},
		{"less than no memory", nil, ecsweb.Hosting{AutoScalingMetric: ecsweb.AverageMemory, AutoScalingTargetValue: -1},
			[]string{"Hosting.AutoScalingTargetValue must be between 1 and 100 percent, got -1"}},
		{"requests without their number", nil, ecsweb.Hosting{AutoScalingMetric: ecsweb.RequestCountPerTarget}, []string{"Hosting.AutoScalingTargetValue must be at least 1, got 0"}},
		{"a name with wrong letters", nil, ecsweb.Hosting{ServiceName: "my site"},
			[]string{`Hosting.ServiceName must have 1 to 255 letters, digits, hyphens and underscores, got "my site"`}},
		{"a name too long", nil, ecsweb.Hosting{ServiceName: strings.Repeat("a", 256)},
			[]string{`Hosting.ServiceName must have 1 to 255 letters, digits, hyphens and underscores, got "` + strings.Repeat("a", 256) + `" (256)`}},
		{"subnets without a VPC", nil, ecsweb.Hosting{VPCSubnets: &awsec2.SubnetSelection{}},
			[]string{"Hosting.VPCSubnets needs VPC, the one that they are in; without both the service is in the default VPC"}},
		{"no security group where one should be", nil, ecsweb.Hosting{SecurityGroups: []awsec2.ISecurityGroup{nil}}, []string{"Hosting.SecurityGroups[0] must not be nil"}},
		{"a retention that CloudWatch Logs does not know", nil, ecsweb.Hosting{LogRetentionInDays: 10}, []string{
			"Hosting.LogRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got 10"}},
		{"a prefix of log streams with a colon", nil, ecsweb.Hosting{LogStreamPrefix: "a:b"},
			[]string{`Hosting.LogStreamPrefix must have 1 to 474 characters but : and *, got "a:b"`}},
		{"a log driver without a task definition", nil, ecsweb.Hosting{LogDriver: awsecs.LogDrivers_Firelens(&awsecs.FireLensLogDriverProps{})}, []string{
			"Hosting.LogDriver needs TaskDefinition: Express Mode alone writes to CloudWatch Logs; set that too, or choose fargateweb.Hosting{}"}},
		{"reserved names", func(w *web.Workload) {
			w.Environment = map[string]string{
				"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "x", "AWS_EXECUTION_ENV": "x", "ECS_AGENT_URI": "x", "ECS_CONTAINER_METADATA_URI": "x", "ECS_CONTAINER_METADATA_URI_V4": "x",
				"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "ECS_ENABLED": "x", // not those
			}
		}, ecsweb.Hosting{}, []string{
			`Workload.Environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] is set by ECS Express Mode itself; choose another name`,
			`Workload.Environment["AWS_EXECUTION_ENV"] is set by ECS Express Mode itself; choose another name`,
			`Workload.Environment["ECS_AGENT_URI"] is set by ECS Express Mode itself; choose another name`,
			`Workload.Environment["ECS_CONTAINER_METADATA_URI"] is set by ECS Express Mode itself; choose another name`,
			`Workload.Environment["ECS_CONTAINER_METADATA_URI_V4"] is set by ECS Express Mode itself; choose another name`,
		}},
		{"variables larger than a task definition", func(w *web.Workload) { w.Environment = map[string]string{"BIG": strings.Repeat("x", 64<<10)} }, ecsweb.Hosting{}, []string{
			"Workload.Environment must not have more than 65536 bytes in all names and values on ECS Express Mode, got 65539 and 8 of PORT and the hosting's own; " +
				"put what is large into the image, a table or a parameter"}},
		{"several at once", func(w *web.Workload) { w.Port = 70000 }, ecsweb.Hosting{CPU: 3, ServiceName: "a b", MinTaskCount: -1}, []string{
			"Workload.Port must be between 1 and 65535, got 70000",
			cpus + ", got 3; the nearest is 256",
			"Hosting.MinTaskCount must be at least 1, got -1; what runs nothing while there are no requests is lambdaweb.Hosting{}",
			`Hosting.ServiceName must have 1 to 255 letters, digits, hyphens and underscores, got "a b"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			if test.change != nil {
				test.change(&w)
			}
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting}, test.want...)
		})
	}
}

// Fargate's pairs of CPU and memory are accepted and no others; each that is refused gets advice
// that is accepted.
func TestSizes(t *testing.T) {
	t.Parallel()
	validate := func(cpu, memory int) error {
		return (&web.ServiceProps{Workload: workload(), Hosting: ecsweb.Hosting{CPU: cpu, Memory: memory}}).Validate()
	}
	advice := regexp.MustCompile(`; choose Memory (\d+)`)
	accepted := 0
	for _, cpu := range []int{256, 512, 1024, 2048, 4096, 8192, 16384} {
		for memory := 256; memory <= 131072; memory += 256 {
			err := validate(cpu, memory)
			if err == nil {
				accepted++
				continue
			}
			found := advice.FindStringSubmatch(err.Error())
			if found == nil {
				t.Fatalf("CPU %d with memory %d: %v gives no advice", cpu, memory, err)
			}
			better, _ := strconv.Atoi(found[1])
			if err := validate(cpu, better); err != nil {
				t.Fatalf("CPU %d with memory %d: got the advice %d, which is refused: %v", cpu, memory, better, err)
			}
		}
	}
	if want := 3 + 4 + 7 + 13 + 23 + 12 + 12; accepted != want {
		t.Errorf("got %d pairs that are accepted, want %d", accepted, want)
	}
}

// What resources of the CDK have to say is only known with Node.
func TestValidateResources(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(stack awscdk.Stack, w *web.Workload)
		hosting func(stack awscdk.Stack) ecsweb.Hosting
		want    []string
	}{
		{"two clusters", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{OwnCluster: true, Cluster: awsecs.Cluster_FromClusterArn(stack, new("Cluster"), new("arn:aws:ecs:eu-west-1:123456789012:cluster/shared"))}
		}, []string{"Hosting.Cluster excludes OwnCluster; leave one of them out"}},
		{"public and private subnets", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0], (*vpc.PrivateSubnets())[1])
		}, []string{"Hosting.VPCSubnets must be all public or all private, got public PublicSubnet1 and private PrivateSubnet2; " +
			"choose awsec2.SubnetType_PUBLIC for a load balancer on the internet, or awsec2.SubnetType_PRIVATE_WITH_EGRESS for one inside the VPC"}},
		{"one subnet", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0])
		}, []string{"Hosting.VPCSubnets must be in at least two availability zones, which the load balancer needs, got 1 subnet(s) in 1; choose more, or a VPC with two zones"}},
		{"two subnets in one zone", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			vpc := importedVPC(stack, "subnet-0000000a", "subnet-0000000b", "subnet-0000000e", "subnet-0000000f") // two a zone
			return inSubnets(vpc, (*vpc.PublicSubnets())[0], (*vpc.PublicSubnets())[2])
		}, []string{"Hosting.VPCSubnets must be in at least two availability zones, which the load balancer needs, got 2 subnet(s) in 1; choose more, or a VPC with two zones"}},
		{"no subnet where one should be", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0], nil)
		}, []string{"Hosting.VPCSubnets.Subnets must not hold nil"}},
		{"an unknown subnet group", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{VPC: newVPC(stack), VPCSubnets: &awsec2.SubnetSelection{SubnetGroupName: new("Web")}}
		}, []string{"Hosting.VPCSubnets must choose subnets of VPC: there are no subnet groups with name 'Web' in this VPC; available names: Public,Private"}},
		{"a type of subnets that the VPC does not have", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{VPC: newVPC(stack), VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}}
		}, []string{"Hosting.VPCSubnets must choose subnets of VPC: there are no 'Isolated' subnet groups in this VPC; available types: Deprecated_Private_NAT,Private,Deprecated_Private,Public"}},
		{"two selectors of subnets", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{VPC: newVPC(stack), VPCSubnets: &awsec2.SubnetSelection{SubnetGroupName: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC}}
		}, []string{"Hosting.VPCSubnets must choose subnets of VPC: only one of 'subnetType,subnetGroupName' can be supplied to subnet selection"}},
		{"a VPC that was imported without subnets", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{VPC: awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
				VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
			})}
		}, []string{"Hosting.VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"}},
		{"no security group beside one", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			vpc := newVPC(stack)
			group := awsec2.NewSecurityGroup(stack, new("Group"), &awsec2.SecurityGroupProps{Vpc: vpc})
			return ecsweb.Hosting{VPC: vpc, SecurityGroups: []awsec2.ISecurityGroup{group, nil}}
		}, []string{"Hosting.SecurityGroups[1] must not be nil"}},
		{"a log group and a retention", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{LogGroup: awslogs.NewLogGroup(stack, new("Logs"), nil), LogRetentionInDays: 7}
		}, []string{"Hosting.LogGroup excludes LogRetentionInDays; set the retention where the log group is made"}},
		{"a log driver and a prefix of log streams", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{
				TaskDefinition:  newTaskDefinition(stack, awsecs.CpuArchitecture_X86_64()),
				LogDriver:       awsecs.LogDrivers_Firelens(&awsecs.FireLensLogDriverProps{}),
				LogStreamPrefix: "site",
			}
		}, []string{"Hosting.LogDriver excludes LogGroup, LogRetentionInDays, LogEncryptionKey and LogStreamPrefix; set them on the driver"}},
		{"a task definition and its size", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil), Memory: 1}
		}, []string{"Hosting.TaskDefinition excludes CPU, Memory and ExecutionRole; set them in the task definition"}},
		{"a task definition and an execution role", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil), ExecutionRole: newRole(stack, "Execution", "ecs-tasks.amazonaws.com")}
		}, []string{"Hosting.TaskDefinition excludes CPU, Memory and ExecutionRole; set them in the task definition"}},
		{"a task definition and a role", func(stack awscdk.Stack, w *web.Workload) { w.Role = newRole(stack, "Own", "ecs-tasks.amazonaws.com") }, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, nil)}
		}, []string{"Hosting.TaskDefinition excludes Workload.Role; set the task definition's TaskRole instead"}},
		{"a task definition for EC2", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: awsecs.NewEc2TaskDefinition(stack, new("Task"), nil)}
		}, []string{"Hosting.TaskDefinition must be one for Fargate; make it with awsecs.NewFargateTaskDefinition"}},
		{"a task definition for Windows", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{
				Cpu: new(1024.0), MemoryLimitMiB: new(2048.0),
				RuntimePlatform: &awsecs.RuntimePlatform{OperatingSystemFamily: awsecs.OperatingSystemFamily_WINDOWS_SERVER_2022_CORE()},
			})}
		}, []string{"Hosting.TaskDefinition must be one for Linux, got WINDOWS_SERVER_2022_CORE; set RuntimePlatform.OperatingSystemFamily to awsecs.OperatingSystemFamily_LINUX()"}},
		{"a task definition with a server of its own", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			definition := newTaskDefinition(stack, nil)
			definition.AddContainer(new("Web"), &awsecs.ContainerDefinitionOptions{ContainerName: new("Main"), Image: awsecs.ContainerImage_FromRegistry(new(publicURI), nil)})
			return ecsweb.Hosting{TaskDefinition: definition}
		}, []string{`Hosting.TaskDefinition must not have a container "Main" yet: the service adds the workload under this name; ` +
			"leave it out, and give each service a task definition of its own"}},
		{"a task definition for arm64 and an image for x86-64", nil, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: newTaskDefinition(stack, awsecs.CpuArchitecture_ARM64())}
		}, []string{"Hosting.TaskDefinition runs programs for arm64, but Workload.Image has Architecture x86_64; " +
			"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for arm64"}},
		{"a task definition for x86-64 and an image for arm64", func(_ awscdk.Stack, w *web.Workload) {
			w.Image = webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})
		}, func(stack awscdk.Stack) ecsweb.Hosting {
			return ecsweb.Hosting{TaskDefinition: awsecs.NewFargateTaskDefinition(stack, new("Task"), nil)}
		}, []string{"Hosting.TaskDefinition runs programs for x86_64, but Workload.Image has Architecture arm64; " +
			"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for x86_64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(stack, &w)
			}
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting(stack)}, test.want...)
		})
	}
}

// inSubnets is a hosting in some subnets of a VPC.
func inSubnets(vpc awsec2.IVpc, subnets ...awsec2.ISubnet) ecsweb.Hosting {
	return ecsweb.Hosting{VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &subnets}}
}

// A name is the only one of its cluster.
func TestServiceNameOfTwo(t *testing.T) {
	stack := newStack(t)
	ecsweb.NewService(stack, "One", workload(), ecsweb.Hosting{ServiceName: "shop"})
	hostingtest.WantPanic(t, "Stack/Two", `Hosting.ServiceName is the name of Stack/One already, got "shop"; choose another, or leave it out`,
		func() { ecsweb.NewService(stack, "Two", workload(), ecsweb.Hosting{ServiceName: "shop"}) })
	ecsweb.NewService(stack, "Three", workload(), ecsweb.Hosting{ServiceName: "shop", OwnCluster: true})
	ecsweb.NewService(stack, "Four", workload(), ecsweb.Hosting{ServiceName: "shop", OwnCluster: true})
}

// What replaces the containers of a task definition does not lose a variable silently.
func TestReplacedContainerDefinitions(t *testing.T) {
	stack := newStack(t)
	definition := newTaskDefinition(stack, awsecs.CpuArchitecture_X86_64())
	service, _ := ecsweb.NewService(stack, "Site", workload(), ecsweb.Hosting{TaskDefinition: definition})
	service.AddEnvironment("BEFORE", "1")
	templatetest.Of(t, stack) // nothing is lost yet

	stack = newStack(t)
	definition = newTaskDefinition(stack, awsecs.CpuArchitecture_X86_64())
	service, _ = ecsweb.NewService(stack, "Site", workload(), ecsweb.Hosting{TaskDefinition: definition})
	definition.Node().DefaultChild().(awsecs.CfnTaskDefinition).SetContainerDefinitions([]any{
		&awsecs.CfnTaskDefinition_ContainerDefinitionProperty{Name: new("Main"), Image: new(publicURI)},
	})
	service.AddEnvironment("STAGE", "live")
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "the variables STAGE were added to the service, but its environment was replaced") {
			t.Errorf("got panic %s, want a sentence about STAGE", text)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
}
