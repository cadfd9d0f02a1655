package web_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// hostings are all of them. Fargate has its load balancer in the network's stack.
func hostings(net awscdk.Stack, vpc awsec2.IVpc) map[string]func() web.Hosting {
	return map[string]func() web.Hosting{
		"apprunner": func() web.Hosting { return apprunnerweb.Hosting{} },
		"ecs":       func() web.Hosting { return ecsweb.Hosting{} },
		"fargate": func() web.Hosting {
			return fargateweb.Hosting{LoadBalancer: webalb.NewLoadBalancer(net, "Balancer", &webalb.LoadBalancerProps{VPC: vpc})}
		},
		"lambda": func() web.Hosting { return lambdaweb.Hosting{} },
	}
}

// A server's security group may belong to the stack of the network, on which the stack of the
// database depends, and so does that of an internal load balancer.
func TestSecurityGroupOfTheNetwork(t *testing.T) {
	for _, hosting := range []string{"apprunner", "ecs", "fargate", "lambda"} {
		for name, test := range map[string]struct {
			outbound bool // of the server's security group
			ofNet    bool // the database's security group is the network's too
			rules    int
		}{
			"all outbound":              {true, false, 2},
			"no outbound":               {false, false, 4},
			"two groups of the network": {true, true, 2},
			"two groups, no outbound":   {false, true, 4},
		} {
			t.Run(hosting+"/"+name, func(t *testing.T) {
				app := webtest.NewApp(t)
				net, data := awscdk.NewStack(app, new("Net"), nil), awscdk.NewStack(app, new("Data"), nil)
				edge, stack := awscdk.NewStack(app, new("Edge"), nil), awscdk.NewStack(app, new("App"), nil)
				vpc := awsec2.NewVpc(net, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
				group := func(stack awscdk.Stack, id string, outbound bool) awsec2.ISecurityGroup {
					return awsec2.NewSecurityGroup(stack, &id, &awsec2.SecurityGroupProps{Vpc: vpc, AllowAllOutbound: &outbound})
				}
				databases := data
				if test.ofNet {
					databases = net
				}
				instance := awsrds.NewDatabaseInstance(data, new("Orders"), &awsrds.DatabaseInstanceProps{
					Vpc: vpc, Engine: awsrds.DatabaseInstanceEngine_POSTGRES(),
					SecurityGroups: &[]awsec2.ISecurityGroup{group(databases, "Databases", true)},
				})
				servers := []awsec2.ISecurityGroup{group(net, "Servers", test.outbound)}
				where := hostings(net, vpc)
				api := on(edge, "API", fargateweb.Hosting{
					LoadBalancer: webalb.NewLoadBalancer(edge, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true}),
				}, nil)
				in := where[hosting]()
				for i, id := range []string{"Site", "Other"} { // which share the group, and so its rules
					if on, ok := in.(fargateweb.Hosting); ok && i > 0 {
						on.Paths = []string{"/other/*"}
						in = on
					}
					service := web.NewService(stack, id, &web.ServiceProps{
						Workload: web.Workload{
							Image:       webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter}),
							HealthCheck: web.HealthCheck{Path: "/healthz"}, VPC: vpc, SecurityGroups: servers,
						},
						Hosting: in,
					})
					service.UseDatabase("DB", web.DatabaseInstance(instance, "shop").WithUser("app"))
					service.UseService("API_URL", api)
				}
				rules := 0
				for _, stack := range []awscdk.Stack{net, data, edge, stack} { // synthesizes, which a circle of stacks does not
					template := templatetest.Of(t, stack)
					for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress") {
						text := templatetest.JSON(t, template.Resources[id].Properties)
						if strings.Contains(text, "Servers") && (strings.Contains(text, "Databases") || strings.Contains(text, "Front")) {
							rules++
						}
					}
				}
				if rules != test.rules {
					t.Errorf("got %d rules of the server's security group, want %d", rules, test.rules)
				}
			})
		}
	}
}

// A service may stand below its database, for which it then cannot wait as a whole; of an imported one
// there is nothing to wait for.
func TestServiceBelowItsDatabase(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	instance := awsrds.NewDatabaseInstance(stack, new("Orders"), &awsrds.DatabaseInstanceProps{
		Vpc: vpc, Engine: awsrds.DatabaseInstanceEngine_POSTGRES(),
	})
	imported := awsrds.DatabaseInstance_FromDatabaseInstanceAttributes(stack, new("Old"), &awsrds.DatabaseInstanceAttributes{
		InstanceIdentifier: new("old"), InstanceEndpointAddress: new("old.example.com"), Port: new(5432.0), InstanceResourceId: new("db-ABC"),
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)},
	})
	service := on(instance, "Admin", lambdaweb.Hosting{}, vpc)
	service.UseDatabase("DB", web.DatabaseInstance(instance, "shop").WithUser("app"))
	service.UseDatabase("OLD", web.DatabaseInstance(imported, "shop").WithUser("app"))
	template := templatetest.Of(t, stack)
	function := template.Resources[template.IDs("AWS::Lambda::Function")[0]]
	waits := strings.Join(function.DependsOn, " ")
	for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		if !strings.Contains(waits, id) {
			t.Errorf("the function waits for %s, want the rule %s too", waits, id)
		}
	}
	if id := template.IDs("AWS::Lambda::Function")[0]; strings.Contains(waits, id) {
		t.Errorf("%s waits for itself: %s", id, waits)
	}
}

