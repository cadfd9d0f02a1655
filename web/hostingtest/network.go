package hostingtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/internal/project"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webtest"
)

// Network says where in a template the network of a server stands.
type Network struct {
	// Type is that of the resource which holds it, and Subnets and SecurityGroups are the paths of
	// the lists in its properties. Subnets is empty if there is no list of them.
	Type, Subnets, SecurityGroups string

	// Public is true if the server is in public subnets unless it says otherwise.
	Public bool

	// Private returns the hosting for a server in private subnets, if the hosting has to say so too.
	// Optional. Default: the hosting itself.
	Private func(subnets *awsec2.SubnetSelection) web.Hosting

	// Needs are the AWS services that the hosting calls from the server's subnets to start it.
	Needs []string
}

// ifNetwork runs a test on hostings that have a way into a VPC.
func ifNetwork(test func(*testing.T, Harness)) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		if !h.Hosting.Platform().VPC.Can {
			t.Skip("no way into a VPC")
		}
		test(t, h)
	}
}

// ifPrivate runs a test on hostings whose servers can be in private subnets.
func ifPrivate(test func(*testing.T, Harness)) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		if h.Network.Subnets == "" {
			t.Skip("no private subnets")
		}
		test(t, h)
	}
}

// newVPC has public subnets, private ones with a NAT gateway, and isolated ones, in two zones.
func newVPC(stack awscdk.Stack) awsec2.Vpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC},
			{Name: new("Private"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
			{Name: new("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		},
	})
}

// importedVPC exists already. Without private subnets nothing is known of them.
func importedVPC(stack awscdk.Stack, known bool) awsec2.IVpc {
	attributes := &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef0"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
	}
	if known {
		attributes.PublicSubnetIds = &[]*string{new("subnet-0000000a"), new("subnet-0000000b")}
		attributes.PrivateSubnetIds = &[]*string{new("subnet-0000000c"), new("subnet-0000000d")}
		attributes.IsolatedSubnetIds = &[]*string{new("subnet-0000000e"), new("subnet-0000000f")}
	}
	return awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), attributes)
}

func importedGroup(stack awscdk.Stack, id string) awsec2.ISecurityGroup {
	return awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"+id), new("sg-"+id), nil)
}

// private is the hosting for a server in private subnets.
func (h Harness) private(stack awscdk.Stack, subnets *awsec2.SubnetSelection) web.Hosting {
	if h.Network.Private != nil {
		return h.Network.Private(subnets)
	}
	return h.hosting(stack)
}

// inSubnets adds a service in a kind of subnets of a VPC.
func (h Harness) inSubnets(stack awscdk.Stack, vpc awsec2.IVpc, kind awsec2.SubnetType) *web.Service {
	w := workload()
	w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{SubnetType: kind}
	hosting := h.private(stack, w.VPCSubnets)
	return web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: hosting})
}

// network returns the subnets of the only server of a template, and its security groups, as JSON
// without the hashes of logical ids.
func (h Harness) network(t *testing.T, template templatetest.Template) (subnets, groups string) {
	t.Helper()
	if h.Network.Subnets != "" {
		subnets = templatetest.JSON(t, template.Get(h.Network.Type, h.Network.Subnets))
	}
	return subnets, templatetest.JSON(t, template.Get(h.Network.Type, h.Network.SecurityGroups))
}

// refs are the references to subnets of a VPC that is made in the stack.
func refs(t *testing.T, stack awscdk.Stack, subnets *[]awsec2.ISubnet) string {
	var all []any
	for _, subnet := range *subnets {
		all = append(all, stack.Resolve(subnet.SubnetId()))
	}
	return templatetest.JSON(t, all)
}

