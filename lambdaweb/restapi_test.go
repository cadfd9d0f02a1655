package lambdaweb_test

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

const restAPI = "AWS::ApiGateway::RestApi"

// rest makes a service with a REST API, the only one of its stack.
func rest(t *testing.T, make func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.RESTAPI) (*web.Service, templatetest.Template) {
	stack := newStack(t)
	props := &web.ServiceProps{Workload: workload()}
	props.Hosting = lambdaweb.Hosting{Endpoint: make(stack, props)}
	service := web.NewService(stack, "Site", props)
	return service, templatetest.Of(t, stack)
}

// methods are the properties of a REST API's methods, by the HTTP method and whether it is that of
// the root.
func methods(template templatetest.Template) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, id := range template.IDs("AWS::ApiGateway::Method") {
		method := template.Resources[id].Properties
		path := "/{proxy+}"
		if templatetest.At(method, "ResourceId.Fn::GetAtt.1") == "RootResourceId" {
			path = "/"
		}
		all[method["HttpMethod"].(string)+" "+path] = method
	}
	return all
}

func TestRESTAPIAccessLogs(t *testing.T) {
	const stage = "AWS::ApiGateway::Stage"
	_, template := rest(t, func(stack awscdk.Stack, _ *web.ServiceProps) lambdaweb.RESTAPI { return lambdaweb.RESTAPI{} })
	template.Want(stage, "AccessLogSetting", "")
	_, template = rest(t, func(stack awscdk.Stack, _ *web.ServiceProps) lambdaweb.RESTAPI {
		return lambdaweb.RESTAPI{AccessLogDestination: accessLogs(stack)}
	})
	template.Want(stage, "AccessLogSetting.DestinationArn", `"arn:aws:logs:eu-west-1:123456789012:log-group:access:*"`)
	template.Want(stage, "AccessLogSetting.Format", templatetest.JSON(t, lambdaweb.DefaultAccessLogFormat))
	_, template = rest(t, func(stack awscdk.Stack, _ *web.ServiceProps) lambdaweb.RESTAPI {
		return lambdaweb.RESTAPI{AccessLogDestination: accessLogs(stack), AccessLogFormat: "$context.extendedRequestId"}
	})
	template.Want(stage, "AccessLogSetting.Format", `"$context.extendedRequestId"`)
}