// Two stacks that would each have to be deployed before the other get a sentence, whatever of the
// services needs the other stack, and in either order.
func TestCirclesOfStacks(t *testing.T) {
	for name, use := range map[string]func(service *web.Service, stack awscdk.Stack, vpc awsec2.IVpc){
		`UseBucket("IT")`: func(s *web.Service, stack awscdk.Stack, _ awsec2.IVpc) {
			s.UseBucket("IT", awss3.NewBucket(stack, new("It"), nil), web.Read)
		},
		`UseQueue("IT")`: func(s *web.Service, stack awscdk.Stack, _ awsec2.IVpc) {
			s.UseQueue("IT", awssqs.NewQueue(stack, new("It"), nil), web.Read)
		},
		`AddSecret("IT")`: func(s *web.Service, stack awscdk.Stack, _ awsec2.IVpc) {
			s.AddSecret("IT", web.SecretsManager(awssecretsmanager.NewSecret(stack, new("It"), nil), ""))
		},
		`AddEnvironment("IT")`: func(s *web.Service, stack awscdk.Stack, _ awsec2.IVpc) {
			s.AddEnvironment("IT", *awssqs.NewQueue(stack, new("It"), nil).QueueArn())
		},
		`UseDatabase("IT")`: func(s *web.Service, stack awscdk.Stack, vpc awsec2.IVpc) {
			s.UseDatabase("IT", web.DatabaseInstance(awsrds.NewDatabaseInstance(stack, new("It"), &awsrds.DatabaseInstanceProps{
				Vpc: vpc, Engine: awsrds.DatabaseInstanceEngine_POSTGRES(),
			}), "shop").WithUser("app"))
		},
	} {
		make := func() (a, b *web.Service, vpc awsec2.IVpc) {
			app := webtest.NewApp(t)
			net, one, two := awscdk.NewStack(app, new("Net"), nil), awscdk.NewStack(app, new("One"), nil), awscdk.NewStack(app, new("Two"), nil)
			vpc = awsec2.NewVpc(net, new("VPC"), nil)
			return on(one, "A", apprunnerweb.Hosting{}, vpc), on(two, "B", signedURL, vpc), vpc
		}
		a, b, vpc := make()
		use(a, awscdk.Stack_Of(b), vpc)
		hostingtest.WantPanic(t, "Two/B", `UseService("A_URL") must not be One/A of stack One, which depends on stack Two already: each would have to be deployed before the other`,
			func() { b.UseService("A_URL", a) })
		a, b, vpc = make()
		b.UseService("A_URL", a)
		hostingtest.WantPanic(t, "One/A", name+` needs stack Two, which depends on stack One already: each would have to be deployed before the other`,
			func() { use(a, awscdk.Stack_Of(b), vpc) })
	}
}

// What the workload itself needs counts too.
func TestCircleOfStacksByTheWorkload(t *testing.T) {
	for name, change := range map[string]func(w *web.Workload, stack awscdk.Stack){
		"a secret": func(w *web.Workload, stack awscdk.Stack) {
			w.Secrets = map[string]web.Secret{"IT": web.SecretsManager(awssecretsmanager.NewSecret(stack, new("It"), nil), "")}
		},
		"a variable": func(w *web.Workload, stack awscdk.Stack) {
			w.Environment = map[string]string{"IT": *awssqs.NewQueue(stack, new("It"), nil).QueueUrl()}
		},
		"a VPC": func(w *web.Workload, stack awscdk.Stack) { w.VPC = awsec2.NewVpc(stack, new("It"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			app := webtest.NewApp(t)
			one, two := awscdk.NewStack(app, new("One"), nil), awscdk.NewStack(app, new("Two"), nil)
			w := web.Workload{Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)}
			change(&w, two)
			a := web.NewService(one, "A", &web.ServiceProps{Workload: w, Hosting: apprunnerweb.Hosting{}})
			b := on(two, "B", openURL, nil)
			hostingtest.WantPanic(t, "Two/B", `UseService("A_URL") must not be One/A of stack One, which depends on stack Two already`,
				func() { b.UseService("A_URL", a) })
		})
	}
}

// A nested stack and the one that it is in may use what is in the other.
func TestNestedStacks(t *testing.T) {
	parent := awscdk.NewStack(webtest.NewApp(t), new("Parent"), nil)
	nested := awscdk.NewNestedStack(parent, new("Nested"), nil)
	outer, inner := on(parent, "Outer", openURL, nil), on(nested, "Inner", openURL, nil)
	outer.UseService("INNER_URL", inner)
	inner.UseBucket("BUCKET", awss3.NewBucket(parent, new("Bucket"), nil), web.Read)
	templatetest.Of(t, parent)
}
