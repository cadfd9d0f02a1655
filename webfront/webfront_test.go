package webfront_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webfront"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// places are the hostings that a service moves between below a front. A function of the stack makes
// one, because some need a load balancer there.
var places = map[string]func(stack awscdk.Stack) web.Hosting{
	"AppRunner":   func(awscdk.Stack) web.Hosting { return apprunnerweb.Hosting{} },
	"ECSExpress":  func(awscdk.Stack) web.Hosting { return ecsweb.Hosting{} },
	"Fargate":     func(awscdk.Stack) web.Hosting { return fargateweb.Hosting{} },
	"HTTPAPI":     func(awscdk.Stack) web.Hosting { return lambdaweb.Hosting{} },
	"RESTAPI":     func(awscdk.Stack) web.Hosting { return lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}} },
	"FunctionURL": func(awscdk.Stack) web.Hosting { return lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}} },
	"ALBLambda": func(stack awscdk.Stack) web.Hosting {
		shared := webalb.NewLoadBalancer(stack, "Shared", nil)
		return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: shared}}
	},
}

// workload needs no build, and its image has the adapter.
func workload() web.Workload {
	return web.Workload{Image: webimage.URI(
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4",
		&webimage.ExistingOptions{Adapter: webimage.WithAdapter},
	)}
}

var target = &awscdk.StackProps{
	Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Shop"), target)
}

func zone(stack awscdk.Stack) awsroute53.IHostedZone { return zoneIn(stack) }

func zoneIn(scope constructs.Construct) awsroute53.IHostedZone {
	return awsroute53.HostedZone_FromHostedZoneAttributes(
		scope,
		new("Zone"),
		&awsroute53.HostedZoneAttributes{HostedZoneId: new("Z0123456789ABCDEFGHIJ"), ZoneName: new("example.com")},
	)
}

func service(stack awscdk.Stack, id string, hosting web.Hosting) *web.Service {
	return web.NewService(stack, id, &web.ServiceProps{Workload: workload(), Hosting: hosting})
}

// shop is a service on a hosting below a front with everything.
func shop(t *testing.T, place string, move func(stack awscdk.Stack, props *webfront.FrontProps)) awscdk.Stack {
	stack := newStack(t)
	props := &webfront.FrontProps{
		Service: service(stack, "Site", places[place](stack)),
		Domain:  &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
		Static:  []webfront.Static{{Path: "/assets/*"}},
	}
	if move != nil {
		move(stack, props)
	}
	webfront.NewFront(stack, "Front", props)
	return stack
}

// frontOf are the resources of the front, and of what it shares with the service.
func frontOf(template templatetest.Template) map[string]templatetest.Resource {
	found := map[string]templatetest.Resource{}
	for id, resource := range template.Resources {
		if strings.HasPrefix(id, "Front") || strings.HasPrefix(id, "SiteFront") {
			found[id] = resource
		}
	}
	return found
}

func TestGolden(t *testing.T) {
	for place := range places {
		t.Run(place, func(t *testing.T) { webtest.Snapshot(t, shop(t, place, nil)) })
	}
	t.Run("default options", func(t *testing.T) {
		stack := newStack(t)
		webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: service(stack, "Site", lambdaweb.Hosting{})})
		webtest.Snapshot(t, stack)
	})
}

// A switch of the hosting changes the origin of the distribution, and what it waits for. Over all
// pairs.
func TestSwitchChangesOnlyTheOrigin(t *testing.T) {
	fronts := map[string]map[string]templatetest.Resource{}
	for place := range places {
		fronts[place] = frontOf(templatetest.Of(t, shop(t, place, nil)))
	}
	for from, before := range fronts {
		for to, after := range fronts {
			if from == to {
				continue
			}
			if one, two := slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)); !slices.Equal(one, two) {
				t.Errorf("%s to %s: got %q and %q, want the same resources", from, to, one, two)
			}
			for id, old := range before {
				now := after[id]
				if old.Type == "AWS::CloudFront::Distribution" {
					old, now = withoutOrigin(t, old), withoutOrigin(t, now)
				}
				if !reflect.DeepEqual(old, now) {
					t.Errorf("%s to %s: %s changes from %v to %v", from, to, id, old, now)
				}
			}
		}
	}
}