// Each kind of authorization, on every path.
func TestRESTAPIAuthorization(t *testing.T) {
	for _, test := range []struct {
		name string
		api  func(stack awscdk.Stack) lambdaweb.RESTAPI
		kind string
		want map[string]string // of the authorizer
	}{
		{name: "default", api: func(awscdk.Stack) lambdaweb.RESTAPI { return lambdaweb.RESTAPI{} }, kind: "NONE"},
		{name: "IAM", api: func(awscdk.Stack) lambdaweb.RESTAPI {
			return lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_IAM}
		}, kind: "AWS_IAM"},
		{name: "token", api: func(stack awscdk.Stack) lambdaweb.RESTAPI {
			return lambdaweb.RESTAPI{Authorizer: awsapigateway.NewTokenAuthorizer(stack, new("Login"), &awsapigateway.TokenAuthorizerProps{Handler: checkFunction(stack)})}
		}, kind: "CUSTOM", want: map[string]string{"Type": `"TOKEN"`, "IdentitySource": `"method.request.header.Authorization"`}},
		{name: "request", api: func(stack awscdk.Stack) lambdaweb.RESTAPI {
			return lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_CUSTOM, Authorizer: awsapigateway.NewRequestAuthorizer(stack, new("Login"), &awsapigateway.RequestAuthorizerProps{
				Handler: checkFunction(stack), IdentitySources: &[]*string{awsapigateway.IdentitySource_Header(new("Cookie"))},
			})}
		}, kind: "CUSTOM", want: map[string]string{"Type": `"REQUEST"`, "IdentitySource": `"method.request.header.Cookie"`}},
		{name: "user pool", api: func(stack awscdk.Stack) lambdaweb.RESTAPI {
			pool := awscognito.UserPool_FromUserPoolArn(stack, new("Pool"), new("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc"))
			return lambdaweb.RESTAPI{AuthorizationScopes: []string{"orders:read"}, Authorizer: awsapigateway.NewCognitoUserPoolsAuthorizer(stack, new("Login"),
				&awsapigateway.CognitoUserPoolsAuthorizerProps{CognitoUserPools: &[]awscognito.IUserPool{pool}})}
		}, kind: "COGNITO_USER_POOLS", want: map[string]string{"Type": `"COGNITO_USER_POOLS"`, "ProviderARNs": `["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc"]`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			service, template := rest(t, func(stack awscdk.Stack, _ *web.ServiceProps) lambdaweb.RESTAPI {
				api := test.api(stack)
				api.CORS = &lambdaweb.CORS{AllowOrigins: []string{"*"}}
				return api
			})
			found := methods(template)
			if got, want := slices.Sorted(maps.Keys(found)), []string{"ANY /", "ANY /{proxy+}", "OPTIONS /", "OPTIONS /{proxy+}"}; !slices.Equal(got, want) {
				t.Errorf("got methods %q, want %q", got, want)
			}
			for name, method := range found {
				want, scopes := test.kind, any(nil)
				if strings.HasPrefix(name, "OPTIONS") {
					want = "NONE"
				} else if test.name == "user pool" {
					scopes = []any{"orders:read"}
				}
				if got := method["AuthorizationType"]; got != want {
					t.Errorf("%s: got authorization %v, want %s", name, got, want)
				}
				if got := templatetest.JSON(t, method["AuthorizationScopes"]); got != templatetest.JSON(t, scopes) {
					t.Errorf("%s: got scopes %s, want %v", name, got, scopes)
				}
				if got := method["AuthorizerId"]; (got != nil) != (test.want != nil && want != "NONE") {
					t.Errorf("%s: got the authorizer %v", name, got)
				}
			}
			for path, want := range test.want {
				template.Want("AWS::ApiGateway::Authorizer", path, want)
			}
			caller := web.NewService(awscdk.Stack_Of(service), "Caller", &web.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{}})
			caller.UseService("SITE", service)
			granted := strings.Contains(templatetest.JSON(t, templatetest.Of(t, awscdk.Stack_Of(service))), `"Action":"execute-api:Invoke"`)
			if want := test.kind == "AWS_IAM"; granted != want {
				t.Errorf("the caller is granted the call: %v, want %v", granted, want)
			}
		})
	}
}

// API Gateway responds to preflight requests of every path, as text: with binary types, its
// template would fail otherwise.
func TestRESTAPICORS(t *testing.T) {
	_, template := rest(t, func(awscdk.Stack, *web.ServiceProps) lambdaweb.RESTAPI { return lambdaweb.RESTAPI{} })
	if found := methods(template); len(found) != 2 {
		t.Errorf("got methods %v, want those of the server", found)
	}
	_, template = rest(t, func(awscdk.Stack, *web.ServiceProps) lambdaweb.RESTAPI {
		return lambdaweb.RESTAPI{CORS: &lambdaweb.CORS{
			AllowOrigins: []string{"https://shop.example.com", "http://localhost:5173"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"X-Cart"},
			ExposeHeaders: []string{"X-Total"}, AllowCredentials: true, MaxAge: time.Hour,
		}}
	})
	for _, name := range []string{"OPTIONS /", "OPTIONS /{proxy+}"} {
		integration := methods(template)[name]["Integration"]
		if kind, handling := templatetest.At(integration, "Type"), templatetest.At(integration, "ContentHandling"); kind != "MOCK" || handling != "CONVERT_TO_TEXT" {
			t.Errorf("%s: got the integration %v of content %v, want MOCK of text", name, kind, handling)
		}
		const want = `{"method.response.header.Access-Control-Allow-Credentials":"'true'","method.response.header.Access-Control-Allow-Headers":"'X-Cart'",` +
			`"method.response.header.Access-Control-Allow-Methods":"'GET,POST'","method.response.header.Access-Control-Allow-Origin":"'https://shop.example.com'",` +
			`"method.response.header.Access-Control-Expose-Headers":"'X-Total'","method.response.header.Access-Control-Max-Age":"'3600'","method.response.header.Vary":"'Origin'"}`
		if got := templatetest.JSON(t, templatetest.At(integration, "IntegrationResponses.0.ResponseParameters")); got != want {
			t.Errorf("%s: got headers %s, want %s", name, got, want)
		}
	}
	_, template = rest(t, func(awscdk.Stack, *web.ServiceProps) lambdaweb.RESTAPI {
		return lambdaweb.RESTAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}}}
	})
	const path = "IntegrationResponses.0.ResponseParameters"
	const want = `{"method.response.header.Access-Control-Allow-Headers":"'Authorization,Content-Type'",` +
		`"method.response.header.Access-Control-Allow-Methods":"'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'","method.response.header.Access-Control-Allow-Origin":"'*'"}`
	if got := templatetest.JSON(t, templatetest.At(methods(template)["OPTIONS /"]["Integration"], path)); got != want {
		t.Errorf("got headers %s, want %s", got, want)
	}
}

