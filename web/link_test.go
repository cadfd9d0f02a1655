package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

var (
	signedURL = lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM}}
	openURL   = lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}
)

// on adds a service to a scope.
func on(scope constructs.Construct, id string, hosting web.Hosting, vpc awsec2.IVpc) *web.Service {
	return web.NewService(scope, id, &web.ServiceProps{
		Workload: web.Workload{
			Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter}),
			VPC:   vpc,
		},
		Hosting: hosting,
	})
}

// calls returns the statements of a role's policy that let it call a service, as JSON.
func calls(t *testing.T, template templatetest.Template, role string) []string {
	t.Helper()
	var found []string
	for _, id := range template.IDs("AWS::IAM::Policy") {
		properties := template.Resources[id].Properties
		if of, _ := templatetest.At(properties, "Roles.0.Ref").(string); !strings.HasPrefix(of, role) {
			continue
		}
		for _, statement := range templatetest.At(properties, "PolicyDocument.Statement").([]any) {
			if text := templatetest.JSON(t, statement); strings.Contains(text, `"lambda:Invoke`) || strings.Contains(text, "execute-api:") {
				found = append(found, text)
			}
		}
	}
	slices.Sort(found)
	return found
}

// A signed call needs a permission, for the caller alone and on what it calls alone; an open one needs
// none.
func TestCallsThatAreSigned(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	caller := on(stack, "Caller", apprunnerweb.Hosting{}, nil)
	on(stack, "Stranger", apprunnerweb.Hosting{}, nil)
	function, other := on(stack, "Function", signedURL, nil), on(stack, "Other", signedURL, nil)
	api := func(id string, authorizer bool) *web.Service {
		endpoint := lambdaweb.HTTPAPI{}
		if authorizer {
			endpoint.Authorizer = awsapigatewayv2authorizers.NewHttpIamAuthorizer()
		}
		return on(stack, id, lambdaweb.Hosting{Endpoint: endpoint}, nil)
	}
	caller.UseService("FUNCTION_URL", function)
	caller.UseService("API_URL", api("API", true))
	caller.UseService("OPEN_API_URL", api("OpenAPI", false))
	caller.UseService("OPEN_URL", on(stack, "Open", openURL, nil))
	caller.UseService("REST_URL", on(stack, "REST", lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, nil))
	_ = other

	template := templatetest.Of(t, stack)
	functionID := template.IDs("AWS::Lambda::Function")
	i := slices.IndexFunc(functionID, func(id string) bool { return strings.HasPrefix(id, "FunctionLambda") })
	arn := fmt.Sprintf(`{"Fn::GetAtt":[%q,"Arn"]}`, functionID[i])
	apis := template.IDs("AWS::ApiGatewayV2::Api")
	i = slices.IndexFunc(apis, func(id string) bool { return strings.HasPrefix(id, "API") })
	want := []string{
		`{"Action":"execute-api:Invoke","Effect":"Allow","Resource":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":execute-api:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":",{"Ref":"` + apis[i] + `"},"/*/*/*"]]}}`,
		`{"Action":"lambda:InvokeFunction","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":true}},"Effect":"Allow","Resource":` + arn + `}`,
		`{"Action":"lambda:InvokeFunctionUrl","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}},"Effect":"Allow","Resource":` + arn + `}`,
	}
	if got := calls(t, template, "CallerAppRunner"); !slices.Equal(got, want) {
		t.Errorf("got the statements\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := calls(t, template, "Stranger"); got != nil {
		t.Errorf("got %q for who uses nothing", got)
	}
	for _, id := range template.IDs("AWS::ApiGatewayV2::Route") {
		authorization := template.Resources[id].Properties["AuthorizationType"]
		if closed := strings.HasPrefix(id, "APILambda"); closed != (authorization == "AWS_IAM") {
			t.Errorf("%s: got the authorization %v", id, authorization)
		}
	}
}

// Whoever is not on the internet lets callers of its VPC in.
func TestCallsWithinAVPC(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})
	private := on(stack, "Private", fargateweb.Hosting{LoadBalancer: front}, nil)
	closed := awsec2.NewSecurityGroup(stack, new("Closed"), &awsec2.SecurityGroupProps{Vpc: vpc, AllowAllOutbound: new(false)})
	caller := web.NewService(stack, "Caller", &web.ServiceProps{
		Workload: web.Workload{
			Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter}),
			VPC:   vpc, SecurityGroups: []awsec2.ISecurityGroup{closed},
		},
		Hosting: lambdaweb.Hosting{},
	})
	caller.UseService("API_URL", private)
	outside := on(stack, "Outside", apprunnerweb.Hosting{}, nil)
	hostingtest.WantPanic(t, "Stack/Outside",
		`UseService("API_URL") must not be Stack/Private, which is reached from the VPC Stack/VPC only: Connections of this service need a VPC; set Workload.VPC`,
		func() { outside.UseService("API_URL", private) })
	lambda := on(stack, "Behind", lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/lambda/*"}}}, nil)
	hostingtest.WantPanic(t, "Stack/Outside", `must not be Stack/Behind, which is reached from the VPC Stack/VPC only`,
		func() { outside.UseService("API_URL", lambda) })
	caller.UseService("LAMBDA_URL", lambda) // the same load balancer

	template := templatetest.Of(t, stack)
	group := `{"Fn::GetAtt":["` + template.IDs("AWS::EC2::SecurityGroup")[0] + `","GroupId"]}` // Closed
	var in, out []string
	for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		if rule := templatetest.JSON(t, template.Resources[id].Properties); strings.Contains(rule, `"SourceSecurityGroupId":`+group) {
			in = append(in, rule)
		}
	}
	for _, id := range template.IDs("AWS::EC2::SecurityGroupEgress") {
		if rule := templatetest.JSON(t, template.Resources[id].Properties); strings.Contains(rule, `"GroupId":`+group) {
			out = append(out, rule)
		}
	}
	if len(in) != 1 || !strings.Contains(in[0], `"ToPort":80`) || !strings.Contains(in[0], "FrontSecurityGroup") {
		t.Errorf("got rules that let the caller in %q, want one of the load balancer", in)
	}
	if len(out) != 1 || !strings.Contains(out[0], "FrontSecurityGroup") {
		t.Errorf("got rules that let the caller out %q, want one to the load balancer", out)
	}
}

// From subnets without a way out, nobody calls a service on the internet.
func TestCallsWithoutAWayOut(t *testing.T) {
	warnings := func(subnets awsec2.SubnetType, gateways float64) string {
		stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
		vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
			NatGateways: &gateways, RestrictDefaultSecurityGroup: new(false),
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
				{Name: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC}, {Name: new("Inside"), SubnetType: subnets},
			},
		})
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})
		caller := on(stack, "Caller", lambdaweb.Hosting{}, vpc)
		caller.UseService("PRIVATE_URL", on(stack, "Private", lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}, nil))
		api := on(stack, "API", openURL, nil)
		caller.UseService("API_URL", api)
		caller.UseService("SAME_URL", api)
		stack.Node().Root().(awscdk.App).Synth(nil)
		return strings.Join(templatetest.Warnings(t, stack), "\n")
	}
	const want = `from where no route leads out of the VPC Stack/VPC to the internet (for UseService("API_URL") and UseService("SAME_URL")), so calls of that time out: choose subnets with a NAT gateway`
	if got := warnings(awsec2.SubnetType_PRIVATE_ISOLATED, 0); !strings.Contains(got, want) {
		t.Errorf("got the warnings %s, want %s", got, want)
	}
	if got := warnings(awsec2.SubnetType_PRIVATE_WITH_EGRESS, 1); strings.Contains(got, "no route") {
		t.Errorf("got the warnings %s", got)
	}
}

// Circles are found however long they are, and only where an address comes after its service.
func TestCirclesOfServices(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	a, b, c := on(stack, "A", openURL, nil), on(stack, "B", signedURL, nil), on(stack, "C", apprunnerweb.Hosting{}, nil)
	a.UseService("BE_URL", b)
	b.UseService("CE_URL", c)
	hostingtest.WantPanic(t, "Stack/C", `UseService("AA_URL") must not be Stack/A, which uses Stack/B, which uses Stack/C: on App Runner an address is known only after`,
		func() { c.UseService("AA_URL", a) })
	between := on(stack, "Between", lambdaweb.Hosting{}, nil) // an HTTP API has its address before the function
	c.UseService("BETWEEN_URL", between)
	between.UseService("AA_URL", a)
	a.UseService("BETWEEN_URL", between)
	templatetest.Of(t, stack)

	role := awsiam.NewRole(stack, new("Shared"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil)})
	shared := func(id string) *web.Service {
		return web.NewService(stack, id, &web.ServiceProps{
			Workload: web.Workload{Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter}), Role: role},
			Hosting:  signedURL,
		})
	}
	hostingtest.WantPanic(t, "Stack/One", `UseService("TWO_URL") must not be Stack/Two, whose role is this service's too, Stack/Shared`,
		func() { shared("One").UseService("TWO_URL", shared("Two")) })
}

// Stacks are deployed one after the other.
func TestServicesOfTwoStacks(t *testing.T) {
	app := webtest.NewApp(t)
	one, two := awscdk.NewStack(app, new("One"), nil), awscdk.NewStack(app, new("Two"), nil)
	vpc := awsec2.NewVpc(one, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	front := webalb.NewLoadBalancer(one, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})
	private := on(one, "Private", fargateweb.Hosting{LoadBalancer: front}, nil)
	function := on(one, "Function", signedURL, nil)
	database := awsrds.NewDatabaseInstance(one, new("Database"), &awsrds.DatabaseInstanceProps{
		Vpc: vpc, Engine: awsrds.DatabaseInstanceEngine_POSTGRES(), StorageEncrypted: new(true),
	})
	caller := on(two, "Caller", lambdaweb.Hosting{}, vpc)
	caller.UseService("PRIVATE_URL", private)
	caller.UseService("FUNCTION_URL", function)
	caller.UseDatabase("DB", web.DatabaseInstance(database, "shop").WithUser("app"))
	other := on(two, "Other", lambdaweb.Hosting{}, nil)
	hostingtest.WantPanic(t, "One/Function", `UseService("OTHER_URL") must not be Two/Other of stack Two, which depends on stack One already: each would have to be deployed before the other; `+
		"put both services into one stack, or import one of them with web.FromServiceAttributes",
		func() { function.UseService("OTHER_URL", other) })
	imported := web.FromServiceAttributes(one, "Imported", &web.ServiceAttributes{URL: "https://other.example.com"})
	function.UseService("OTHER_URL", imported)

	template := templatetest.Of(t, two)
	rules := template.IDs("AWS::EC2::SecurityGroupIngress")
	if len(rules) != 2 {
		t.Errorf("got the rules %q, want those that let the caller in, in the caller's stack", rules)
	}
	for _, text := range templatetest.Warnings(t, two) {
		if strings.Contains(text, "Egress") {
			t.Errorf("got the warning %s", text)
		}
	}

	third := awscdk.NewStack(app, new("Third"), nil)
	last := on(third, "Last", openURL, nil)
	two.AddDependency(third, nil)
	hostingtest.WantPanic(t, "Third/Last", `UseService("CALLER_URL") must not be Two/Caller of stack Two, which depends on stack Third already`,
		func() { last.UseService("CALLER_URL", caller) })
}

func TestServicesOfTwoAccounts(t *testing.T) {
	app := webtest.NewApp(t)
	at := func(id, account string) awscdk.Stack {
		return awscdk.NewStack(app, &id, &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: new("eu-west-1")}})
	}
	one, two := at("One", "123456789012"), at("Two", "210987654321")
	service, other := on(one, "Site", openURL, nil), on(two, "API", openURL, nil)
	hostingtest.WantPanic(t, "One/Site", `UseService("API_URL") must not be Two/API, which is in account 210987654321, while this service is in 123456789012; import it with web.FromServiceAttributes`,
		func() { service.UseService("API_URL", other) })
	far := web.FromServiceAttributes(one, "Far", &web.ServiceAttributes{
		URL: "https://abc.lambda-url.eu-west-1.on.aws", FunctionARN: "arn:aws:lambda:eu-west-1:210987654321:function:api",
	})
	service.UseService("API_URL", far)
	stage := awscdk.NewStage(app, new("Stage"), nil)
	staged := on(awscdk.NewStack(stage, new("Stack"), nil), "API", openURL, nil)
	hostingtest.WantPanic(t, "One/Site", `must not be Stage/Stack/API, which belongs to another app, or another stage of it`,
		func() { service.UseService("STAGED_URL", staged) })
	warnings := strings.Join(templatetest.Warnings(t, one), "\n")
	if !strings.Contains(warnings, "the service One/Far is in account 210987654321: the policy of its function or API there must allow the server's role too") {
		t.Errorf("got the warnings %s, want %s", warnings, web.ServiceWarning)
	}
}

func TestImportedService(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	caller := on(stack, "Caller", lambdaweb.Hosting{}, vpc)
	function := web.FromServiceAttributes(stack, "Function", &web.ServiceAttributes{
		URL: "https://abc.lambda-url.eu-west-1.on.aws", FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:api:live",
	})
	api := web.FromServiceAttributes(stack, "API", &web.ServiceAttributes{
		URL: "https://api.example.com/@team/v1", APIARN: "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/*",
	})
	web.FromServiceAttributes(stack, "Endpoint", &web.ServiceAttributes{ // the same API, whichever of its names
		URL: "https://ABC123-vpce-0123.execute-api.eu-west-1.amazonaws.com/prod", APIARN: "arn:aws:execute-api:eu-west-1:123456789012:abc123",
	})
	web.FromServiceAttributes(stack, "VPCEndpoint", &web.ServiceAttributes{ // the name of the endpoint, not of the API
		URL: "https://vpce-0123-abc.execute-api.eu-west-1.vpce.amazonaws.com/prod", APIARN: "arn:aws:execute-api:eu-west-1:123456789012:abc123",
	})
	token := web.FromServiceAttributes(stack, "Token", &web.ServiceAttributes{
		URL: *awscdk.Fn_ImportValue(new("URL")), APIARN: *awscdk.Fn_ImportValue(new("API")), RoleARN: *awscdk.Fn_ImportValue(new("Role")),
	})
	private := web.FromServiceAttributes(stack, "Private", &web.ServiceAttributes{
		URL: "http://internal.example.com:8080", VPC: vpc, LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0"},
		SecurityGroupIDs: []string{"sg-0123456789abcdef1"}, RoleARN: "arn:aws:iam::123456789012:role/team/web/api",
	})
	for name, service := range map[string]*web.ImportedService{"FUNCTION_URL": function, "API_URL": api, "TOKEN_URL": token, "PRIVATE_URL": private} {
		caller.UseService(name, service)
	}
	// What it is itself: a grantee, and a peer.
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{Grantee: private, Actions: &[]*string{new("sqs:SendMessage")}, ResourceArns: &[]*string{new("*")}})
	cache := awsec2.NewSecurityGroup(stack, new("Cache"), &awsec2.SecurityGroupProps{Vpc: vpc})
	cache.Connections().AllowFrom(private, awsec2.Port_Tcp(new(6379.0)), nil)

	template := templatetest.Of(t, stack)
	got := calls(t, template, "CallerLambda")
	want := []string{
		`{"Action":"execute-api:Invoke","Effect":"Allow","Resource":["arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/*",{"Fn::Join":["",[{"Fn::ImportValue":"API"},"/*"]]}]}`,
		`{"Action":"lambda:InvokeFunction","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":true}},"Effect":"Allow","Resource":"arn:aws:lambda:eu-west-1:123456789012:function:api:live"}`,
		`{"Action":"lambda:InvokeFunctionUrl","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}},"Effect":"Allow","Resource":"arn:aws:lambda:eu-west-1:123456789012:function:api:live"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got the statements\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text := templatetest.JSON(t, template.Resources)
	for _, want := range []string{
		`"GroupId":"sg-0123456789abcdef0","IpProtocol":"tcp","SourceSecurityGroupId"`, `"ToPort":8080`,
		`"SourceSecurityGroupId":"sg-0123456789abcdef1","ToPort":6379`, `"Roles":["api"]`,
		`"PRIVATE_URL":"http://internal.example.com:8080"`, `"TOKEN_URL":{"Fn::ImportValue":"URL"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the template lacks %s", want)
		}
	}
	hostingtest.WantPanic(t, "Stack/API", "Role is not known; set RoleARN in web.FromServiceAttributes", func() { api.Role() })
	hostingtest.WantPanic(t, "Stack/API", "Connections are not known; set SecurityGroupIDs in web.FromServiceAttributes", func() { api.Connections() })
}

func TestServiceAttributesErrors(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	const url, function, api = "https://x.example.com", "arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:execute-api:eu-west-1:123456789012:abc"
	for i, test := range []struct {
		attributes web.ServiceAttributes
		want       string
	}{
		{web.ServiceAttributes{}, "URL is required; set it to what URL() of the service returned"},
		{web.ServiceAttributes{URL: "x.example.com"}, `URL must be https:// or http://, a host and maybe a path, without a slash at the end, got "x.example.com"; write "https://x.example.com"`},
		{web.ServiceAttributes{URL: "x.example.com:8080/v1/"}, `got "x.example.com:8080/v1/"; write "https://x.example.com:8080/v1"`},
		{web.ServiceAttributes{URL: "//x.example.com"}, `got "//x.example.com"; write "https://x.example.com"`},
		{web.ServiceAttributes{URL: "http://abc.lambda-url.eu-west-1.on.aws", FunctionARN: function}, `URL must be https://, which is all that a function URL takes, got "http://abc.lambda-url.eu-west-1.on.aws"; write "https://abc.lambda-url.eu-west-1.on.aws"`},
		{web.ServiceAttributes{URL: "http://abc.execute-api.eu-west-1.amazonaws.com/prod"}, `URL must be https://, which is all that an API takes, got`},
		{web.ServiceAttributes{URL: "https://xyz.execute-api.eu-west-1.amazonaws.com", APIARN: api}, `APIARN is that of the API abc, and URL that of xyz`},
		{web.ServiceAttributes{URL: "https://xyz-vpce-0123.execute-api.eu-west-1.amazonaws.com", APIARN: api + "/prod"}, `APIARN is that of the API abc, and URL that of xyz`},
		{web.ServiceAttributes{URL: "ftp://x.example.com"}, `URL must be https:// or http://`},
		{web.ServiceAttributes{URL: "https://"}, `URL must be https:// or http://`},
		{web.ServiceAttributes{URL: "https://%zz"}, `URL must be https:// or http://`},
		{web.ServiceAttributes{URL: "https://x.example.com/v1/"}, `write "https://x.example.com/v1"`},
		{web.ServiceAttributes{URL: "https://x.example.com?a=b"}, `leave out what is before @ and behind ? or #`},
		{web.ServiceAttributes{URL: "https://user:secret@x.example.com"}, `leave out what is before @ and behind ? or #`},
		{web.ServiceAttributes{URL: "https://user:sec%ret@x.example.com"}, `without a slash at the end; leave out what is before @`},
		{web.ServiceAttributes{URL: "ftp://user:secret@x.example.com"}, `without a slash at the end; leave out what is before @`},
		{web.ServiceAttributes{URL: "https://user:sec/ret@x.example.com"}, `without a slash at the end; leave out what is before @`},
		{web.ServiceAttributes{URL: "https://x.example.com:65536"}, `URL must have a port between 1 and 65535, or none, got "https://x.example.com:65536"`},
		{web.ServiceAttributes{URL: "https://x.example.com:0"}, `URL must have a port between 1 and 65535`},
		{web.ServiceAttributes{URL: "https://x.example.com:"}, `URL must have a port between 1 and 65535`},
		{web.ServiceAttributes{URL: "https://[::1]:99999"}, `URL must have a port between 1 and 65535`},
		{web.ServiceAttributes{URL: "https://:443"}, `URL must be https:// or http://, a host`},
		{web.ServiceAttributes{URL: "user:secret@x.example.com"}, `leave out what is before @ and behind ? or #`},
		{web.ServiceAttributes{URL: *awscdk.Fn_ImportValue(new("URL")) + "/"}, `URL must not end with a slash; leave it out`},
		{web.ServiceAttributes{URL: url, RoleARN: "api"}, `RoleARN must be as arn:aws:iam::123456789012:role/NAME, got "api"`},
		{web.ServiceAttributes{URL: url, RoleARN: "arn:aws:iam::123456789012:user/api"}, `RoleARN must be as`},
		{web.ServiceAttributes{URL: url, RoleARN: "arn:aws:sts::123456789012:assumed-role/api/x"}, `RoleARN must be as`},
		{web.ServiceAttributes{URL: url, FunctionARN: "my-function"}, `FunctionARN must be as arn:aws:lambda:eu-west-1:123456789012:function:NAME, got "my-function"`},
		{web.ServiceAttributes{URL: url, FunctionARN: api}, `FunctionARN must be as`},
		{web.ServiceAttributes{URL: url, APIARN: "arn:aws:apigateway:eu-west-1::/apis/abc"}, `APIARN must be as arn:aws:execute-api:eu-west-1:123456789012:ID`},
		{web.ServiceAttributes{URL: url, APIARN: api, FunctionARN: function}, `APIARN and FunctionARN must not both be set`},
		{web.ServiceAttributes{URL: "https://abc.lambda-url.us-east-1.on.aws", FunctionARN: function}, `FunctionARN is in region eu-west-1, and URL in us-east-1`},
		{web.ServiceAttributes{URL: "https://abc.lambda-url.eu-west-1.on.aws", APIARN: api}, `APIARN does not belong to URL, which is that of a function`},
		{web.ServiceAttributes{URL: "https://abc.execute-api.eu-west-1.amazonaws.com", FunctionARN: function}, `FunctionARN does not belong to URL, which is that of an API`},
		{web.ServiceAttributes{URL: url, SecurityGroupIDs: []string{"sg-0123456789abcdef0", "web"}}, `SecurityGroupIDs[1] must be as sg-0123456789abcdef0, got "web"`},
		{web.ServiceAttributes{URL: url, SecurityGroupIDs: []string{""}}, `SecurityGroupIDs[0] must not be empty`},
		{web.ServiceAttributes{URL: url, LoadBalancerSecurityGroupIDs: []string{"sg-0123456789abcdef0"}}, `LoadBalancerSecurityGroupIDs needs VPC`},
	} {
		id := fmt.Sprint("Service", i)
		hostingtest.WantPanic(t, "Stack/"+id, test.want, func() { web.FromServiceAttributes(stack, id, &test.attributes) })
		if stack.Node().TryFindChild(&id) != nil {
			t.Errorf("%s is in the tree", id)
		}
	}
	hostingtest.WantPanic(t, "Service", "scope: must be a stack", func() { web.FromServiceAttributes(nil, "Service", &web.ServiceAttributes{URL: url}) })
	hostingtest.WantPanic(t, "Stack/Nil", "URL is required", func() { web.FromServiceAttributes(stack, "Nil", nil) })
}

// The port of the rule is the one that the URL has, or that its scheme means.
func TestPortOfAnImportedService(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	caller := on(stack, "Caller", lambdaweb.Hosting{}, vpc)
	for i, test := range []struct{ url, port string }{
		{"https://a.example.com", "443"},
		{"http://a.example.com", "80"},
		{"HTTP://a.example.com", "80"},
		{"https://[::1]", "443"},
		{"https://[::1]:8443", "8443"},
		{"http://a.example.com:8080/v1", "8080"},
		{"https://a.example.com:65535", "65535"},
		{"http://" + *awscdk.Fn_ImportValue(new("Host")) + ":8081", "8081"},
	} {
		group := fmt.Sprintf("sg-0123456789abcde%02d", i)
		caller.UseService(fmt.Sprint("URL_", i), web.FromServiceAttributes(stack, fmt.Sprint("Service", i), &web.ServiceAttributes{
			URL: test.url, VPC: vpc, LoadBalancerSecurityGroupIDs: []string{group},
		}))
		found := false
		template := templatetest.Of(t, stack)
		for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
			if rule := template.Resources[id].Properties; rule["GroupId"] == group {
				found = true
				if got := templatetest.JSON(t, rule["ToPort"]); got != test.port {
					t.Errorf("%s: got a rule for port %s, want %s", test.url, got, test.port)
				}
			}
		}
		if !found {
			t.Errorf("%s: got no rule", test.url)
		}
	}
}
