package fargateweb_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	roleKind   = "AWS::IAM::Role"
	policyKind = "AWS::IAM::Policy"
)

// allowed are the statements of all policies of a role, each as its actions and its resource.
func allowed(t *testing.T, template templatetest.Template, role string) []string {
	var statements []string
	for _, id := range template.IDs(policyKind) {
		properties := template.Resources[id].Properties
		if !strings.Contains(templatetest.JSON(t, properties["Roles"]), `"`+role+`"`) {
			continue
		}
		for _, statement := range templatetest.At(properties, "PolicyDocument.Statement").([]any) {
			if effect := templatetest.At(statement, "Effect"); effect != "Allow" {
				t.Errorf("%s has a statement with the effect %v", id, effect)
			}
			statements = append(statements, templatetest.JSON(t, templatetest.At(statement, "Action"))+" "+templatetest.JSON(t, templatetest.At(statement, "Resource")))
		}
	}
	for _, property := range []string{"ManagedPolicyArns", "Policies"} {
		if value := template.Resources[role].Properties[property]; value != nil {
			t.Errorf("the role %s has %s %v, want none", role, property, value)
		}
	}
	return statements
}

// The server may do nothing that it was not granted, and ECS may pull this image and write these
// logs.
func TestRoles(t *testing.T) {
	const (
		pull  = `["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"] `
		login = `"ecr:GetAuthorizationToken" "*"`
		logs  = `["logs:CreateLogStream","logs:PutLogEvents"] {"Fn::GetAtt":["SiteFargateLogGroup2122D686","Arn"]}`
		exec  = `["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"] "*"`
	)
	for _, test := range []struct {
		name            string
		image           func(stack awscdk.Stack) webimage.Image
		hosting         fargateweb.Hosting
		task, execution []string
	}{
		{"a private image", nil, fargateweb.Hosting{}, nil, []string{pull + `"arn:aws:ecr:eu-west-1:123456789012:repository/site"`, login, logs}},
		{"a public image", func(awscdk.Stack) webimage.Image { return webimage.URI(publicURI, nil) }, fargateweb.Hosting{}, nil, []string{logs}},
		{"a repository of the stack", func(stack awscdk.Stack) webimage.Image {
			return webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "", nil)
		}, fargateweb.Hosting{}, nil, []string{pull + `{"Fn::GetAtt":["Repository22E53BBD","Arn"]}`, login, logs}},
		{"ECS Exec", nil, fargateweb.Hosting{EnableExecuteCommand: true}, []string{exec},
			[]string{pull + `"arn:aws:ecr:eu-west-1:123456789012:repository/site"`, login, logs}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.image != nil {
				w.Image = test.image(stack)
			}
			fargateweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for property, want := range map[string][]string{"TaskRoleArn": test.task, "ExecutionRoleArn": test.execution} {
				role := template.Get(taskKind, property+".Fn::GetAtt.0").(string)
				trust := template.Resources[role].Properties["AssumeRolePolicyDocument"]
				if got := templatetest.JSON(t, trust); got != `{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}],"Version":"2012-10-17"}` {
					t.Errorf("%s trusts %s, want ecs-tasks.amazonaws.com alone", property, got)
				}
				if got := allowed(t, template, role); !slices.Equal(got, want) {
					t.Errorf("%s allows\n\t%s\nwant\n\t%s", property, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
				}
			}
			if got := len(template.IDs(roleKind)); got != 2 {
				t.Errorf("got %d roles, want two", got)
			}
		})
	}
}