func TestRESTAPIErrors(t *testing.T) {
	stack := newStack(t)
	token := awsapigateway.NewTokenAuthorizer(stack, new("Login"), &awsapigateway.TokenAuthorizerProps{Handler: checkFunction(stack)})
	for _, test := range []struct {
		api  lambdaweb.RESTAPI
		want string
	}{
		{lambdaweb.RESTAPI{AuthorizationType: "JWT"}, `AuthorizationType must be awsapigateway.AuthorizationType_NONE`},
		{lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_CUSTOM}, "Authorizer is required for AuthorizationType CUSTOM; set it; AuthorizationType is not needed then"},
		{lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_IAM, Authorizer: token}, "AuthorizationType must be that of the Authorizer, CUSTOM, got IAM; leave it out, or Authorizer"},
		{lambdaweb.RESTAPI{AuthorizationScopes: []string{"a"}}, "AuthorizationScopes need an Authorizer that checks tokens; set"},
		{lambdaweb.RESTAPI{AuthorizationScopes: []string{"a"}, Authorizer: token}, "AuthorizationScopes need an Authorizer that checks tokens, got one of type CUSTOM"},
		{lambdaweb.RESTAPI{CORS: &lambdaweb.CORS{}}, "CORS.AllowOrigins is required"},
		{lambdaweb.RESTAPI{AccessLogFormat: "$context.requestId"}, "AccessLogFormat needs AccessLogDestination"},
		{lambdaweb.RESTAPI{DisableExecuteAPIEndpoint: true}, "DisableExecuteAPIEndpoint needs Domain"},
		{lambdaweb.RESTAPI{MutualTLS: &lambdaweb.MutualTLS{}}, "MutualTLS needs Domain"},
		{lambdaweb.RESTAPI{VPCEndpoint: importedEndpoint(stack)}, "VPCEndpoint is for a private API; set Private of the service, or leave it out"},
	} {
		wantProblem(t, &web.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{Endpoint: test.api}}, "Hosting.Endpoint."+test.want)
	}
}

// importedEndpoint is one that was made elsewhere.
func importedEndpoint(stack awscdk.Stack) awsec2.IInterfaceVpcEndpoint {
	return awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(stack, new("Endpoint"), &awsec2.InterfaceVpcEndpointAttributes{
		VpcEndpointId: new("vpce-0123456789abcdef0"), Port: new(443.0),
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("EndpointGroup"), new("sg-0123456789abcdef0"), nil)},
	})
}

// allowFrom are addresses, one of them with bits behind its mask.
var allowFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::/32")}

