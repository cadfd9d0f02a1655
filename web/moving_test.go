package web_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

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

// places are the hostings that a service moves between, with the id of the construct below
// web.Service.
var places = map[string]web.Hosting{
	"AppRunner":  apprunnerweb.Hosting{MaxConcurrency: 80},
	"ECSExpress": ecsweb.Hosting{},
	"Fargate":    fargateweb.Hosting{},
	"Lambda":     lambdaweb.Hosting{},
}

// shop is a stack with a table, a secret, another role, and services of one workload, by their ids.
func shop(t *testing.T, services map[string]web.Hosting) awscdk.Stack {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Shop"), nil)
	orders := awsdynamodb.NewTableV2(stack, new("Orders"), &awsdynamodb.TablePropsV2{
		PartitionKey: &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
	})
	awssecretsmanager.NewSecret(stack, new("Secret"), nil)
	reports := awsiam.NewRole(stack, new("Reports"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil)})
	orders.GrantReadData(reports)
	workload := web.Workload{Image: webimage.Dockerfile(imageFolder(t), nil), Environment: map[string]string{"STAGE": "live"}}
	for _, id := range slices.Sorted(maps.Keys(services)) {
		service := web.NewService(stack, id, &web.ServiceProps{Workload: workload, Hosting: services[id]})
		service.UseTable("ORDERS", orders, web.ReadWrite)
	}
	return stack
}

// imageFolder has a Dockerfile: the workload is built, and published once.
func imageFolder(t *testing.T) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY . /\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Two hostings stand side by side in one stack: one image, nothing in common but what was there
// before, and adding or removing either changes nothing of the other.
func TestSideBySide(t *testing.T) {
	nothing := templatetest.Of(t, shop(t, nil)).Resources
	for one, first := range places {
		for other, second := range places {
			if one >= other {
				continue
			}
			t.Run(one+" and "+other, func(t *testing.T) {
				stack := shop(t, map[string]web.Hosting{"Site": first, "Next": second})
				both := templatetest.Of(t, stack).Resources
				if images := hostingtest.ImageHashes(t, stack); len(images) != 1 {
					t.Errorf("got images %q, want one for both services", images)
				}
				site := templatetest.Of(t, shop(t, map[string]web.Hosting{"Site": first})).Resources
				next := templatetest.Of(t, shop(t, map[string]web.Hosting{"Next": second})).Resources
				if got, want := len(both), len(site)+len(next)-len(nothing); got != want {
					t.Errorf("got %d resources, want %d: those of each service and those that were there before", got, want)
				}
				for name, alone := range map[string]map[string]templatetest.Resource{"nothing": nothing, "Site": site, "Next": next} {
					for id, resource := range alone {
						if !reflect.DeepEqual(both[id], resource) {
							t.Errorf("with %s alone, %s is %v, with both %v", name, id, resource, both[id])
						}
					}
				}
			})
		}
	}
}

// A switch in place replaces what is below the hosting's own construct, and touches nothing else.
func TestSwitch(t *testing.T) {
	for from, before := range places {
		for to, after := range places {
			if from == to {
				continue
			}
			t.Run(from+" to "+to, func(t *testing.T) {
				old, now := shop(t, map[string]web.Hosting{"Site": before}), shop(t, map[string]web.Hosting{"Site": after})
				if one, two := hostingtest.ImageHashes(t, old), hostingtest.ImageHashes(t, now); !slices.Equal(one, two) {
					t.Errorf("got images %q and %q, want the same", one, two)
				}
				gone, stay, come := compare(t, templatetest.Of(t, old).Resources, templatetest.Of(t, now).Resources)
				for _, id := range gone {
					if !strings.HasPrefix(id, "Site"+from) {
						t.Errorf("%s goes, want only what is below Site/%s", id, from)
					}
				}
				for _, id := range come {
					if !strings.HasPrefix(id, "Site"+to) {
						t.Errorf("%s comes, want only what is below Site/%s", id, to)
					}
				}
				if want := templatetest.Of(t, shop(t, nil)).IDs(); !slices.Equal(stay, want) {
					t.Errorf("got %q as what stays, want %q", stay, want)
				}
			})
		}
	}
}