// withoutOrigin leaves out what a switch may change: where the first origin is, and how long it
// takes.
func withoutOrigin(t *testing.T, distribution templatetest.Resource) templatetest.Resource {
	t.Helper()
	distribution.DependsOn = nil
	config := maps.Clone(distribution.Properties["DistributionConfig"].(map[string]any))
	origins := slices.Clone(config["Origins"].([]any))
	first := maps.Clone(origins[0].(map[string]any))
	custom := maps.Clone(first["CustomOriginConfig"].(map[string]any))
	for _, name := range []string{"DomainName", "OriginPath"} {
		delete(first, name)
	}
	for _, name := range []string{"OriginProtocolPolicy", "OriginReadTimeout"} {
		delete(custom, name)
	}
	first["CustomOriginConfig"] = custom
	origins[0] = first
	config["Origins"] = origins
	distribution.Properties = map[string]any{"DistributionConfig": config}
	return distribution
}

// Each hosting that can refuses requests without the secret; the others carry a warning.
func TestOriginsTrustTheFront(t *testing.T) {
	for place := range places {
		t.Run(place, func(t *testing.T) {
			stack := shop(t, place, nil)
			template := templatetest.Of(t, stack)
			var verified string
			switch place {
			case "Fargate", "ALBLambda":
				verified = templatetest.JSON(t, template.Get("AWS::ElasticLoadBalancingV2::ListenerRule", "Conditions"))
			default:
				for _, resource := range template.Resources {
					if resource.Type == "AWS::Lambda::Function" {
						verified += templatetest.JSON(t, templatetest.At(resource.Properties, "Environment.Variables.CDKWEB_FRONT_SECRETS"))
					}
				}
			}
			secrets := template.IDs("AWS::SecretsManager::Secret")
			if len(secrets) != 2 {
				t.Fatalf("got secrets %q, want this generation's and the next one's", secrets)
			}
			for _, secret := range secrets {
				if got, want := strings.Contains(verified, secret), place != "AppRunner" && place != "ECSExpress"; got != want {
					t.Errorf("%s is required: %v, want %v: %s", secret, got, want, verified)
				}
			}
			warnings := strings.Join(templatetest.Warnings(t, stack), "\n")
			if got, want := strings.Contains(warnings, webfront.OriginWarning), place == "AppRunner" || place == "ECSExpress"; got != want {
				t.Errorf("warned of an open origin: %v, want %v: %s", got, want, warnings)
			}
			if got, want := strings.Contains(warnings, webfront.HTTPWarning), place == "Fargate" || place == "ALBLambda"; got != want {
				t.Errorf("warned of HTTP: %v, want %v: %s", got, want, warnings)
			}
		})
	}
}

// A front that reaches a service by its domain does so when the name leads there.
func TestOriginByDomain(t *testing.T) {
	for _, place := range []string{"HTTPAPI", "RESTAPI", "Fargate"} {
		t.Run(place, func(t *testing.T) {
			stack := newStack(t)
			webfront.NewFront(stack, "Front", &webfront.FrontProps{
				Service: web.NewService(stack, "Site", &web.ServiceProps{
					Workload: workload(),
					Hosting:  places[place](stack),
					Domain:   &web.Domain{Name: "origin.example.com", Zone: zone(stack)},
				}),
			})
			template := templatetest.Of(t, stack)
			template.Want("AWS::CloudFront::Distribution", "DistributionConfig.Origins.0.DomainName", `"origin.example.com"`)
			needed := template.IDs("AWS::Route53::RecordSet", "AWS::ApiGatewayV2::ApiMapping")
			if len(needed) == 0 {
				t.Error("got no records")
			}
			waits := template.Resources[template.IDs("AWS::CloudFront::Distribution")[0]].DependsOn
			for _, id := range needed {
				if !slices.Contains(waits, id) {
					t.Errorf("the distribution does not wait for %s, only for %q", id, waits)
				}
			}
		})
	}
}

// The servers of all hostings know the public address.
func TestPublicURL(t *testing.T) {
	for place := range places {
		text := webtest.Template(t, shop(t, place, nil))
		if !strings.Contains(text, "PUBLIC_URL") || !strings.Contains(text, "https://shop.example.com") {
			t.Errorf("%s: PUBLIC_URL is missing", place)
		}
	}
	stack := newStack(t)
	w := workload()
	w.Environment = map[string]string{"PUBLIC_URL": "https://example.org"}
	site := web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}})
	webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.example.com", Zone: zone(stack)}})
	if text := webtest.Template(t, stack); !strings.Contains(text, `"PUBLIC_URL": "https://example.org"`) {
		t.Error("the workload's own PUBLIC_URL is lost")
	}
}