// The resource policy refuses who comes from elsewhere, and the deployment follows a change of it.
func TestRESTAPIAllowFrom(t *testing.T) {
	make := func(prefixes []netip.Prefix, kind awsapigateway.AuthorizationType) templatetest.Template {
		_, template := rest(t, func(_ awscdk.Stack, props *web.ServiceProps) lambdaweb.RESTAPI {
			props.AllowFrom = prefixes
			return lambdaweb.RESTAPI{AuthorizationType: kind}
		})
		return template
	}
	open, some, other := make(nil, ""), make(allowFrom, ""), make(allowFrom[:1], "")
	open.Want(restAPI, "Policy", "")
	open.Want(restAPI, "EndpointConfiguration", `{"Types":["REGIONAL"]}`)
	const allow = `{"Action":"execute-api:Invoke","Effect":"Allow","Principal":{"AWS":"*"},"Resource":"execute-api:/*"}`
	const deny = `{"Action":"execute-api:Invoke","Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}},` +
		`"Effect":"Deny","Principal":{"AWS":"*"},"Resource":"execute-api:/*"}`
	some.Want(restAPI, "Policy.Statement", "["+allow+","+deny+"]")
	some.Want(restAPI, "EndpointConfiguration", `{"IpAddressType":"dualstack","Types":["REGIONAL"]}`) // else nobody has an IPv6 address
	other.Want(restAPI, "EndpointConfiguration", `{"Types":["REGIONAL"]}`)
	some.Want(kind, "Environment.Variables.CDKWEB_ALLOW_FROM", "")
	seen := map[string]bool{}
	for _, template := range []templatetest.Template{open, some, other} {
		id := template.IDs("AWS::ApiGateway::Deployment")[0]
		if seen[id] {
			t.Errorf("deployment %s stays while the policy changes", id)
		}
		seen[id] = true
	}

	// With IAM, an Allow for everybody would be a permission for every role of the account.
	signed := make(allowFrom, awsapigateway.AuthorizationType_IAM)
	signed.Want(restAPI, "Policy.Statement", `[{"Action":"execute-api:Invoke","Effect":"Allow","Principal":{"AWS":{"Fn::Join":["",`+
		`["arn:",{"Ref":"AWS::Partition"},":iam::",{"Ref":"AWS::AccountId"},":root"]]}},"Resource":"execute-api:/*"},`+deny+`]`)
}

// vpc is one with two zones.
func vpc(stack awscdk.Stack, id string) awsec2.IVpc {
	return awsec2.NewVpc(stack, &id, &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(0.0), SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
		{Name: new("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
	}})
}

const interfaceEndpoint = "AWS::EC2::VPCEndpoint"

// A private API is reached through one endpoint of its VPC, which lets the VPC in and leaves public
// APIs reachable from there.
func TestPrivateRESTAPI(t *testing.T) {
	service, template := rest(t, func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.RESTAPI {
		props.Private, props.Workload.VPC = true, vpc(stack, "VPC")
		return lambdaweb.RESTAPI{StageName: "v1"}
	})
	endpoint := template.IDs(interfaceEndpoint)[0]
	template.Want(restAPI, "EndpointConfiguration", `{"Types":["PRIVATE"],"VpcEndpointIds":[{"Ref":"`+endpoint+`"}]}`)
	template.Want(restAPI, "Policy.Statement", `[{"Action":"execute-api:Invoke","Effect":"Allow","Principal":{"AWS":"*"},"Resource":"execute-api:/*"},`+
		`{"Action":"execute-api:Invoke","Condition":{"StringNotEquals":{"aws:SourceVpce":{"Ref":"`+endpoint+`"}}},"Effect":"Deny","Principal":{"AWS":"*"},"Resource":"execute-api:/*"}]`)
	template.Want(interfaceEndpoint, "PrivateDnsEnabled", `false`)
	template.Want(interfaceEndpoint, "VpcEndpointType", `"Interface"`)
	if got := templatetest.JSON(t, template.Get(interfaceEndpoint, "ServiceName")); !strings.Contains(got, ".execute-api") {
		t.Errorf("got an endpoint of %s, want execute-api", got)
	}
	if subnets, _ := template.Get(interfaceEndpoint, "SubnetIds").([]any); len(subnets) != 2 {
		t.Errorf("got subnets %v, want one of each zone", subnets)
	}
	for _, id := range template.IDs("AWS::EC2::SecurityGroup") {
		if rules, _ := template.Resources[id].Properties["SecurityGroupIngress"].([]any); strings.HasPrefix(id, "ExecuteAPIEndpoint") {
			if len(rules) != 1 || templatetest.At(rules[0], "CidrIp.Fn::GetAtt.1") != "CidrBlock" || templatetest.At(rules[0], "FromPort") != 443.0 {
				t.Errorf("got rules %v, want one for the VPC on port 443", rules)
			}
		}
	}
	stack := awscdk.Stack_Of(service)
	api := template.IDs(restAPI)[0]
	want := `{"Fn::Join":["",["https://",{"Ref":"` + api + `"},"-",{"Ref":"` + endpoint + `"},".execute-api.",{"Ref":"AWS::Region"},".",{"Ref":"AWS::URLSuffix"},"/v1"]]}`
	if got := templatetest.JSON(t, stack.Resolve(service.URL())); got != want {
		t.Errorf("got URL %s, want %s", got, want)
	}
}