// Behind a load balancer that is shared, a switch leaves that as it is, with its address: the rule
// goes with the one hosting and comes with the other, with another priority, because CloudFormation
// makes the new one before it deletes the old one.
func TestSwitchBehindOneLoadBalancer(t *testing.T) {
	behind := map[string]func(*webalb.LoadBalancer) web.Hosting{
		"nothing": nil,
		"Fargate": func(front *webalb.LoadBalancer) web.Hosting {
			return fargateweb.Hosting{LoadBalancer: front, Paths: []string{"/shop/*"}}
		},
		"Lambda": func(front *webalb.LoadBalancer) web.Hosting {
			return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/shop/*"}}}
		},
	}
	stacks, urls := map[string]templatetest.Template{}, map[string]string{}
	images := map[string][]string{}
	for name, hosting := range behind {
		stack := awscdk.NewStack(webtest.NewApp(t), new("Shop"), nil)
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{})
		if hosting != nil {
			image := webimage.Dockerfile(imageFolder(t), nil)
			service := web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: image}, Hosting: hosting(front)})
			urls[name] = templatetest.JSON(t, stack.Resolve(service.URL()))
			images[name] = hostingtest.ImageHashes(t, stack)
		}
		stacks[name] = templatetest.Of(t, stack)
	}
	if urls["Fargate"] != urls["Lambda"] {
		t.Errorf("got URLs %s and %s, want the same", urls["Fargate"], urls["Lambda"])
	}
	if !slices.Equal(images["Fargate"], images["Lambda"]) {
		t.Errorf("got images %q and %q, want the same", images["Fargate"], images["Lambda"])
	}
	const rule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	if priority := stacks["Fargate"].Get(rule, "Priority"); priority == stacks["Lambda"].Get(rule, "Priority") {
		t.Errorf("both rules have priority %v, which they cannot have at the same time", priority)
	}
	for from, to := range map[string]string{"Fargate": "Lambda", "Lambda": "Fargate"} {
		t.Run(from+" to "+to, func(t *testing.T) {
			gone, stay, come := compare(t, stacks[from].Resources, stacks[to].Resources)
			for _, id := range gone {
				if !ofHosting(id, from) {
					t.Errorf("%s goes, want only what is of Site/%s", id, from)
				}
			}
			for _, id := range come {
				if !ofHosting(id, to) {
					t.Errorf("%s comes, want only what is of Site/%s", id, to)
				}
			}
			if want := stacks["nothing"].IDs(); !slices.Equal(stay, want) {
				t.Errorf("got %q as what stays, want the load balancer's %q", stay, want)
			}
		})
	}
}

// A switch of a service with a domain replaces nothing that belongs to the domain: of what has its
// name, there can be only one at a time. Clients are led to the new hosting when all of that is
// there, and then what was the old one's alone goes.
func TestSwitchWithDomain(t *testing.T) {
	alone := func(hosting web.Hosting) func(*webalb.LoadBalancer) web.Hosting {
		return func(*webalb.LoadBalancer) web.Hosting { return hosting }
	}
	able := map[string]func(*webalb.LoadBalancer) web.Hosting{
		"an HTTP API": alone(lambdaweb.Hosting{}),
		"a REST API":  alone(lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}),
		"Fargate":     alone(fargateweb.Hosting{}),
		"Fargate behind a load balancer": func(front *webalb.LoadBalancer) web.Hosting {
			return fargateweb.Hosting{LoadBalancer: front}
		},
		"Lambda behind a load balancer": func(front *webalb.LoadBalancer) web.Hosting {
			return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}
		},
	}
	// What cannot change without a new resource, in a change from one hosting to another.
	createOnly := map[string][]string{
		"AWS::CertificateManager::Certificate":             {"DomainName", "DomainValidationOptions", "ValidationMethod", "SubjectAlternativeNames", "KeyAlgorithm"},
		"AWS::Route53::RecordSet":                          {"HostedZoneId", "HostedZoneName", "Name", "Type"},
		"AWS::ApiGatewayV2::DomainName":                    {"DomainName"},
		"AWS::ApiGatewayV2::ApiMapping":                    {"DomainName"},
		"AWS::ElasticLoadBalancingV2::ListenerCertificate": {"ListenerArn", "Certificates"},
	}
	stacks := map[string]templatetest.Template{}
	for name, hosting := range able {
		stack := awscdk.NewStack(webtest.NewApp(t), new("Shop"), nil)
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
			Certificates: []awscertificatemanager.ICertificate{hostingtest.Certificate(stack)},
		})
		service := web.NewService(stack, "Site", &web.ServiceProps{
			Workload: web.Workload{Image: webimage.Dockerfile(imageFolder(t), nil)}, Hosting: hosting(front),
			Domain: &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)},
		})
		if got := service.URL(); got != "https://shop.example.com" {
			t.Errorf("got URL %s of %s", got, name)
		}
		stacks[name] = templatetest.Of(t, stack)
	}
	for from, old := range stacks {
		for to, now := range stacks {
			if from == to {
				continue
			}
			t.Run(from+" to "+to, func(t *testing.T) {
				gone, come, stay := map[string]bool{}, map[string]bool{}, 0
				for id, before := range old.Resources {
					properties, ofDomain := createOnly[before.Type]
					if !ofDomain {
						if strings.HasPrefix(id, "SiteDomain") {
							t.Errorf("nothing is known of %s, a %s", id, before.Type)
						}
						continue
					}
					after, ok := now.Resources[id]
					if !ok {
						gone[before.Type] = true
						continue
					}
					stay++
					for _, property := range properties {
						if one, two := before.Properties[property], after.Properties[property]; !reflect.DeepEqual(one, two) {
							t.Errorf("%s of %s changes from %v to %v", property, id, one, two)
						}
					}
				}
				for id, after := range now.Resources {
					if _, ok := old.Resources[id]; !ok {
						come[after.Type] = true
					}
				}
				for kind := range createOnly {
					if gone[kind] && come[kind] {
						t.Errorf("a %s goes while another comes", kind)
					}
				}
				if stay < 2 { // the certificate and a record at least
					t.Errorf("%d resources of the domain stay, want the certificate and a record", stay)
				}
				record := now.Resources["SiteDomainAB840EB49"]
				for _, kind := range []string{"AWS::Lambda::Function", "AWS::ECS::Service", "AWS::ApiGatewayV2::ApiMapping", "AWS::ElasticLoadBalancingV2::ListenerCertificate"} {
					for _, id := range now.IDs(kind) {
						if !slices.Contains(record.DependsOn, id) {
							t.Errorf("the record waits for %q, want %s among them", record.DependsOn, id)
						}
					}
				}
			})
		}
	}
}

// ofHosting reports whether a resource is below the hosting's construct, or is the rule of the load
// balancer's security group for it.
func ofHosting(id, hosting string) bool {
	return strings.HasPrefix(id, "Site"+hosting) || strings.HasPrefix(id, "FrontSecurityGrouptoShopSite"+hosting)
}

// compare returns the logical ids that go, stay and come. What stays has to be the same in
// everything.
func compare(t *testing.T, before, after map[string]templatetest.Resource) (gone, stay, come []string) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(before)) {
		switch now, ok := after[id]; {
		case !ok:
			gone = append(gone, id)
		case reflect.DeepEqual(before[id], now):
			stay = append(stay, id)
		default:
			t.Errorf("%s changes from %v to %v", id, before[id], now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[id]; !ok {
			come = append(come, id)
		}
	}
	return gone, stay, come
}

// The list that docs/moving.md shows: from App Runner to ECS Express Mode.
func TestSwitchByID(t *testing.T) {
	old := shop(t, map[string]web.Hosting{"Site": places["AppRunner"]})
	now := shop(t, map[string]web.Hosting{"Site": places["ECSExpress"]})
	gone, stay, come := compare(t, templatetest.Of(t, old).Resources, templatetest.Of(t, now).Resources)
	for name, test := range map[string]struct{ got, want []string }{
		"gone": {gone, []string{
			"SiteAppRunner17447A16", "SiteAppRunnerAccessRoleCE8D07B5", "SiteAppRunnerAutoScaling805ABC4A",
			"SiteAppRunnerInstanceRole6ECD65E3", "SiteAppRunnerInstanceRoleDefaultPolicy880DF243",
		}},
		"come": {come, []string{
			"SiteECSExpress4196D072", "SiteECSExpressExecutionRoleA4B648CF", "SiteECSExpressInfrastructureRoleBE5EEA0E",
			"SiteECSExpressLogGroup6D9B01FB", "SiteECSExpressTaskRole052E060B", "SiteECSExpressTaskRoleDefaultPolicyC57DAD5E",
		}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
	if len(stay) != 4 { // the table, the secret, the other role and its policy
		t.Errorf("got %q as what stays, want four resources", stay)
	}
}

// A role of the workload's own stays too, when it trusts all the places.
func TestSwitchKeepsTheRole(t *testing.T) {
	var roles []templatetest.Resource
	for _, place := range places {
		stack := awscdk.NewStack(webtest.NewApp(t), new("Shop"), nil)
		role := awsiam.NewRole(stack, new("Web"), &awsiam.RoleProps{AssumedBy: awsiam.NewCompositePrincipal(
			awsiam.NewServicePrincipal(new("tasks.apprunner.amazonaws.com"), nil),
			awsiam.NewServicePrincipal(new("ecs-tasks.amazonaws.com"), nil),
			awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil),
		)})
		image := webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)
		service := web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: image, Role: role}, Hosting: place})
		if service.Role() != awsiam.IRole(role) {
			t.Errorf("got role %v, want the workload's", service.Role())
		}
		id := *stack.GetLogicalId(role.Node().DefaultChild().(awscdk.CfnElement))
		roles = append(roles, templatetest.Of(t, stack).Resources[id])
	}
	for _, role := range roles {
		if !reflect.DeepEqual(role, roles[0]) {
			t.Errorf("got role %v on one hosting and %v on another", role, roles[0])
		}
	}
}

// protectedPlaces are all places with a front of their own, and how to see who may come in.
func protectedPlaces(t *testing.T) map[string]hostingtest.Harness {
	harness := func(hosting web.Hosting, private, webACL, allowFrom string) hostingtest.Harness {
		return hostingtest.Harness{Hosting: hosting, Access: hostingtest.Access{
			Private: private, WebACL: webACL, AllowFrom: allowFrom,
		}}
	}
	const balancer, acl = "AWS::ElasticLoadBalancingV2::LoadBalancer", `"Addresses":["%s"]`
	const byAdapter, byPolicy = `"CDKWEB_ALLOW_FROM":"%s"`, `"NotIpAddress":{"aws:SourceIp":["%s"]}`
	const stream = awsapigateway.ResponseTransferMode_STREAM
	all := map[string]hostingtest.Harness{
		"AppRunner":  harness(apprunnerweb.Hosting{}, `"IsPubliclyAccessible":false`, "AWS::AppRunner::Service", acl),
		"ECSExpress": harness(ecsweb.Hosting{}, `"Subnets":[{"Ref":"VPCPrivate`, "AWS::ECS::ExpressGatewayService", acl),
		"Fargate":    harness(fargateweb.Hosting{}, `"Scheme":"internal"`, balancer, `"CidrIp":"%s"`),
		"HTTPAPI":    harness(lambdaweb.Hosting{}, "", "", byAdapter),
		"RESTAPI": harness(lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, `"Types":["PRIVATE"]`,
			"AWS::ApiGateway::Stage", byPolicy),
		"RESTAPIStreaming": harness(lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ResponseTransferMode: stream}},
			`"Types":["PRIVATE"]`, "AWS::ApiGateway::Stage", byPolicy),
		"FunctionURL": harness(lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}, "", "", byAdapter),
		"NoEndpoint":  harness(lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}}, "", "", ""),
	}
	shared := func(behind func(*webalb.LoadBalancer) web.Hosting) hostingtest.Harness {
		in := func(stack awscdk.Stack, props *web.ServiceProps) web.Hosting {
			return behind(webalb.NewLoadBalancer(stack, "Shared", &webalb.LoadBalancerProps{
				VPC: props.Workload.VPC, Internal: props.Private, WebACL: props.WebACL,
			}))
		}
		h := harness(in(awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil), &web.ServiceProps{}),
			`"Scheme":"internal"`, balancer, `"SourceIpConfig":{"Values":["%s"]}`)
		h.Access.In = in
		return h
	}
	all["SharedFargate"] = shared(func(front *webalb.LoadBalancer) web.Hosting {
		return fargateweb.Hosting{LoadBalancer: front}
	})
	all["SharedLambda"] = shared(func(front *webalb.LoadBalancer) web.Hosting {
		return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}
	})
	// A load balancer that was made for services without protections.
	for _, name := range []string{"SharedFargate", "SharedLambda"} {
		open := all[name]
		in := open.Access.In
		open.Access.In = func(stack awscdk.Stack, props *web.ServiceProps) web.Hosting {
			return in(stack, &web.ServiceProps{Workload: web.Workload{VPC: props.Workload.VPC}})
		}
		all[name+"Open"] = open
	}
	return all
}

// A switch never opens a door: wherever a service goes, what said who may come in is in the
// template, or the switch is an error that says so.
func TestSwitchOpensNoDoor(t *testing.T) {
	places := protectedPlaces(t)
	for _, protection := range hostingtest.Protections {
		keeps := map[string]bool{}
		for name, harness := range places {
			protected, err := protection.Protected(t, harness)
			keeps[name] = protected
			if !protected && (err == nil || !strings.Contains(err.Error(), protection.Field)) {
				t.Errorf("%s with %s is not protected, and the error is %v", name, protection.Field, err)
			}
		}
		moves, refused := 0, 0
		for from := range places {
			for to := range places {
				switch {
				case from == to || !keeps[from]:
				case keeps[to]:
					moves++
				default:
					refused++
				}
			}
		}
		if moves == 0 || refused == 0 {
			t.Errorf("%s: %d moves are possible and %d are refused, want some of each", protection.Field, moves, refused)
		}
	}
}