// A rotation keeps the predecessor and has the successor, so that any order of updates, and of a
// rollback, leaves a secret that both sides know.
func TestRotation(t *testing.T) {
	sent, accepted := map[int]string{}, map[int]string{}
	for generation := 1; generation <= 4; generation++ {
		stack := shop(t, "HTTPAPI", func(_ awscdk.Stack, p *webfront.FrontProps) { p.SecretGeneration = generation })
		template := templatetest.Of(t, stack)
		sent[generation] = templatetest.JSON(t, templatetest.At(
			template.Get("AWS::CloudFront::Distribution", "DistributionConfig.Origins.0"), "OriginCustomHeaders"))
		for id, resource := range template.Resources {
			if resource.Type == "AWS::Lambda::Function" && strings.HasPrefix(id, "Site") {
				accepted[generation] = templatetest.JSON(t, resource.Properties["Environment"])
			}
		}
		for id := range template.Resources {
			if resource := template.Resources[id]; resource.Type == "AWS::SecretsManager::Secret" && strings.Contains(sent[generation], id) {
				sent[generation] = id
			}
		}
	}
	for generation := 1; generation <= 4; generation++ {
		for _, other := range []int{generation - 1, generation, generation + 1} {
			if id := sent[other]; id != "" && !strings.Contains(accepted[generation], id) {
				t.Errorf("generation %d of the service refuses %s, which the front sends in generation %d", generation, id, other)
			}
		}
	}
	if sent[1] == sent[2] {
		t.Errorf("generations 1 and 2 send the same secret %s", sent[1])
	}
}

// The steps of a whole move. At none is a record, certificate or distribution replaced, and the
// functions change with the origins, at once.
func TestMove(t *testing.T) {
	to := func(stack awscdk.Stack) web.IService {
		return service(stack, "Next", places["Fargate"](stack))
	}
	steps := []struct {
		name string
		move func(stack awscdk.Stack, p *webfront.FrontProps)
	}{
		{"1 before", nil},
		{"2 beside", func(stack awscdk.Stack, p *webfront.FrontProps) { p.Move = &webfront.Move{To: to(stack)} }},
		{"3 five percent", func(stack awscdk.Stack, p *webfront.FrontProps) {
			p.Move = &webfront.Move{To: to(stack), Percent: 5}
		}},
		{"4 all", func(stack awscdk.Stack, p *webfront.FrontProps) {
			p.Move = &webfront.Move{To: to(stack), Percent: 100}
		}},
		{"5 the new one alone", func(stack awscdk.Stack, p *webfront.FrontProps) { p.Service = to(stack) }},
	}
	stays := []string{"AWS::CloudFront::Distribution", "AWS::Route53::RecordSet", "AWS::CertificateManager::Certificate",
		"AWS::CloudFront::CachePolicy"}
	var before templatetest.Template
	var origins []map[string]string
	for i, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			stack := shop(t, "HTTPAPI", step.move)
			webtest.Snapshot(t, stack)
			template := templatetest.Of(t, stack)
			if i > 0 {
				for _, kind := range stays {
					if one, two := before.IDs(kind), template.IDs(kind); !slices.Equal(one, two) {
						t.Errorf("got %s %q and then %q, want the same", kind, one, two)
					}
				}
			}
			before = template
			found := map[string]string{}
			list := template.Get("AWS::CloudFront::Distribution", "DistributionConfig.Origins").([]any)
			for _, origin := range list {
				found[templatetest.At(origin, "Id").(string)] = templatetest.JSON(t, origin)
			}
			origins = append(origins, found)
			for id, resource := range template.Resources {
				if resource.Type != "AWS::CloudFront::Function" || strings.Contains(id, "Cookie") {
					continue
				}
				// Each origin that the function can choose is there.
				code := resource.Properties["FunctionCode"].(string)
				for _, id := range []string{"Site", "Next"} {
					if _, ok := found[id]; strings.Contains(code, `"`+id+`"`) && !ok {
						t.Errorf("the function chooses %s, and the origins are %v", id, slices.Sorted(maps.Keys(found)))
					}
				}
			}
		})
	}
	for _, id := range []string{"Site", "Next"} {
		var last string
		for i, found := range origins {
			if now := found[id]; now != "" && last != "" && now != last {
				t.Errorf("origin %s changes at step %d from %s to %s", id, i+1, last, now)
			}
			if found[id] != "" {
				last = found[id]
			}
		}
	}
}