// The endpoint is shared, whichever service comes first, and there is one for each VPC.
func TestPrivateRESTAPIsShare(t *testing.T) {
	make := func(names ...string) templatetest.Template {
		stack := newStack(t)
		vpcs := map[string]awsec2.IVpc{"A": vpc(stack, "One"), "B": nil, "C": vpc(stack, "Two")}
		vpcs["B"] = vpcs["A"]
		for _, name := range names {
			w := workload()
			w.VPC = vpcs[name]
			web.NewService(stack, name, &web.ServiceProps{Workload: w, Private: true, Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}})
		}
		return templatetest.Of(t, stack)
	}
	endpoints := func(template templatetest.Template) string {
		all := map[string]any{}
		for _, id := range template.IDs(interfaceEndpoint) {
			all[id] = template.Resources[id]
		}
		return templatetest.JSON(t, all)
	}
	all := make("A", "B", "C")
	if n := len(all.IDs(interfaceEndpoint)); n != 2 {
		t.Errorf("got %d endpoints, want one for each VPC", n)
	}
	if other := make("C", "B", "A"); endpoints(other) != endpoints(all) {
		t.Errorf("got endpoints %s in another order, want %s", endpoints(other), endpoints(all))
	}
	if one, other := make("A"), make("B"); endpoints(one) != endpoints(other) {
		t.Errorf("got the endpoint %s for one service, and %s for the other", endpoints(one), endpoints(other))
	}
}

// An endpoint of the user's needs no VPC of the function.
func TestPrivateRESTAPIOfAnEndpoint(t *testing.T) {
	service, template := rest(t, func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.RESTAPI {
		props.Private, props.AllowFrom = true, allowFrom[:1]
		return lambdaweb.RESTAPI{VPCEndpoint: importedEndpoint(stack)}
	})
	template.Want(restAPI, "EndpointConfiguration", `{"Types":["PRIVATE"],"VpcEndpointIds":["vpce-0123456789abcdef0"]}`)
	template.Want(restAPI, "Policy.Statement.1.Condition", `{"StringNotEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0"}}`)
	template.Want(restAPI, "Policy.Statement.2.Condition", `{"NotIpAddress":{"aws:VpcSourceIp":["192.0.2.0/24"]}}`)
	template.Want(kind, "VpcConfig", "")
	if n := len(template.IDs(interfaceEndpoint)); n != 0 {
		t.Errorf("got %d endpoints, want none", n)
	}
	if resources, _ := lambdaweb.ResourcesOf(service); *resources.VPCEndpoint.VpcEndpointId() != "vpce-0123456789abcdef0" {
		t.Errorf("got the endpoint %s in Resources", *resources.VPCEndpoint.VpcEndpointId())
	}
}