// Roles of the user's are used and no others are made, also imported ones.
func TestOwnRoles(t *testing.T) {
	stack, w := newStack(t), workload()
	w.Role = newRole(stack, "TaskRole")
	service, _ := fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{ExecutionRole: newRole(stack, "ExecutionRole")})
	if service.Role() != w.Role {
		t.Errorf("got role %v, want the workload's", service.Role())
	}
	template := templatetest.Of(t, stack)
	if got := len(template.IDs(roleKind)); got != 2 {
		t.Errorf("got %d roles, want the user's two", got)
	}
	execution := template.Get(taskKind, "ExecutionRoleArn.Fn::GetAtt.0").(string)
	if !strings.HasPrefix(execution, "ExecutionRole") || len(allowed(t, template, execution)) != 3 {
		t.Errorf("%s may %q, want the user's execution role to pull, to log in and to log", execution, allowed(t, template, execution))
	}

	stack, w = newStack(t), workload()
	imported := func(name string) awsiam.IRole {
		return awsiam.Role_FromRoleArn(stack, &name, new("arn:aws:iam::123456789012:role/"+name), nil)
	}
	w.Role = imported("task")
	fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{ExecutionRole: imported("execution")})
	template = templatetest.Of(t, stack)
	template.Want(taskKind, "TaskRoleArn", `"arn:aws:iam::123456789012:role/task"`)
	template.Want(taskKind, "ExecutionRoleArn", `"arn:aws:iam::123456789012:role/execution"`)
	if policy := template.IDs(policyKind); len(policy) != 1 || !slices.Contains(template.Resources[template.IDs(serviceKind)[0]].DependsOn, policy[0]) {
		t.Errorf("the service depends on %q, want the only policy of %q among them", template.Resources[template.IDs(serviceKind)[0]].DependsOn, policy)
	}
}

// Roles of another stack get their permissions in the service's: the execution role for the log
// group, and the role of a task definition of the user's.
func TestRolesOfAnotherStack(t *testing.T) {
	for name, hosting := range map[string]func(stack, roles awscdk.Stack) fargateweb.Hosting{
		"execution role": func(_, roles awscdk.Stack) fargateweb.Hosting {
			return fargateweb.Hosting{ExecutionRole: newRole(roles, "Execution")}
		},
		"role of a task definition": func(stack, roles awscdk.Stack) fargateweb.Hosting {
			definition := awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{TaskRole: newRole(roles, "Task")})
			return fargateweb.Hosting{TaskDefinition: definition}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			roles := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Roles"), nil)
			service, _ := newService(stack, hosting(stack, roles))
			bucket := awss3.NewBucket(stack, new("Photos"), nil)
			service.UseBucket("PHOTOS", bucket, web.Read)
			if ids := templatetest.Of(t, roles).IDs(policyKind); len(ids) > 0 {
				t.Errorf("the role's stack has the policies %q, want none", ids)
			}
			template := templatetest.Of(t, stack)
			policies := template.IDs(policyKind)
			if len(policies) != 2 {
				t.Errorf("got the policies %q, want one of each role", policies)
			}
			for _, id := range policies {
				if depends := template.Resources[template.IDs(serviceKind)[0]].DependsOn; !slices.Contains(depends, id) {
					t.Errorf("the service depends on %q, want %s among them", depends, id)
				}
			}
		})
	}
}

// CloudFormation makes in the order of the dependencies and deletes in the opposite one: what a task
// needs to start, and what ECS needs to take a service down, has to be one.
func TestDependencies(t *testing.T) {
	stack := newStack(t)
	_, resources := newService(stack, fargateweb.Hosting{EnableExecuteCommand: true})
	resources.TaskDefinition.TaskRole().AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: &[]*string{new("sqs:SendMessage")}, Resources: &[]*string{new("*")},
	}))
	template := templatetest.Of(t, stack)
	service := template.Resources[template.IDs(serviceKind)[0]]
	for _, id := range template.IDs(roleKind, policyKind, ruleKind) {
		if !slices.Contains(service.DependsOn, id) {
			t.Errorf("the service depends on %q, want %s among them", service.DependsOn, id)
		}
	}
	named := templatetest.JSON(t, service.Properties)
	for _, id := range template.IDs(taskKind, targetGroupKind, clusterKind) {
		if !strings.Contains(named, `"`+id+`"`) {
			t.Errorf("the service does not name %s: %s", id, named)
		}
	}
	template.Want(serviceKind, "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups", `[`+group("SiteFargateSecurityGroupB84EB06C")+`]`)
}