// testNetwork shows that the server is in the workload's VPC.
func testNetwork(t *testing.T, h Harness) {
	stack := newStack(t)
	vpc := newVPC(stack)
	w := workload()
	w.VPC = vpc
	h.service(stack, "Site", w)
	template := templatetest.Of(t, stack)
	want := vpc.PrivateSubnets()
	if h.Network.Public {
		want = vpc.PublicSubnets()
	}
	subnets, groups := h.network(t, template)
	if want := refs(t, stack, want); h.Network.Subnets != "" && subnets != want {
		t.Errorf("got the subnets %s, want %s", subnets, want)
	}
	id, _ := templatetest.At(template.Get(h.Network.Type, h.Network.SecurityGroups), "0.Fn::GetAtt.0").(string)
	group := template.Resources[id]
	if want := templatetest.JSON(t, stack.Resolve(vpc.VpcId())); templatetest.JSON(t, group.Properties["VpcId"]) != want {
		t.Errorf("got the security groups %s, want a new one in the VPC", groups)
	}
	out := `[{"CidrIp":"0.0.0.0/0","Description":"Allow all outbound traffic by default","IpProtocol":"-1"}]`
	if got := templatetest.JSON(t, group.Properties["SecurityGroupEgress"]); got != out {
		t.Errorf("the new security group lets out to %s, want %s", got, out)
	}
	if got := group.Properties["SecurityGroupIngress"]; got != nil {
		t.Errorf("the new security group lets in from %s, want from nowhere", templatetest.JSON(t, got))
	}
	for _, kind := range []string{"AWS::EC2::VPC", h.Network.Type} {
		if n := len(template.IDs(kind)); n != 1 {
			t.Errorf("got %d resources of type %s, want one", n, kind)
		}
	}
}

// testNetworkNamed shows that subnets and security groups that are named are the server's, whatever
// the VPC knows of them.
func testNetworkNamed(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.VPC = importedVPC(stack, true)
	w.SecurityGroups = []awsec2.ISecurityGroup{importedGroup(stack, "00000001"), importedGroup(stack, "00000002")}
	hosting := h.hosting(stack)
	if h.Network.Subnets != "" {
		w.VPCSubnets = &awsec2.SubnetSelection{Subnets: w.VPC.IsolatedSubnets()}
		hosting = h.private(stack, w.VPCSubnets)
	}
	web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: hosting})
	subnets, groups := h.network(t, templatetest.Of(t, stack))
	if want := `["subnet-0000000e","subnet-0000000f"]`; h.Network.Subnets != "" && subnets != want {
		t.Errorf("got the subnets %s, want %s", subnets, want)
	}
	if want := `["sg-00000001","sg-00000002"]`; groups != want {
		t.Errorf("got the security groups %s, want %s", groups, want)
	}
}

// testUnknownSubnets shows that subnets by their ids do, in a VPC of which nothing else is known.
func testUnknownSubnets(t *testing.T, h Harness) {
	if h.Hosting.Platform().InVPC {
		t.Skip("the load balancer needs public subnets")
	}
	stack := newStack(t)
	w := workload()
	w.VPC = importedVPC(stack, false)
	w.VPCSubnets = &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{
		awsec2.Subnet_FromSubnetId(stack, new("One"), new("subnet-00000001")),
		awsec2.Subnet_FromSubnetId(stack, new("Two"), new("subnet-00000002")),
	}}
	service := h.service(stack, "Site", w)
	service.UseTable("ORDERS", newTable(stack, "Table"), web.Read)
	subnets, _ := h.network(t, templatetest.Of(t, stack))
	if want := `["subnet-00000001","subnet-00000002"]`; subnets != want {
		t.Errorf("got the subnets %s, want %s", subnets, want)
	}
	wantWarnings(t, stack, service, web.NetworkWarning, 0)
}

// testLookedUp shows that a VPC which is still to be looked up is no error, because the CDK looks it
// up after a first synthesis only.
func testLookedUp(t *testing.T, h Harness) {
	build := func(name string, hosting func(stack awscdk.Stack, w *web.Workload) web.Hosting) {
		t.Run(name, func(t *testing.T) {
			// Without the CDK's validation, which the ids that stand in for the VPC's would not pass.
			app := awscdk.NewApp(&awscdk.AppProps{Outdir: new(t.TempDir())})
			stack := awscdk.NewStack(app, new("Stack"), &awscdk.StackProps{
				Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
			})
			w := workload()
			w.VPC = awsec2.Vpc_FromLookup(stack, new("VPC"), &awsec2.VpcLookupOptions{VpcName: new("main")})
			place := hosting(stack, &w)
			web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: place}).
				UseTable("ORDERS", newTable(stack, "Table"), web.Read)
			app.Synth(nil)
		})
	}
	build("default subnets", func(stack awscdk.Stack, _ *web.Workload) web.Hosting { return h.hosting(stack) })
	if h.Network.Subnets == "" {
		return
	}
	for name, selection := range map[string]*awsec2.SubnetSelection{
		"isolated subnets": {SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		"a group":          {SubnetGroupName: new("Data")},
	} {
		build(name, func(stack awscdk.Stack, w *web.Workload) web.Hosting {
			w.VPCSubnets = selection
			return h.private(stack, selection)
		})
	}
}