// A service of the VPC calls a private one: the security groups of both let it, and a role is granted
// the call if it is signed. A public service in the same VPC stays public.
func TestUsePrivateRESTAPI(t *testing.T) {
	stack := newStack(t)
	w := workload()
	w.VPC = vpc(stack, "VPC")
	private := web.NewService(stack, "Private", &web.ServiceProps{Workload: w, Private: true, Hosting: lambdaweb.Hosting{
		Endpoint: lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_IAM},
	}})
	public := web.NewService(stack, "Public", &web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}})
	public.UseService("PRIVATE_URL", private)
	template := templatetest.Of(t, stack)
	ports := 0
	for _, resource := range template.Resources {
		rules, _ := resource.Properties["SecurityGroupIngress"].([]any)
		if resource.Type == "AWS::EC2::SecurityGroupIngress" {
			rules = append(rules, resource.Properties)
		}
		for _, rule := range rules {
			if templatetest.At(rule, "SourceSecurityGroupId") != nil && templatetest.At(rule, "FromPort") == 443.0 {
				ports++
			}
		}
	}
	if ports != 1 {
		t.Errorf("got %d rules for the caller on port 443, want one", ports)
	}
	if text := templatetest.JSON(t, template); !strings.Contains(text, `"Action":"execute-api:Invoke","Effect":"Allow","Resource":`) {
		t.Error("the caller is not granted the call")
	}
	types := map[string]int{}
	for _, id := range template.IDs(restAPI) {
		types[templatetest.JSON(t, templatetest.At(template.Resources[id].Properties, "EndpointConfiguration.Types"))]++
	}
	if !maps.Equal(types, map[string]int{`["PRIVATE"]`: 1, `["REGIONAL"]`: 1}) {
		t.Errorf("got APIs %v, want a private one and a public one", types)
	}
	outside := web.NewService(stack, "Outside", &web.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{}})
	wantPanicHolds(t, `must not be Stack/Private, which is reached from the VPC Stack/VPC only`, func() { outside.UseService("PRIVATE_URL", private) })
}

func TestPrivateErrors(t *testing.T) {
	stack := newStack(t)
	imported := awsec2.Vpc_FromVpcAttributes(stack, new("Imported"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a")}, PrivateSubnetIds: &[]*string{new("subnet-0000000a")},
	})
	private := func(w web.Workload, domain *web.Domain) *web.ServiceProps {
		return &web.ServiceProps{Workload: w, Private: true, Domain: domain, Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}}
	}
	wantProblem(t, private(workload(), nil), "Private needs the VPC that requests come from, on a REST API; set Workload.VPC, or VPCEndpoint of the lambdaweb.RESTAPI "+
		"to an interface endpoint of the service execute-api")
	in := workload()
	in.VPC = imported
	wantProblem(t, private(in, nil), "Private needs the addresses of Workload.VPC, to let their requests into the interface endpoint of the API, and Stack/Imported "+
		"was imported without them; set VpcCidrBlock in Vpc_FromVpcAttributes, or VPCEndpoint of the lambdaweb.RESTAPI")
	wantProblem(t, private(in, &web.Domain{Name: "shop.example.com", Certificate: certificate(stack, "Certificate")}), "Domain does not go with Private on a REST API: private domain names "+
		"are another resource of API Gateway, which each VPC endpoint must be given access to; leave it out, or choose fargateweb.Hosting{}")
	for _, endpoint := range []lambdaweb.Endpoint{lambdaweb.HTTPAPI{}, lambdaweb.FunctionURL{}, lambdaweb.NoEndpoint{}} {
		props := private(workload(), nil)
		props.Hosting = lambdaweb.Hosting{Endpoint: endpoint}
		wantProblem(t, props, "Private is not possible on Lambda ")
	}
}

