package fargateweb_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
)

// rulesOf are the rules of a template's security groups, inline ones and resources, as texts: what a
// group lets in from where, or out to where.
func rulesOf(t *testing.T, template templatetest.Template) []string {
	var rules []string
	add := func(group any, way string, rule any) {
		peer := "nobody"
		for _, key := range []string{"CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId"} {
			if value := templatetest.At(rule, key); value != nil {
				peer = templatetest.JSON(t, value)
			}
		}
		port := "all"
		if from := templatetest.At(rule, "FromPort"); from != nil {
			port = templatetest.JSON(t, from)
			if to := templatetest.JSON(t, templatetest.At(rule, "ToPort")); to != port {
				port += "-" + to
			}
		}
		rules = append(rules, strings.Join([]string{templatetest.JSON(t, group), way, peer, port}, " "))
	}
	for _, id := range template.IDs(groupKind) {
		group := map[string]any{"Fn::GetAtt": []string{id, "GroupId"}}
		for property, way := range map[string]string{"SecurityGroupIngress": "in", "SecurityGroupEgress": "out"} {
			inline, _ := template.Resources[id].Properties[property].([]any)
			for _, rule := range inline {
				add(group, way, rule)
			}
		}
	}
	for kind, way := range map[string]string{ingressKind: "in", egressKind: "out"} {
		for _, id := range template.IDs(kind) {
			add(template.Resources[id].Properties["GroupId"], way, template.Resources[id].Properties)
		}
	}
	slices.Sort(rules)
	return rules
}

func group(id string) string { return `{"Fn::GetAtt":["` + id + `","GroupId"]}` }