// testNetworkErrors shows that what AWS would refuse is a sentence.
func testNetworkErrors(t *testing.T, h Harness) {
	p := h.Hosting.Platform()
	stack := newStack(t)
	vpc := newVPC(stack)
	group := importedGroup(stack, "00000001")
	elsewhere := awsec2.NewVpc(stack, new("Elsewhere"), nil)
	far := awsec2.NewSecurityGroup(stack, new("Far"), &awsec2.SecurityGroupProps{Vpc: elsewhere})
	type problem struct {
		name   string
		change func(w *web.Workload)
		want   string
	}
	isolated := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
	problems := []problem{
		{"subnets without a VPC", func(w *web.Workload) { w.VPCSubnets = isolated },
			"Workload.VPCSubnets needs VPC, the one that they are in; set it"},
		{"security groups without a VPC", func(w *web.Workload) { w.SecurityGroups = []awsec2.ISecurityGroup{group} },
			"Workload.SecurityGroups needs VPC, the one that they are in; set it"},
	}
	if !p.VPC.Can {
		choose := "ecsweb.Hosting{}, fargateweb.Hosting{} or " + // which stream, too
			"lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM}}"
		if !p.Streaming.Can {
			choose = platform.Can(func(p *platform.Platform) platform.Ability { return p.VPC })
		}
		problems = append(problems, problem{"a VPC", func(w *web.Workload) { w.VPC = vpc },
			fmt.Sprintf("Workload.VPC is set, but %s %s; choose %s",
				p.ServiceName(), cmp.Or(p.VPC.Why, "has no way into a VPC"), choose)})
	} else {
		problems = append(problems,
			problem{"a security group that is nil", func(w *web.Workload) {
				w.VPC, w.SecurityGroups = vpc, []awsec2.ISecurityGroup{group, nil}
			}, "Workload.SecurityGroups[1] must not be nil"},
			problem{"a security group of another VPC", func(w *web.Workload) {
				w.VPC, w.SecurityGroups = vpc, []awsec2.ISecurityGroup{group, far}
			}, "Workload.SecurityGroups[1] Stack/Far is in another VPC than Stack/VPC; choose one of Workload.VPC"},
		)
	}
	if most := p.MaxSecurityGroups; p.VPC.Can && most > 0 {
		problems = append(problems, problem{"too many security groups", func(w *web.Workload) {
			w.VPC = vpc
			for i := range most + 1 {
				w.SecurityGroups = append(w.SecurityGroups, importedGroup(stack, fmt.Sprintf("1000000%d", i)))
			}
		}, fmt.Sprintf("Workload.SecurityGroups must not be more than %d on %s, got %d; put their rules together",
			most, p.ServiceName(), most+1)})
	}
	if p.VPC.Can && h.Network.Subnets != "" {
		problems = append(problems,
			problem{"a group of subnets that is not there", func(w *web.Workload) {
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{SubnetGroupName: new("Data")}
			}, "Workload.VPCSubnets must choose subnets of VPC: there are no subnet groups with name 'Data' in this VPC; " +
				"available names: Public,Private,Isolated"},
			problem{"a subnet that is nil", func(w *web.Workload) {
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{nil}}
			}, "Workload.VPCSubnets.Subnets must not hold nil"},
			problem{"no subnets", func(w *web.Workload) {
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{}}
			}, "Workload.VPCSubnets must choose at least one subnet of VPC; leave it out"},
		)
	}
	if p.VPC.Can && !p.InVPC {
		open := awsec2.NewVpc(stack, new("Open"), &awsec2.VpcProps{
			MaxAzs: new(2.0), NatGateways: new(0.0), RestrictDefaultSecurityGroup: new(false),
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{Name: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC}},
		})
		problems = append(problems,
			problem{"public subnets", func(w *web.Workload) {
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
			}, "Workload.VPCSubnets must not be public, because a server has no way out of them on " + p.ServiceName() +
				", got PublicSubnet1, PublicSubnet2; choose awsec2.SubnetType_PRIVATE_WITH_EGRESS, " +
				"or awsec2.SubnetType_PRIVATE_ISOLATED with endpoints for what it uses"},
			problem{"a VPC with public subnets only", func(w *web.Workload) { w.VPC = open },
				"Workload.VPC has public subnets only, from which a server has no way out on " + p.ServiceName() +
					"; add private ones, with a NAT gateway or endpoints for what it uses"},
			problem{"a VPC of which no subnets are known", func(w *web.Workload) { w.VPC = importedVPC(newStack(t), false) },
				"Workload.VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"},
		)
		if most := p.MaxSubnets; most > 0 {
			problems = append(problems, problem{"too many subnets", func(w *web.Workload) {
				var subnets []awsec2.ISubnet
				for i := range most + 1 {
					subnets = append(subnets, awsec2.Subnet_FromSubnetId(stack, new(fmt.Sprintf("Subnet%d", i)), new(fmt.Sprintf("subnet-%08d", i))))
				}
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{Subnets: &subnets}
			}, fmt.Sprintf("Workload.VPCSubnets must not be more than %d on %s, got %d; choose one in each availability zone",
				most, p.ServiceName(), most+1)})
		}
	}
	if p.VPC.Can && h.Network.Private == nil { // which has a sentence of its own for private subnets
		problems = append(problems,
			problem{"a subnet of another VPC", func(w *web.Workload) {
				w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{
					(*vpc.PrivateSubnets())[0], (*elsewhere.PrivateSubnets())[0],
				}}
			}, "Workload.VPCSubnets.Subnets[1] Stack/Elsewhere/PrivateSubnet1 is in another VPC than Stack/VPC; choose one of Workload.VPC"},
		)
	}
	for _, problem := range problems {
		t.Run(problem.name, func(t *testing.T) {
			w := workload()
			problem.change(&w)
			WantProblems(t, web.ServiceProps{Workload: w, Hosting: h.Hosting}, problem.want)
		})
	}
}