// Behind an HTTP API and a function URL, the adapter keeps others out, if it is this library's.
func TestAllowFrom(t *testing.T) {
	for name, endpoint := range map[string]lambdaweb.Endpoint{
		"HTTP API": lambdaweb.HTTPAPI{}, "function URL": lambdaweb.FunctionURL{},
		"function URL that streams": &lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			props := func(image webimage.Image, environment map[string]string) *web.ServiceProps {
				return &web.ServiceProps{
					Workload: web.Workload{Image: image, Environment: environment},
					Hosting:  lambdaweb.Hosting{Endpoint: endpoint}, AllowFrom: allowFrom,
				}
			}
			service := web.NewService(stack, "Site", props(adapted(), nil))
			template := templatetest.Of(t, stack)
			template.Want(kind, "Environment.Variables.CDKWEB_ALLOW_FROM", `"192.0.2.0/24,2001:db8::/32"`)
			if strings.HasPrefix(name, "HTTP") {
				template.Want("AWS::ApiGatewayV2::Api", "IpAddressType", `"dualstack"`)
			}
			wantPanicHolds(t, `AddEnvironment("CDKWEB_ALLOW_FROM") tells the adapter who may come in; set AllowFrom of the service instead`,
				func() { service.AddEnvironment("CDKWEB_ALLOW_FROM", "0.0.0.0/0") })
			wantProblem(t, props(existing(""), nil), "AllowFrom is kept by this library's adapter on such an endpoint, which the image is not known to hold; build it with webimage.Go")
			wantProblem(t, props(webimage.URI(privateURI, nil), nil), "AllowFrom is kept by this library's adapter")
			wantProblem(t, props(adapted(), map[string]string{"CDKWEB_ALLOW_FROM": "0.0.0.0/0"}), `Workload.Environment["CDKWEB_ALLOW_FROM"] tells the adapter who may come in`)
			wantProblem(t, props(adapted(), map[string]string{"CDKWEB_FRONT_SECRETS": "x"}), `Workload.Environment["CDKWEB_FRONT_SECRETS"] tells the adapter who may come in; put a front above the service instead: webfront.NewFront`)
			// PORT 4+4, HOST 12+9, A 1, ALLOW_FROM 17+26
			const most = 4096 - 8 - 21 - 1 - 43
			wantNone(t, &web.ServiceProps{Workload: props(adapted(), map[string]string{"AA": strings.Repeat("x", most-1-len(streams(endpoint)))}).Workload, Hosting: lambdaweb.Hosting{Endpoint: endpoint}, AllowFrom: allowFrom})
			wantProblem(t, props(adapted(), map[string]string{"AA": strings.Repeat("x", most-len(streams(endpoint)))}), "Workload.Environment must not have more than 4096 bytes")
		})
	}
	stack := newStack(t)
	web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{}, AllowFrom: allowFrom[:1]})
	templatetest.Of(t, stack).Want("AWS::ApiGatewayV2::Api", "IpAddressType", "")
}

// A function URL has IPv6 addresses, by which clients come who are let in by IPv4 only.
func TestFunctionURLIPv6(t *testing.T) {
	for _, test := range []struct {
		endpoint lambdaweb.Endpoint
		prefixes []netip.Prefix
		want     bool
	}{
		{lambdaweb.FunctionURL{}, nil, false},
		{lambdaweb.FunctionURL{}, allowFrom, false},
		{lambdaweb.FunctionURL{}, allowFrom[:1], true},
		{lambdaweb.HTTPAPI{}, allowFrom[:1], false},
	} {
		stack := newStack(t)
		web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{Endpoint: test.endpoint}, AllowFrom: test.prefixes})
		warnings := templatetest.Warnings(t, stack)
		got := slices.ContainsFunc(warnings, func(text string) bool {
			return strings.Contains(text, "AllowFrom has no IPv6 address") && strings.Contains(text, lambdaweb.FunctionURLIPv6Warning)
		})
		if got != test.want {
			t.Errorf("%T with %v: got warnings %q, want one: %v", test.endpoint, test.prefixes, warnings, test.want)
		}
	}
}

// streams are the names and values of variables that an endpoint which streams has.
func streams(endpoint lambdaweb.Endpoint) string {
	if _, ok := endpoint.(*lambdaweb.FunctionURL); ok {
		return "AWS_LWA_INVOKE_MODE" + "response_stream"
	}
	return ""
}