func TestResourcesOf(t *testing.T) {
	stack := newStack(t)
	here, resources := newService(stack, fargateweb.Hosting{})
	if got, ok := fargateweb.ResourcesOf(here); got != resources || !ok {
		t.Errorf("got %v and %v, want the service's resources", got, ok)
	}
	elsewhere := web.NewService(stack, "Elsewhere", &web.ServiceProps{Workload: workload(), Hosting: memweb.Hosting{}})
	if got, ok := fargateweb.ResourcesOf(elsewhere); got != nil || ok {
		t.Errorf("got %v and %v for another hosting, want nothing", got, ok)
	}
	for id, construct := range map[string]constructs.IConstruct{
		"Service": resources.Service, "TaskDefinition": resources.TaskDefinition, "TaskDefinition/Main": resources.Container, "Cluster": resources.Cluster,
		"LoadBalancer": resources.LoadBalancer, "TargetGroup": resources.TargetGroup, "Rule": resources.Rule, "LogGroup": resources.LogGroup,
	} {
		if got, want := *construct.Node().Path(), "Stack/Site/Fargate/"+id; got != want {
			t.Errorf("got resource %s, want %s", got, want)
		}
	}
	if resources.Scaling == nil {
		t.Error("got no scaling, want that of the tasks")
	}
	if here.Role() != resources.TaskDefinition.TaskRole() {
		t.Errorf("got role %v, want the task's", here.Role())
	}
	if got := here.Node().DefaultChild(); got != resources.Service.Node().DefaultChild() {
		t.Errorf("the default child is %v, want the L1 of the service", got)
	}

	// What this package has no option for is set in the L1 constructs.
	resources.Service.Node().DefaultChild().(awsecs.CfnService).AddPropertyOverride(new("PropagateTags"), "TASK_DEFINITION")
	resources.TaskDefinition.Node().DefaultChild().(awsecs.CfnTaskDefinition).AddPropertyOverride(new("PidMode"), "task")
	template := templatetest.Of(t, stack)
	template.Want(serviceKind, "PropagateTags", `"TASK_DEFINITION"`)
	template.Want(taskKind, "PidMode", `"task"`)
}

// What the user's resources replace is not made.
func TestOwnResources(t *testing.T) {
	stack := newStack(t)
	vpc := importedVPC(stack, "VPC")
	balancer, cluster := newLoadBalancer(stack, vpc), newCluster(stack, vpc)
	_, resources := newService(stack, fargateweb.Hosting{
		LoadBalancer: balancer, Cluster: cluster, MinTaskCount: 2, MaxTaskCount: 2, LogDriver: awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{StreamPrefix: new("own")}),
	})
	if resources.LoadBalancer != balancer || resources.Cluster != awsecs.ICluster(cluster) {
		t.Errorf("got load balancer %v and cluster %v, want the user's", resources.LoadBalancer, resources.Cluster)
	}
	if resources.LogGroup != nil || resources.Scaling != nil {
		t.Errorf("got log group %v and scaling %v, want none", resources.LogGroup, resources.Scaling)
	}
	template := templatetest.Of(t, stack)
	for kind, want := range map[string]int{balancerKind: 1, clusterKind: 1, "AWS::EC2::VPC": 0, scalableKind: 0, scalingKind: 0, groupKind: 2} {
		if got := len(template.IDs(kind)); got != want {
			t.Errorf("got %d of %s, want %d", got, kind, want)
		}
	}
}

// A task definition of the user's gets the workload as its container Main, which the load balancer
// asks, whatever came first.
func TestTaskDefinition(t *testing.T) {
	stack := newStack(t)
	definition := newTaskDefinition(stack, nil)
	addSidecar(definition)
	service, resources := newService(stack, fargateweb.Hosting{TaskDefinition: definition})
	service.AddEnvironment("STAGE", "test")
	template := templatetest.Of(t, stack)
	template.Want(taskKind, "ContainerDefinitions.0.Name", `"Sidecar"`)
	template.Want(taskKind, "ContainerDefinitions.1.Name", `"Main"`)
	template.Want(taskKind, "ContainerDefinitions.1.Environment", `[{"Name":"PORT","Value":"8080"},{"Name":"STAGE","Value":"test"}]`)
	template.Want(serviceKind, "LoadBalancers", `[{"ContainerName":"Main","ContainerPort":8080,"TargetGroupArn":`+ref(template, targetGroupKind)+`}]`)
	template.Want(taskKind, "Cpu", `"512"`)
	if service.Role() != definition.TaskRole() {
		t.Errorf("got role %v, want the task definition's", service.Role())
	}
	if found := definition.FindContainer(new("Main")); found != resources.Container {
		t.Errorf("got container %v, want the task definition's %v", resources.Container, found)
	}
	wantPanic(t, `Hosting.TaskDefinition must not have a container "Main" yet`, func() {
		fargateweb.NewService(stack, "Twice", workload(), fargateweb.Hosting{TaskDefinition: definition})
	})

	// The task definition's own role may be named again: a workload that moves here keeps it.
	stack = newStack(t)
	w := workload()
	w.Role = newRole(stack, "Own")
	definition = awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{TaskRole: w.Role})
	fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{TaskDefinition: definition})
	templatetest.Of(t, stack).Want(taskKind, "ContainerDefinitions.0.Name", `"Main"`)
}