// testDatabase shows that one line lets the server into a database, in the same stack and in
// another.
func testDatabase(t *testing.T, h Harness) {
	database := func(stack awscdk.Stack, vpc awsec2.IVpc) awsrds.DatabaseInstance {
		return awsrds.NewDatabaseInstance(stack, new("Database"), &awsrds.DatabaseInstanceProps{
			Engine: awsrds.DatabaseInstanceEngine_Postgres(&awsrds.PostgresInstanceEngineProps{Version: awsrds.PostgresEngineVersion_VER_17()}),
			Vpc:    vpc, VpcSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
			StorageEncrypted: new(true),
		})
	}
	for _, test := range []struct {
		name   string
		apart  bool // the database is in another stack than the service
		build  func(service *web.Service, database awsrds.DatabaseInstance)
		ruleIn string
	}{
		{"in the stack", false, func(service *web.Service, database awsrds.DatabaseInstance) {
			database.Connections().AllowDefaultPortFrom(service, nil)
			service.AddEnvironment("DATABASE_HOST", *database.DbInstanceEndpointAddress())
		}, "Stack"},
		{"of another stack, by the database", true, func(service *web.Service, database awsrds.DatabaseInstance) {
			database.Connections().AllowDefaultPortFrom(service, nil)
		}, "Data"},
		{"of another stack, by the service", true, func(service *web.Service, database awsrds.DatabaseInstance) {
			service.Connections().AllowTo(database, awsec2.Port_Tcp(new(5432.0)), nil)
			service.AddEnvironment("DATABASE_HOST", *database.DbInstanceEndpointAddress())
		}, "Stack"},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := webtest.NewApp(t)
			network, stack := awscdk.NewStack(app, new("Network"), nil), awscdk.NewStack(app, new("Stack"), nil)
			stacks := map[string]awscdk.Stack{"Stack": stack, "Data": stack}
			if test.apart {
				stacks["Data"] = awscdk.NewStack(app, new("Data"), nil)
			}
			vpc := newVPC(network)
			db := database(stacks["Data"], vpc)
			w := workload()
			w.VPC = vpc
			service := h.service(stack, "Site", w)
			test.build(service, db)
			for _, name := range slices.Sorted(maps.Keys(stacks)) {
				template := templatetest.Of(t, stacks[name])
				found := 0
				for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
					rule := template.Resources[id].Properties
					if port := templatetest.JSON(t, rule["FromPort"]); strings.Contains(port, "Port") || port == "5432" {
						found++
					}
				}
				want := 0
				if name == test.ruleIn || stacks[name] == stacks[test.ruleIn] {
					want = 1
				}
				if found != want {
					t.Errorf("stack %s has %d rules for the database's port, want %d", name, found, want)
				}
			}
		})
	}
}

