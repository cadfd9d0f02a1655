package web_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
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