// Other origins are other functions; another percentage is not.
func TestMoveFunctions(t *testing.T) {
	ids := func(percent int, hosting string) []string {
		return templatetest.Of(t, shop(t, "HTTPAPI", func(stack awscdk.Stack, p *webfront.FrontProps) {
			p.Move = &webfront.Move{To: service(stack, "Next", places[hosting](stack)), Percent: percent}
		})).IDs("AWS::CloudFront::Function")
	}
	if one, two := ids(0, "Fargate"), ids(50, "FunctionURL"); !slices.Equal(one, two) || len(one) != 2 {
		t.Errorf("got functions %q and %q, want the same two", one, two)
	}
	alone := templatetest.Of(t, shop(t, "HTTPAPI", nil)).IDs("AWS::CloudFront::Function")
	if len(alone) != 1 || slices.Contains(ids(0, "Fargate"), alone[0]) {
		t.Errorf("got %q without a move, want one function of its own", alone)
	}
}

// The certificate stands in us-east-1, and is referred to by name.
func TestCertificateElsewhere(t *testing.T) {
	stack := shop(t, "HTTPAPI", nil)
	app := stack.Node().Root().(awscdk.App)
	global := app.Node().TryFindChild(new("Shop-eu-west-1-front"))
	if global == nil {
		t.Fatal("there is no stack in us-east-1")
	}
	template := templatetest.Of(t, global.(awscdk.Stack))
	template.WantTypes(map[string]int{"AWS::CertificateManager::Certificate": 1})
	webtest.Snapshot(t, global.(awscdk.Stack))
	got := templatetest.Of(t, stack).Get("AWS::CloudFront::Distribution", "DistributionConfig.ViewerCertificate.AcmCertificateArn")
	if text := templatetest.JSON(t, got); !strings.Contains(text, "Fn::GetStackOutput") || !strings.Contains(text, "us-east-1") {
		t.Errorf("got %s, want a reference to the stack in us-east-1", text)
	}
	for id, resource := range templatetest.Of(t, stack).Resources {
		if strings.HasPrefix(resource.Type, "Custom::") {
			t.Errorf("%s is a custom resource", id)
		}
	}
	here := awscdk.NewStack(webtest.NewApp(t), new("Shop"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("123456789012"), Region: new("us-east-1")},
	})
	w := workload()
	w.Image = webimage.URI("123456789012.dkr.ecr.us-east-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.WithAdapter})
	site := web.NewService(here, "Site", &web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}})
	webfront.NewFront(here, "Front", &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.example.com", Zone: zone(here)}})
	if found := templatetest.Of(t, here).IDs("AWS::CertificateManager::Certificate"); len(found) != 1 {
		t.Errorf("got certificates %q, want one in the stack itself", found)
	}
}

// Other services reach this one through the front.
func TestUseService(t *testing.T) {
	stack := newStack(t)
	prices := service(stack, "Prices", lambdaweb.Hosting{})
	front := webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: prices})
	site := service(stack, "Site", fargateweb.Hosting{})
	site.UseService("PRICES_URL", prices)
	text := templatetest.JSON(t, templatetest.Of(t, stack).Get("AWS::ECS::TaskDefinition", "ContainerDefinitions.0.Environment"))
	id := *stack.GetLogicalId(front.Distribution.Node().DefaultChild().(awscdk.CfnElement))
	if !strings.Contains(text, id) {
		t.Errorf("got %s, want the address of the front %s", text, id)
	}
}

// Files of a bucket are read by the front alone.
func TestBucket(t *testing.T) {
	stack := newStack(t)
	files := awss3.NewBucket(stack, new("Files"), nil)
	webfront.NewFront(stack, "Front", &webfront.FrontProps{
		Service:   service(stack, "Site", lambdaweb.Hosting{}),
		Static:    []webfront.Static{{Path: "/img/*", Bucket: files}, {Path: "/css/*", Bucket: files}, {Path: "/a/*"}},
		AllowFrom: prefixes("192.0.2.0/24"),
		Move:      &webfront.Move{To: service(stack, "Next", fargateweb.Hosting{})},
	})
	template := templatetest.Of(t, stack)
	template.Want("AWS::CloudFront::Distribution", "DistributionConfig.CacheBehaviors.0.PathPattern", `"/img/*"`)
	template.Want("AWS::CloudFront::Distribution", "DistributionConfig.CacheBehaviors.1.PathPattern", `"/css/*"`)
	template.Want("AWS::CloudFront::Distribution", "DistributionConfig.CacheBehaviors.2.PathPattern", `"/a/*"`)
	template.Want("AWS::CloudFront::Distribution", "DistributionConfig.Origins.2.Id", `"Next"`)
	webtest.Snapshot(t, stack)
}

// The load balancer's own health checks pass no rule.
func TestHealthCheckNeedsNoSecret(t *testing.T) {
	template := templatetest.Of(t, shop(t, "Fargate", nil))
	template.Want("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPath", `"/"`)
}