func TestTaskDefinitionOfAnotherStack(t *testing.T) {
	app := webtest.NewApp(t)
	one, two := awscdk.NewStack(app, new("One"), nil), awscdk.NewStack(app, new("Two"), nil)
	const want = "Hosting.TaskDefinition must be in the service's own stack, because the service adds the workload to it; make it there"
	hostingtest.WantPanic(t, "Two/Site", want, func() { newService(two, fargateweb.Hosting{TaskDefinition: newTaskDefinition(one, nil)}) })
}

// Every field of the health check has a meaning, for the load balancer and in the container.
func TestHealthCheck(t *testing.T) {
	const command = `["CMD","/opt/extensions/cdkweb-adapter","health",`
	for _, test := range []struct {
		name   string
		health web.HealthCheck
		grace  time.Duration
		want   map[string]string // of the target group
		inside string            // the container's
	}{
		{"nothing", web.HealthCheck{}, 0, map[string]string{
			"HealthCheckPath": `"/"`, "Matcher": `{"HttpCode":"200-499"}`, "HealthCheckIntervalSeconds": `10`, "HealthCheckTimeoutSeconds": `5`,
			"HealthyThresholdCount": `2`, "UnhealthyThresholdCount": `3`, "HealthCheckProtocol": `"HTTP"`, "HealthCheckPort": "", "HealthCheckEnabled": "",
		}, `{"Command":` + command + `"tcp://127.0.0.1:8080","200-499","4s"],"Interval":10,"Retries":3,"StartPeriod":60,"Timeout":5}`},
		{"a path", web.HealthCheck{Path: "/healthz?deep=1"}, 0, map[string]string{"HealthCheckPath": `"/healthz?deep=1"`, "Matcher": `{"HttpCode":"200"}`},
			`{"Command":` + command + `"http://127.0.0.1:8080/healthz?deep=1","200","4s"],"Interval":10,"Retries":3,"StartPeriod":60,"Timeout":5}`},
		{"statuses without a path", web.HealthCheck{StatusCodes: "200,404"}, 0, map[string]string{"HealthCheckPath": `"/"`, "Matcher": `{"HttpCode":"200,404"}`},
			`{"Command":` + command + `"tcp://127.0.0.1:8080","200,404","4s"],"Interval":10,"Retries":3,"StartPeriod":60,"Timeout":5}`},
		{"everything, as little as there is", web.HealthCheck{
			Path: "/", StatusCodes: "200-299", Interval: 5 * time.Second, Timeout: 2 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 2,
		}, time.Second, map[string]string{
			"HealthCheckPath": `"/"`, "Matcher": `{"HttpCode":"200-299"}`, "HealthCheckIntervalSeconds": `5`, "HealthCheckTimeoutSeconds": `2`,
			"HealthyThresholdCount": `2`, "UnhealthyThresholdCount": `2`,
		}, `{"Command":` + command + `"http://127.0.0.1:8080/","200-299","1s"],"Interval":5,"Retries":2,"StartPeriod":1,"Timeout":2}`},
		// ECS waits for a command, and for a container to start, less long than a load balancer can.
		{"everything, as much as there is", web.HealthCheck{
			Path: "/", Interval: 300 * time.Second, Timeout: 120 * time.Second, HealthyThreshold: 10, UnhealthyThreshold: 10,
		}, time.Hour, map[string]string{
			"HealthCheckIntervalSeconds": `300`, "HealthCheckTimeoutSeconds": `120`, "HealthyThresholdCount": `10`, "UnhealthyThresholdCount": `10`,
		}, `{"Command":` + command + `"http://127.0.0.1:8080/","200","59s"],"Interval":300,"Retries":10,"StartPeriod":300,"Timeout":60}`},
		{"an interval alone shortens the timeout", web.HealthCheck{Interval: 5 * time.Second}, 0, map[string]string{
			"HealthCheckIntervalSeconds": `5`, "HealthCheckTimeoutSeconds": `4`,
		}, `{"Command":` + command + `"tcp://127.0.0.1:8080","200-499","3s"],"Interval":5,"Retries":3,"StartPeriod":60,"Timeout":4}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			w := web.Workload{Image: portable(), HealthCheck: test.health}
			fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{ContainerHealthCheck: true, HealthCheckGracePeriod: test.grace})
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(targetGroupKind, path, want)
			}
			template.Want(taskKind, "ContainerDefinitions.0.HealthCheck", test.inside)
		})
	}
}

// Each metric is a policy of the same scalable target; the request count is that of the service's
// target group on its load balancer.
func TestScaling(t *testing.T) {
	stack := newStack(t)
	newService(stack, fargateweb.Hosting{
		MinTaskCount: 2, MaxTaskCount: 9,
		AutoScaling: []fargateweb.AutoScaling{
			{Metric: fargateweb.RequestCountPerTarget, TargetValue: 600},
			{Metric: fargateweb.AverageCPU, TargetValue: 50},
			{Metric: fargateweb.AverageMemory, TargetValue: 80, ScaleInDisabled: true},
		},
	})
	template := templatetest.Of(t, stack)
	template.Want(scalableKind, "MinCapacity", `2`)
	template.Want(scalableKind, "MaxCapacity", `9`)
	template.Want(scalableKind, "ResourceId", `{"Fn::Join":["",["service/",`+ref(template, clusterKind)+`,"/",`+attribute(template, serviceKind, "Name")+`]]}`)
	label := `{"Fn::Join":["",[` + attribute(template, "AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName") + `,"/",` +
		attribute(template, targetGroupKind, "TargetGroupFullName") + `]]}`
	want := []string{
		`50 {"PredefinedMetricType":"ECSServiceAverageCPUUtilization"} false`,
		`600 {"PredefinedMetricType":"ALBRequestCountPerTarget","ResourceLabel":` + label + `} false`,
		`80 {"PredefinedMetricType":"ECSServiceAverageMemoryUtilization"} true`,
	}
	var got []string
	for _, id := range template.IDs(scalingKind) {
		properties := template.Resources[id].Properties
		if target := templatetest.JSON(t, properties["ScalingTargetId"]); target != ref(template, scalableKind) {
			t.Errorf("%s is of %s, want the only target", id, target)
		}
		tracking := properties["TargetTrackingScalingPolicyConfiguration"]
		got = append(got, fmt.Sprintf("%v %s %v", templatetest.At(tracking, "TargetValue"),
			templatetest.JSON(t, templatetest.At(tracking, "PredefinedMetricSpecification")), templatetest.At(tracking, "DisableScaleIn")))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got policies\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// What is deployed does not depend on the CDK's feature flags, which an app has had in its cdk.json
// since it was made. Only minimizePolicies counts, which the CDK reads at the stack: it writes the
// same permissions in another way.
func TestFeatureFlags(t *testing.T) {
	content, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	negated := map[string]any{}
	for flag, value := range config.Context {
		if value, ok := value.(bool); ok && strings.HasPrefix(flag, "@aws-cdk/") {
			negated[flag] = !value
		}
	}
	if len(negated) < 50 {
		t.Fatalf("got %d flags of cdk.json, want all that there are", len(negated))
	}
	// below is what a service makes, as text.
	below := func(t *testing.T, app awscdk.App, build func(stack awscdk.Stack)) map[string]string {
		stack := awscdk.NewStack(app, new("Stack"), nil)
		build(stack)
		template := templatetest.Of(t, stack)
		resources := map[string]string{}
		for _, id := range template.IDs() {
			resource := template.Resources[id]
			if document, ok := resource.Properties["PolicyDocument"]; ok {
				resource.Properties["PolicyDocument"] = permissions(t, document)
			}
			if strings.HasPrefix(id, "Site") {
				resources[id] = templatetest.JSON(t, resource)
			}
		}
		return resources
	}
	for name, build := range goldens {
		t.Run(name, func(t *testing.T) {
			want := below(t, webtest.NewApp(t), build)
			for app, flags := range map[string]map[string]any{"no flags": {}, "all flags the other way": negated} {
				got := below(t, awscdk.NewApp(&awscdk.AppProps{Context: &flags, Outdir: new(t.TempDir())}), build)
				for _, id := range slices.Sorted(maps.Keys(want)) {
					if got[id] != want[id] {
						t.Errorf("with %s %s is\n\t%s\nwant\n\t%s", app, id, got[id], want[id])
					}
					delete(got, id)
				}
				for id := range got {
					t.Errorf("with %s there is %s, want none", app, id)
				}
			}
		})
	}
}

// permissions are what a policy says, one action and one resource each, in the order of their texts.
func permissions(t *testing.T, document any) []string {
	list := func(value any) []any {
		if all, ok := value.([]any); ok {
			return all
		}
		return []any{value}
	}
	var all []string
	for _, statement := range templatetest.At(document, "Statement").([]any) {
		rest := maps.Clone(statement.(map[string]any))
		delete(rest, "Action")
		delete(rest, "Resource")
		for _, action := range list(templatetest.At(statement, "Action")) {
			for _, resource := range list(templatetest.At(statement, "Resource")) {
				all = append(all, templatetest.JSON(t, []any{action, resource, rest}))
			}
		}
	}
	slices.Sort(all)
	return all
}

// What a server needs is promised by the options that give it.
func TestNeeds(t *testing.T) {
	slow := func(stack awscdk.Stack, idle time.Duration) *webalb.LoadBalancer {
		return webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{IdleTimeout: idle})
	}
	late := func(idle string) string {
		return "Workload.Needs.RequestTimeout is 2 min, but ECS on Fargate times out requests after " + idle + " without a byte; " +
			"choose apprunnerweb.Hosting{}, fargateweb.Hosting{LoadBalancer: …} with a longer IdleTimeout or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"
	}
	for _, test := range []struct {
		name    string
		needs   web.Needs
		hosting func(stack awscdk.Stack) fargateweb.Hosting
		want    []string
	}{
		{"streams and websockets", web.Needs{Streaming: true, WebSockets: true, ARM64: true, RequestTimeout: time.Minute},
			func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} }, nil},
		{"sessions that stick", web.Needs{StickySessions: true}, func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} }, []string{
			"Workload.Needs.StickySessions is set, but ECS on Fargate sends each request to any task unless Stickiness is set; choose fargateweb.Hosting{Stickiness: …}"}},
		{"sessions that stick, and do", web.Needs{StickySessions: true}, func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{Stickiness: time.Hour} }, nil},
		{"a long wait", web.Needs{RequestTimeout: 2 * time.Minute}, func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} }, []string{late("60 s")}},
		{"a wait longer than the load balancer's", web.Needs{RequestTimeout: 2 * time.Minute}, func(stack awscdk.Stack) fargateweb.Hosting {
			return fargateweb.Hosting{LoadBalancer: slow(stack, 119*time.Second)}
		}, []string{late("119 s")}},
		{"a long wait that the load balancer has", web.Needs{RequestTimeout: 2 * time.Minute}, func(stack awscdk.Stack) fargateweb.Hosting {
			return fargateweb.Hosting{LoadBalancer: slow(stack, 2*time.Minute)}
		}, nil},
		{"a long wait of a client that sticks", web.Needs{RequestTimeout: 2 * time.Minute, StickySessions: true}, func(stack awscdk.Stack) fargateweb.Hosting {
			return fargateweb.Hosting{LoadBalancer: slow(stack, 2*time.Minute), Stickiness: time.Hour}
		}, nil},
		{"no tasks without requests", web.Needs{ScaleToZero: true}, func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} }, []string{
			"Workload.Needs.ScaleToZero is set, but ECS on Fargate always has something running; choose lambdaweb.Hosting{}"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.Needs = test.needs
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting(newStack(t))}, test.want...)
		})
	}
}

// Variables are rendered in a property of the L1. Whoever replaces it takes over; what is added
// then must not get lost.
func TestReplacedContainerDefinitions(t *testing.T) {
	replace := func(_ *web.Service, r *fargateweb.Resources) {
		r.TaskDefinition.Node().DefaultChild().(awsecs.CfnTaskDefinition).SetContainerDefinitions([]any{
			&awsecs.CfnTaskDefinition_ContainerDefinitionProperty{Name: new("Main"), Image: new(publicURI)},
		})
	}
	override := func(_ *web.Service, r *fargateweb.Resources) {
		r.TaskDefinition.Node().DefaultChild().(awsecs.CfnTaskDefinition).AddPropertyOverride(new("ContainerDefinitions.0.Privileged"), false)
	}
	add := func(s *web.Service, _ *fargateweb.Resources) {
		s.AddEnvironment("STAGE", "test")
		s.AddEnvironment("ZONE", "a")
	}
	const lost = "the variables STAGE, ZONE were added to the service, but its environment was replaced in the L1 construct, so they would be missing: " +
		"set them there too, or change the L1 with AddPropertyOverride instead"
	type steps []func(*web.Service, *fargateweb.Resources)
	for _, test := range []struct {
		name  string
		steps steps
		want  string // the error; empty if there is none
	}{
		{"only added", steps{add}, ""},
		{"only replaced", steps{replace}, ""},
		{"replaced, then variables", steps{replace, add}, lost},
		{"variables, then replaced", steps{add, replace}, lost},
		{"overridden, then variables", steps{override, add}, ""},
	} {
		for _, own := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, task definition of the user %v", test.name, own), func(t *testing.T) {
				stack := newStack(t)
				var hosting fargateweb.Hosting
				if own {
					hosting.TaskDefinition = newTaskDefinition(stack, nil)
				}
				service, resources := newService(stack, hosting)
				for _, step := range test.steps {
					step(service, resources)
				}
				if got := synthError(stack); test.want == "" && got != "" || !strings.Contains(got, test.want) {
					t.Errorf("got %q, want an error with %q", got, test.want)
				}
			})
		}
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

// A service on the internet without HTTPS says so once, where the load balancer is; the CDK has
// nothing to add.
func TestWarnings(t *testing.T) {
	for name, test := range map[string]struct {
		build func(stack awscdk.Stack)
		want  []string // ids
	}{
		"its own load balancer": {func(stack awscdk.Stack) { newService(stack, fargateweb.Hosting{}) }, []string{webalb.HTTPWarning}},
		"two on a shared one": {func(stack awscdk.Stack) {
			shared := newLoadBalancer(stack, nil)
			newService(stack, fargateweb.Hosting{LoadBalancer: shared})
			fargateweb.NewService(stack, "Blog", workload(), fargateweb.Hosting{LoadBalancer: shared, Paths: []string{"/blog/*"}})
		}, []string{webalb.HTTPWarning}},
		"inside the VPC": {func(stack awscdk.Stack) {
			newService(stack, fargateweb.Hosting{LoadBalancer: webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{Internal: true}), MaximumPercent: 200})
		}, nil},
		"a port for root, of a server that is not": {func(stack awscdk.Stack) {
			shared := webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{Internal: true})
			app := web.Workload{Image: webimage.Go("./examples/guestbook/server", nil), Port: 80}
			fargateweb.NewService(stack, "Site", app, fargateweb.Hosting{LoadBalancer: shared})
		}, []string{web.LowPortWarning}},
		"no circuit breaker, by choice": {func(stack awscdk.Stack) {
			newService(stack, fargateweb.Hosting{
				LoadBalancer: webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{Internal: true}), CircuitBreakerDisabled: true, MinTaskCount: 2, MinimumHealthyPercent: 50,
			})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			test.build(stack)
			var ids []string
			for _, text := range templatetest.Warnings(t, stack) {
				_, id, _ := strings.Cut(text, "[ack: ")
				ids = append(ids, strings.TrimSuffix(id, "]"))
			}
			if !slices.Equal(ids, test.want) {
				t.Errorf("got warnings %q, want %q", ids, test.want)
			}
		})
	}
}