// testPeer shows what the rules of a plain security group look like.
func testPeer(t *testing.T, h Harness) {
	stack := newStack(t)
	vpc := newVPC(stack)
	w := workload()
	w.VPC = vpc
	service := h.service(stack, "Site", w)
	cache := awsec2.NewSecurityGroup(stack, new("Cache"), &awsec2.SecurityGroupProps{Vpc: vpc})
	cache.Connections().AllowFrom(service, awsec2.Port_Tcp(new(6379.0)), nil)
	template := templatetest.Of(t, stack)
	_, groups := h.network(t, template)
	own := templatetest.JSON(t, stack.Resolve(cache.SecurityGroupId()))
	for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		rule := template.Resources[id].Properties
		from := templatetest.JSON(t, []any{rule["SourceSecurityGroupId"]})
		if templatetest.JSON(t, rule["GroupId"]) == own && from == groups && templatetest.JSON(t, rule["FromPort"]) == "6379" {
			return
		}
	}
	t.Errorf("no rule lets the server's %s into %s", groups, own)
}

// testEndpoints shows that a synthesis tells what the server does not reach from its subnets.
func testEndpoints(t *testing.T, h Harness) {
	use := func(stack awscdk.Stack, service *web.Service) {
		service.UseTable("ORDERS", newTable(stack, "Table"), web.Read)
		service.UseTable("ORDERS_AGAIN", newTable(stack, "Again"), web.Read)
		service.UseBucket("PHOTOS", awss3.NewBucket(stack, new("Bucket"), nil), web.Read)
		service.UseQueue("MAIL", awssqs.NewQueue(stack, new("Queue"), nil), web.Write)
		service.UseTopic("EVENTS", awssns.NewTopic(stack, new("Topic"), nil))
	}
	gateway := func(vpc awsec2.Vpc, service awsec2.GatewayVpcEndpointAwsService) *awsec2.GatewayVpcEndpointOptions {
		return &awsec2.GatewayVpcEndpointOptions{Service: service}
	}
	// all adds every endpoint that the server may need, but one.
	all := func(vpc awsec2.Vpc, but string) {
		for name, service := range map[string]awsec2.GatewayVpcEndpointAwsService{
			"dynamodb": awsec2.GatewayVpcEndpointAwsService_DYNAMODB(), "s3": awsec2.GatewayVpcEndpointAwsService_S3(),
		} {
			if name != but {
				vpc.AddGatewayEndpoint(&name, gateway(vpc, service))
			}
		}
		for name, service := range map[string]awsec2.InterfaceVpcEndpointAwsService{
			"sqs": awsec2.InterfaceVpcEndpointAwsService_SQS(), "sns": awsec2.InterfaceVpcEndpointAwsService_SNS(),
			"ecr.api": awsec2.InterfaceVpcEndpointAwsService_ECR(), "ecr.dkr": awsec2.InterfaceVpcEndpointAwsService_ECR_DOCKER(),
			"logs": awsec2.InterfaceVpcEndpointAwsService_CLOUDWATCH_LOGS(),
		} {
			if name != but {
				vpc.AddInterfaceEndpoint(&name, &awsec2.InterfaceVpcEndpointOptions{Service: service})
			}
		}
	}
	const isolated = awsec2.SubnetType_PRIVATE_ISOLATED
	uses := map[string]string{
		"dynamodb": `dynamodb (for UseTable("ORDERS") and UseTable("ORDERS_AGAIN"))`,
		"s3":       `s3 (for UseBucket("PHOTOS"))`,
		"sqs":      `sqs (for UseQueue("MAIL"))`,
		"sns":      `sns (for UseTopic("EVENTS"))`,
	}
	if slices.Contains(h.Network.Needs, "s3") {
		uses["s3"] = `s3 (for starts of the server and UseBucket("PHOTOS"))`
	}
	for _, need := range h.Network.Needs {
		if uses[need] == "" {
			uses[need] = need + " (for starts of the server)"
		}
	}
	// warning is the text of the service's warning, or nothing.
	warning := func(t *testing.T, stack awscdk.Stack) string {
		t.Helper()
		for _, text := range templatetest.Warnings(t, stack) {
			if strings.Contains(text, "[ack: "+web.NetworkWarning+"]") {
				return text
			}
		}
		return ""
	}
	t.Run("isolated subnets", func(t *testing.T) {
		stack := newStack(t)
		service := h.inSubnets(stack, newVPC(stack), isolated)
		use(stack, service)
		got := warning(t, stack)
		start := "the server is in Stack/VPC/IsolatedSubnet1 and Stack/VPC/IsolatedSubnet2, " +
			"from where no route leads out of the VPC Stack/VPC, which has no endpoint for "
		if !strings.HasPrefix(got, start) {
			t.Errorf("got the warning %q, want one that starts with %q", got, start)
		}
		for _, use := range slices.Sorted(maps.Values(uses)) {
			if !strings.Contains(got, use) {
				t.Errorf("got the warning %q, want %q in it", got, use)
			}
		}
		code := `vpc.AddGatewayEndpoint(new("DynamoDB"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB()})`
		if !strings.Contains(got, code) {
			t.Errorf("got the warning %q, want %q in it", got, code)
		}
		wantWarnings(t, stack, service, web.NetworkWarning, 1)
	})
	t.Run("every endpoint but one", func(t *testing.T) {
		for _, but := range []string{"", "dynamodb", "sqs"} {
			stack := newStack(t)
			vpc := newVPC(stack)
			use(stack, h.inSubnets(stack, vpc, isolated))
			all(vpc, but)
			got := warning(t, stack)
			if but == "" && got != "" {
				t.Errorf("got the warning %q, want none: there is every endpoint", got)
			}
			if want := "which has no endpoint for " + uses[but] + ", so"; but != "" && !strings.Contains(got, want) {
				t.Errorf("got the warning %q, want %q in it", got, want)
			}
		}
	})
	t.Run("a gateway endpoint for other subnets", func(t *testing.T) {
		stack := newStack(t)
		vpc := newVPC(stack)
		h.inSubnets(stack, vpc, isolated).UseTable("ORDERS", newTable(stack, "Table"), web.Read)
		options := gateway(vpc, awsec2.GatewayVpcEndpointAwsService_DYNAMODB())
		options.Subnets = &[]*awsec2.SubnetSelection{{SubnetType: awsec2.SubnetType_PUBLIC}}
		vpc.AddGatewayEndpoint(new("DynamoDB"), options)
		all(vpc, "dynamodb")
		if got := warning(t, stack); !strings.Contains(got, "no endpoint for dynamodb") {
			t.Errorf("got the warning %q, want one about the table", got)
		}
	})
	t.Run("an L1 endpoint in another stack", func(t *testing.T) {
		stack := newStack(t)
		vpc := newVPC(stack)
		h.inSubnets(stack, vpc, isolated).UseQueue("MAIL", awssqs.NewQueue(stack, new("Queue"), nil), web.Write)
		all(vpc, "sqs")
		other := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Endpoints"), nil)
		awsec2.NewCfnVPCEndpoint(other, new("SQS"), &awsec2.CfnVPCEndpointProps{
			VpcId: vpc.VpcId(), VpcEndpointType: new("Interface"), ServiceName: new("com.amazonaws.eu-west-1.sqs"),
		})
		if got := warning(t, stack); got != "" {
			t.Errorf("got the warning %q, want none", got)
		}
	})
	t.Run("a way out", func(t *testing.T) {
		for name, kind := range map[string]awsec2.SubnetType{"NAT": awsec2.SubnetType_PRIVATE_WITH_EGRESS, "a route": isolated} {
			stack := newStack(t)
			vpc := newVPC(stack)
			service := h.inSubnets(stack, vpc, kind)
			use(stack, service)
			if kind == isolated {
				for i, subnet := range *vpc.IsolatedSubnets() {
					awsec2.NewCfnRoute(stack, new(fmt.Sprintf("Out%d", i)), &awsec2.CfnRouteProps{
						RouteTableId: subnet.RouteTable().RouteTableId(), DestinationCidrBlock: new("0.0.0.0/0"), TransitGatewayId: new("tgw-0123456789abcdef0"),
					})
				}
			}
			if got := warning(t, stack); got != "" {
				t.Errorf("%s: got the warning %q, want none", name, got)
			}
		}
	})
	t.Run("private subnets without NAT", func(t *testing.T) {
		stack := newStack(t)
		vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
			MaxAzs: new(2.0), NatGateways: new(0.0), RestrictDefaultSecurityGroup: new(false),
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
				{Name: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC},
				{Name: new("Private"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
			},
		})
		h.inSubnets(stack, vpc, awsec2.SubnetType_PRIVATE_WITH_EGRESS).UseTopic("EVENTS", awssns.NewTopic(stack, new("Topic"), nil))
		if got := warning(t, stack); !strings.Contains(got, "Stack/VPC/PrivateSubnet1") || !strings.Contains(got, uses["sns"]) {
			t.Errorf("got the warning %q, want one about the topic", got)
		}
	})
	t.Run("an imported VPC", func(t *testing.T) {
		stack := newStack(t)
		use(stack, h.inSubnets(stack, importedVPC(stack, true), isolated))
		if got := warning(t, stack); got != "" {
			t.Errorf("got the warning %q, want none: nothing is known of its endpoints", got)
		}
	})
	t.Run("no uses", func(t *testing.T) {
		stack := newStack(t)
		h.inSubnets(stack, newVPC(stack), isolated)
		if got := warning(t, stack); (got != "") != (len(h.Network.Needs) > 0) {
			t.Errorf("got the warning %q, want one only if a start needs something", got)
		}
	})
	t.Run("secrets", func(t *testing.T) {
		p := h.Hosting.Platform()
		if !p.Secrets.Can {
			t.Skip("no secrets")
		}
		stack := newStack(t)
		vpc := newVPC(stack)
		w := secretive()
		w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{SubnetType: isolated}
		w.Secrets = map[string]web.Secret{"KEY": web.SecretsManager(awssecretsmanager.NewSecret(stack, new("Secret"), nil), "")}
		web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: h.private(stack, w.VPCSubnets)})
		all(vpc, "")
		got := warning(t, stack)
		if want := "which has no endpoint for secretsmanager (for secrets), so"; strings.Contains(got, want) == p.SecretsOutsideVPC {
			t.Errorf("got the warning %q, want %q in it: %v", got, want, !p.SecretsOutsideVPC)
		}
	})
}