// The tasks let in the load balancer and nobody else, on their port; the load balancer lets in
// clients on its port, and goes out to the tasks only.
func TestSecurity(t *testing.T) {
	const (
		tasks    = "SiteFargateSecurityGroupB84EB06C"
		balancer = "SiteFargateLoadBalancerSecurityGroup9A7C090C"
		own      = `"sg-00000001"`
		second   = `"sg-00000002"`
		nowhere  = ` out "255.255.255.255/32" 1`
	)
	for _, test := range []struct {
		name  string
		build func(stack awscdk.Stack)
		want  []string
	}{
		{"its own load balancer", func(stack awscdk.Stack) { newService(stack, fargateweb.Hosting{}) }, []string{
			group(tasks) + " in " + group(balancer) + " 8080", group(tasks) + ` out "0.0.0.0/0" all`,
			group(balancer) + ` in "0.0.0.0/0" 80`, group(balancer) + nowhere, group(balancer) + " out " + group(tasks) + " 8080",
		}},
		{"a sidecar with a port that was there first", func(stack awscdk.Stack) {
			definition := newTaskDefinition(stack, nil)
			addSidecar(definition)
			newService(stack, fargateweb.Hosting{TaskDefinition: definition})
		}, []string{
			group(tasks) + " in " + group(balancer) + " 8080", group(tasks) + ` out "0.0.0.0/0" all`,
			group(balancer) + ` in "0.0.0.0/0" 80`, group(balancer) + nowhere, group(balancer) + " out " + group(tasks) + " 8080",
		}},
		{"security groups of the user's", func(stack awscdk.Stack) {
			newService(stack, fargateweb.Hosting{SecurityGroups: []awsec2.ISecurityGroup{
				awsec2.SecurityGroup_FromSecurityGroupId(stack, new("One"), new("sg-00000001"), nil),
				awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Two"), new("sg-00000002"), nil),
			}})
		}, []string{
			own + " in " + group(balancer) + " 8080", second + " in " + group(balancer) + " 8080",
			group(balancer) + ` in "0.0.0.0/0" 80`, group(balancer) + nowhere, group(balancer) + " out " + own + " 8080", group(balancer) + " out " + second + " 8080",
		}},
		{"two services with HTTPS", func(stack awscdk.Stack) {
			certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, new("Certificate"),
				new("arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"))
			shared := webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{
				DomainName: "shop.example.com", Certificates: []awscertificatemanager.ICertificate{certificate},
			})
			fargateweb.NewService(stack, "Site", workload(), fargateweb.Hosting{LoadBalancer: shared})
			w := workload()
			w.Port = 9000
			fargateweb.NewService(stack, "Blog", w, fargateweb.Hosting{LoadBalancer: shared, Paths: []string{"/blog/*"}})
		}, []string{
			group("BalancerSecurityGroup27376FED") + ` in "0.0.0.0/0" 443`, group("BalancerSecurityGroup27376FED") + ` in "0.0.0.0/0" 80`,
			group("BalancerSecurityGroup27376FED") + nowhere,
			group("BalancerSecurityGroup27376FED") + " out " + group(tasks) + " 8080", group("BalancerSecurityGroup27376FED") + " out " + group("BlogFargateSecurityGroup8C30F51E") + " 9000",
			group(tasks) + " in " + group("BalancerSecurityGroup27376FED") + " 8080", group(tasks) + ` out "0.0.0.0/0" all`,
			group("BlogFargateSecurityGroup8C30F51E") + " in " + group("BalancerSecurityGroup27376FED") + " 9000", group("BlogFargateSecurityGroup8C30F51E") + ` out "0.0.0.0/0" all`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			test.build(stack)
			slices.Sort(test.want)
			if got := rulesOf(t, templatetest.Of(t, stack)); !slices.Equal(got, test.want) {
				t.Errorf("got rules\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

// Connections are those of the tasks: a database lets them in, and a neighbour is let in to them.
func TestConnections(t *testing.T) {
	stack := newStack(t)
	vpc := importedVPC(stack, "VPC")
	service, _ := newService(stack, fargateweb.Hosting{VPC: vpc})
	database := awsec2.NewConnections(&awsec2.ConnectionsProps{
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Database"), new("sg-0000000d"), nil)},
		DefaultPort:    awsec2.Port_Tcp(new(5432.0)),
	})
	database.AllowDefaultPortFrom(service, nil)
	service.Connections().AllowFrom(awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Neighbour"), new("sg-0000000e"), nil), awsec2.Port_Tcp(new(8080.0)), nil)
	got := rulesOf(t, templatetest.Of(t, stack))
	tasks := group("SiteFargateSecurityGroupB84EB06C")
	for _, want := range []string{`"sg-0000000d" in ` + tasks + " 5432", tasks + ` in "sg-0000000e" 8080`} {
		if !slices.Contains(got, want) {
			t.Errorf("got rules\n\t%s\nwant among them\n\t%s", strings.Join(got, "\n\t"), want)
		}
	}
}

// The tasks wait for the routes of the subnets that they are in and of no others, and have public
// addresses in public ones.
func TestSubnets(t *testing.T) {
	private := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
	public := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
	for _, test := range []struct {
		name    string
		hosting func(stack awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting
		in      string // part of the names of the subnets
		address string
	}{
		{"private ones by default", func(_ awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting { return fargateweb.Hosting{VPC: vpc} }, "VPCPrivate", "DISABLED"},
		{"private ones of a load balancer's VPC", func(stack awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting {
			return fargateweb.Hosting{LoadBalancer: newLoadBalancer(stack, vpc)}
		}, "VPCPrivate", "DISABLED"},
		{"private ones of a cluster's VPC", func(stack awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting {
			return fargateweb.Hosting{Cluster: newCluster(stack, vpc)}
		}, "VPCPrivate", "DISABLED"},
		{"private ones", func(_ awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting {
			return fargateweb.Hosting{VPC: vpc, VPCSubnets: private}
		}, "VPCPrivate", "DISABLED"},
		{"public ones", func(_ awscdk.Stack, vpc awsec2.IVpc) fargateweb.Hosting {
			return fargateweb.Hosting{VPC: vpc, VPCSubnets: public}
		}, "VPCPublic", "ENABLED"},
		{"public ones if there are no others", func(awscdk.Stack, awsec2.IVpc) fargateweb.Hosting { return fargateweb.Hosting{} }, "LoadBalancerVPCPublic", "ENABLED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			newService(stack, test.hosting(stack, newVPC(stack)))
			template := templatetest.Of(t, stack)
			depends := template.Resources[template.IDs(serviceKind)[0]].DependsOn
			for _, id := range template.IDs("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::Route") {
				if got, want := slices.Contains(depends, id), strings.HasPrefix(strings.TrimPrefix(id, "SiteFargate"), test.in); got != want {
					t.Errorf("the service depends on %s: %v, want %v", id, got, want)
				}
			}
			configuration := template.Get(serviceKind, "NetworkConfiguration.AwsvpcConfiguration")
			subnets := templatetest.JSON(t, templatetest.At(configuration, "Subnets"))
			if strings.Count(subnets, "Ref") != 2 || strings.Count(subnets, test.in) != 2 {
				t.Errorf("got subnets %s, want the two with %s", subnets, test.in)
			}
			if got := templatetest.At(configuration, "AssignPublicIp"); got != test.address {
				t.Errorf("public addresses are %v, want %s", got, test.address)
			}
		})
	}
}

// Whether subnets are public is known from their VPC only; where that does not know them, tasks have
// no public addresses.
func TestImportedSubnets(t *testing.T) {
	stack := newStack(t)
	var subnets []awsec2.ISubnet
	for _, id := range []string{"subnet-00000001", "subnet-00000002"} {
		subnets = append(subnets, awsec2.Subnet_FromSubnetId(stack, &id, &id))
	}
	newService(stack, inSubnets(importedVPC(stack, "VPC"), subnets...))
	template := templatetest.Of(t, stack)
	template.Want(serviceKind, "NetworkConfiguration.AwsvpcConfiguration.Subnets", `["subnet-00000001","subnet-00000002"]`)
	template.Want(serviceKind, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", `"DISABLED"`)
	template.Want(balancerKind, "Subnets", `["subnet-0000000a","subnet-0000000b"]`)
}

// A load balancer takes one subnet of each zone.
func TestSeveralPublicSubnetsInAZone(t *testing.T) {
	stack := newStack(t)
	newService(stack, fargateweb.Hosting{VPC: awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PublicSubnetIds: &[]*string{new("subnet-0000000a"), new("subnet-0000000b"), new("subnet-0000000e"), new("subnet-0000000f")},
	})})
	template := templatetest.Of(t, stack)
	template.Want(balancerKind, "Subnets", `["subnet-0000000a","subnet-0000000b"]`)
	template.Want(serviceKind, "NetworkConfiguration.AwsvpcConfiguration.Subnets", `["subnet-0000000a","subnet-0000000b","subnet-0000000e","subnet-0000000f"]`)
}

func TestURL(t *testing.T) {
	certificate := func(stack awscdk.Stack) []awscertificatemanager.ICertificate {
		return []awscertificatemanager.ICertificate{awscertificatemanager.Certificate_FromCertificateArn(stack, new("Certificate"),
			new("arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"))}
	}
	for _, test := range []struct {
		name    string
		hosting func(stack awscdk.Stack) fargateweb.Hosting
		want    string // DNS stands for the name that AWS gives
	}{
		{"its own load balancer", func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} }, `{"Fn::Join":["",["http://",DNS]]}`},
		{"a path", func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{Paths: []string{"/blog/*"}} }, `{"Fn::Join":["",["http://",DNS]]}`},
		{"a host", func(awscdk.Stack) fargateweb.Hosting {
			return fargateweb.Hosting{Hosts: []string{"*.example.com", "shop.example.com"}}
		}, `"http://shop.example.com"`},
		{"a pattern of hosts", func(stack awscdk.Stack) fargateweb.Hosting {
			balancer := webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{Certificates: certificate(stack), DomainName: "www.example.com"})
			return fargateweb.Hosting{LoadBalancer: balancer, Hosts: []string{"*.example.com"}}
		}, `"https://www.example.com"`},
		{"HTTPS", func(stack awscdk.Stack) fargateweb.Hosting {
			balancer := webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{Certificates: certificate(stack), DomainName: "www.example.com"})
			return fargateweb.Hosting{LoadBalancer: balancer, Hosts: []string{"shop.example.com"}}
		}, `"https://shop.example.com"`},
		{"somebody else's listener", func(stack awscdk.Stack) fargateweb.Hosting {
			listener := awselasticloadbalancingv2.ApplicationListener_FromApplicationListenerAttributes(stack, new("Listener"), &awselasticloadbalancingv2.ApplicationListenerAttributes{
				ListenerArn:   new("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef"),
				SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0000000f"), nil),
			})
			return fargateweb.Hosting{LoadBalancer: webalb.FromListener(stack, "Edge", &webalb.ListenerProps{
				Listener: listener, VPC: importedVPC(stack, "VPC"), URL: "https://edge.example.com",
			})}
		}, `"https://edge.example.com"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service, _ := newService(stack, test.hosting(stack))
			awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
			template := templatetest.Of(t, stack)
			want := test.want
			if strings.Contains(want, "DNS") {
				want = strings.ReplaceAll(want, "DNS", attribute(template, balancerKind, "DNSName"))
			}
			if got := templatetest.JSON(t, templatetest.At(template.Outputs, "URL.Value")); got != want {
				t.Errorf("got URL %s, want %s", got, want)
			}
		})
	}
}

// The server may know its own address: the load balancer has it before there are tasks.
func TestOwnURL(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, fargateweb.Hosting{})
	service.AddEnvironment("PUBLIC_URL", service.URL()+"/login")
	template := templatetest.Of(t, stack)
	template.Want(taskKind, "ContainerDefinitions.0.Environment.1",
		`{"Name":"PUBLIC_URL","Value":{"Fn::Join":["",["http://",`+attribute(template, balancerKind, "DNSName")+`,"/login"]]}}`)
}

// Cloud Map's record of a port is that of the workload, also beside a container that was there first.
func TestServiceDiscovery(t *testing.T) {
	for name, test := range map[string]struct {
		record awsservicediscovery.DnsRecordType
		want   string // of the service's registry, beside its ARN
	}{
		"addresses": {"", `{}`},
		"ports":     {awsservicediscovery.DnsRecordType_SRV, `{"ContainerName":"Main","ContainerPort":8080}`},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			vpc := importedVPC(stack, "VPC")
			definition := newTaskDefinition(stack, nil)
			addSidecar(definition)
			options := awsecs.CloudMapOptions{CloudMapNamespace: newNamespace(stack, vpc), DnsRecordType: test.record}
			given := options
			newService(stack, fargateweb.Hosting{VPC: vpc, TaskDefinition: definition, ServiceDiscovery: &options})
			registry := templatetest.Of(t, stack).Get(serviceKind, "ServiceRegistries.0").(map[string]any)
			maps.DeleteFunc(registry, func(key string, _ any) bool { return key == "RegistryArn" })
			if got := templatetest.JSON(t, registry); got != test.want {
				t.Errorf("got registry %s, want %s", got, test.want)
			}
			if options != given {
				t.Error("the user's options were changed")
			}
		})
	}
}

// A cluster's capacity providers are there before the service that uses them, and go after it.
func TestCapacityProvidersOfACluster(t *testing.T) {
	stack := newStack(t)
	cluster := awsecs.NewCluster(stack, new("Shared"), &awsecs.ClusterProps{Vpc: importedVPC(stack, "VPC"), EnableFargateCapacityProviders: new(true)})
	newService(stack, fargateweb.Hosting{Cluster: cluster, SpotPercentage: 50})
	template := templatetest.Of(t, stack)
	providers := template.IDs("AWS::ECS::ClusterCapacityProviderAssociations")[0]
	if depends := template.Resources[template.IDs(serviceKind)[0]].DependsOn; !slices.Contains(depends, providers) {
		t.Errorf("the service depends on %q, want %s among them", depends, providers)
	}
}

// A load balancer is shared by services in any part of the tree, and each has a rule of its own.
func TestRules(t *testing.T) {
	stack := newStack(t)
	shared := newLoadBalancer(stack, nil)
	for id, hosting := range map[string]fargateweb.Hosting{
		"Site": {}, "Blog": {Paths: []string{"/blog/*"}}, "Post": {Paths: []string{"/blog/post"}}, "Shop": {Hosts: []string{"shop.example.com"}},
	} {
		hosting.LoadBalancer = shared
		fargateweb.NewService(stack, id, workload(), hosting)
	}
	template := templatetest.Of(t, stack)
	priority := map[string]float64{}
	for _, id := range template.IDs(ruleKind) {
		priority[id[:4]] = template.Resources[id].Properties["Priority"].(float64)
	}
	if !(priority["Shop"] < priority["Post"] && priority["Post"] < priority["Blog"] && priority["Blog"] < priority["Site"]) {
		t.Errorf("got priorities %v, want those of Shop, Post, Blog and Site in this order", priority)
	}
	const twice = "Hosting.LoadBalancer sends requests for /blog/* to Stack/Blog/Fargate already; give this service other Hosts or Paths"
	wantPanic(t, twice, func() {
		fargateweb.NewService(stack, "Twice", workload(), fargateweb.Hosting{LoadBalancer: shared, Paths: []string{"/blog/*"}})
	})
	wantPanic(t, "Hosting.Priority is that of Stack/Blog/Fargate on the same load balancer, got", func() {
		fargateweb.NewService(stack, "Twice", workload(), fargateweb.Hosting{LoadBalancer: shared, Paths: []string{"/new"}, Priority: int(priority["Blog"])})
	})
}

// The address of a service is that of its rule, also if the caller uses the list of hosts again.
func TestHostsAreTheServicesOwn(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	hosts := []string{""}
	var urls []string
	for _, name := range []string{"a", "b"} {
		hosts[0] = name + ".example.com"
		service, _ := fargateweb.NewService(stack, name, workload(), fargateweb.Hosting{LoadBalancer: front, Hosts: hosts})
		urls = append(urls, service.URL())
	}
	if want := []string{"http://a.example.com", "http://b.example.com"}; !slices.Equal(urls, want) {
		t.Errorf("got %q, want %q", urls, want)
	}
}

// A service's own load balancer cannot move to another VPC, so there it is another one.
func TestOwnLoadBalancerOfAnotherVPC(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"", "One", "Two"} {
		stack := newStack(t)
		hosting := fargateweb.Hosting{}
		if id != "" {
			hosting.VPC = awsec2.NewVpc(stack, &id, &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(0.0)})
		}
		newService(stack, hosting)
		seen[templatetest.Of(t, stack).IDs(balancerKind)[0]] = true
	}
	if len(seen) != 3 {
		t.Errorf("got the ids %v, want three", seen)
	}
}

// ECS takes a name once in a cluster.
func TestServiceNameOfTwoInACluster(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	service := func(id string, cluster awsecs.ICluster) {
		fargateweb.NewService(stack, id, workload(), fargateweb.Hosting{
			LoadBalancer: front, Paths: []string{"/" + id}, Cluster: cluster, ServiceName: "site",
		})
	}
	one := awsecs.NewCluster(stack, new("One"), &awsecs.ClusterProps{Vpc: front.VPC})
	service("a", one)
	service("b", awsecs.NewCluster(stack, new("Two"), &awsecs.ClusterProps{Vpc: front.VPC}))
	service("c", nil)
	hostingtest.WantPanic(t, "Stack/d", `Hosting.ServiceName is the name of Stack/a already, got "site"; choose another, or leave it out`,
		func() { service("d", one) })
}