// testNetworkFlags shows that the CDK's feature flags do not change the network.
func testNetworkFlags(t *testing.T, h Harness) {
	root, err := project.Root()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(root + "/cdk.json")
	if err != nil {
		t.Skip("the project has no cdk.json")
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	template := func(on bool) map[string]string {
		flags := map[string]any{"@aws-cdk/aws-ec2.securityGroupDisableInlineRules": on}
		for flag, value := range config.Context {
			if _, ok := value.(bool); ok && strings.HasPrefix(flag, "@aws-cdk/aws-ec2") {
				flags[flag] = on
			}
		}
		if len(flags) < 5 {
			t.Fatalf("cdk.json has only %d flags of EC2", len(flags))
		}
		stack := awscdk.NewStack(awscdk.NewApp(&awscdk.AppProps{Context: &flags, Outdir: new(t.TempDir())}), new("Stack"), nil)
		w := workload()
		w.VPC = importedVPC(stack, true)
		service := h.service(stack, "Site", w)
		importedGroup(stack, "0000000d").Connections().AllowFrom(service, awsec2.Port_Tcp(new(5432.0)), nil)
		template := templatetest.Of(t, stack)
		resources := map[string]string{}
		for _, id := range template.IDs() {
			resources[id] = templatetest.JSON(t, template.Resources[id])
		}
		return resources
	}
	on, off := template(true), template(false)
	for _, id := range slices.Sorted(maps.Keys(on)) {
		if on[id] != off[id] {
			t.Errorf("with all flags %s is\n\t%s\nwant\n\t%s", id, on[id], off[id])
		}
	}
	if len(on) != len(off) {
		t.Errorf("with all flags there are %d resources, want %d", len(on), len(off))
	}
}
