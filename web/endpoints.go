package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/check"
)

// NetworkWarning is about a server whose subnets have no way out of their VPC, and no endpoint for
// something that the server uses.
const NetworkWarning = "cdkweb:network-endpoints"

// endpointNames are the AWS services that servers use, by the last part of an endpoint's name, with
// what adds an endpoint to a VPC.
var endpointNames = map[string]struct{ id, service string }{
	"dynamodb":       {"DynamoDB", "GatewayVpcEndpointAwsService_DYNAMODB"},
	"ecr.api":        {"ECR", "InterfaceVpcEndpointAwsService_ECR"},
	"ecr.dkr":        {"ECRDocker", "InterfaceVpcEndpointAwsService_ECR_DOCKER"},
	"logs":           {"Logs", "InterfaceVpcEndpointAwsService_CLOUDWATCH_LOGS"},
	"s3":             {"S3", "GatewayVpcEndpointAwsService_S3"},
	"secretsmanager": {"SecretsManager", "InterfaceVpcEndpointAwsService_SECRETS_MANAGER"},
	"sns":            {"SNS", "InterfaceVpcEndpointAwsService_SNS"},
	"sqs":            {"SQS", "InterfaceVpcEndpointAwsService_SQS"},
	"ssm":            {"SSM", "InterfaceVpcEndpointAwsService_SSM"},
}

// internet is what needsEndpoint calls an address that no endpoint leads to.
const internet = "internet"

// endpointCode is what to write for an endpoint.
func endpointCode(service string) string {
	name, known := endpointNames[service]
	if !known {
		return fmt.Sprintf("an endpoint for %s", service)
	}
	kind := "Interface"
	if strings.HasPrefix(name.service, "Gateway") {
		kind = "Gateway"
	}
	return fmt.Sprintf("vpc.Add%sEndpoint(new(%q), &awsec2.%sVpcEndpointOptions{Service: awsec2.%s()})",
		kind, name.id, kind, name.service)
}

// needsEndpoint says that the server calls an AWS service, which is named by the last part of an
// endpoint's name: "secretsmanager". The user is what makes it do so: `UseTable("ORDERS_TABLE")`.
//
// The synthesis warns if the server's subnets have no way there. It is called before that, as often
// as one likes.
func (s *Service) needsEndpoint(service, user string) {
	if s.endpoints == nil {
		s.endpoints = map[string][]string{}
	}
	if !slices.Contains(s.endpoints[service], user) {
		s.endpoints[service] = append(s.endpoints[service], user)
	}
}

// watchEndpoints has the synthesis look for the endpoints that the server needs, if its subnets may
// have no way out.
func (s *Service) watchEndpoints() {
	network := s.made.Network
	if network == nil || network.Public || !*awscdk.Resource_IsOwnedResource(network.VPC) {
		return // of the endpoints of an imported VPC nothing is known
	}
	for _, service := range network.Endpoints {
		s.needsEndpoint(service, "")
	}
	stage := awscdk.Stage_Of(s)
	if walks[stage] == nil {
		walks[stage] = &endpointWalk{}
		s.Node().AddValidation(walks[stage])
	}
	walks[stage].services = append(walks[stage].services, s)
}

// walks are those of the stages that have services in VPCs. Constructs are made by one goroutine,
// because of jsii.
var walks = map[awscdk.Stage]*endpointWalk{}

// endpointWalk is the CDK's validation of a stage's services that are in VPCs: it looks at the tree
// once for all of them. It finds no error, but adds warnings, because there may be endpoints and
// routes that other apps have made.
type endpointWalk struct{ services []*Service }

func (w *endpointWalk) Validate() *[]*string {
	var ways *waysOut
	for _, s := range w.services {
		if len(s.endpoints) == 0 {
			continue
		}
		if ways == nil {
			ways = waysOutOf(s.Node().Root())
		}
		if message := s.unreachable(ways); message != "" {
			// The CDK forgets what was acknowledged on a construct itself before the warning is
			// added, but not what was acknowledged above it.
			below := s.Node().FindChild(&s.check.platform.ID)
			awscdk.Annotations_Of(below).AddWarningV2(new(NetworkWarning), &message)
		}
	}
	return &[]*string{}
}

// waysOut are the default routes and the endpoints of an app.
type waysOut struct {
	routed    map[string]bool // by the ids of their tables
	endpoints []awsec2.CfnVPCEndpoint
}

// waysOutOf finds them anywhere in the tree, L1 constructs too.
func waysOutOf(root constructs.IConstruct) *waysOut {
	ways := &waysOut{routed: map[string]bool{}}
	for _, construct := range *root.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch construct := construct.(type) {
		case awsec2.CfnVPCEndpoint:
			ways.endpoints = append(ways.endpoints, construct)
		case awsec2.CfnRoute:
			if all := construct.DestinationCidrBlock(); all != nil && *all == "0.0.0.0/0" {
				ways.routed[*construct.RouteTableId()] = true
			}
		}
	}
	return ways
}

// unreachable says what the server does not reach from its subnets; nothing if it reaches all that
// it uses.
func (s *Service) unreachable(ways *waysOut) string {
	network := s.made.Network
	public := map[string]bool{}
	for _, subnet := range *network.VPC.PublicSubnets() {
		public[*subnet.Node().Path()] = true
	}
	var subnets []string
	tables := map[string]bool{}
	for _, subnet := range network.Subnets {
		path := *subnet.Node().Path()
		if !*awscdk.Resource_IsOwnedResource(subnet) {
			return "" // imported, so nothing is known of its routes
		}
		table := *subnet.RouteTable().RouteTableId()
		if ways.routed[table] && !public[path] { // where a server without a public address has no way
			continue
		}
		tables[table] = true
		subnets = append(subnets, path)
	}
	if len(subnets) == 0 {
		return ""
	}
	var missing, code []string
	for _, service := range slices.Sorted(maps.Keys(s.endpoints)) {
		if service == internet || ways.leadTo(service, *network.VPC.VpcId(), tables, awscdk.Stack_Of(network.VPC)) {
			continue
		}
		var users []string
		for _, user := range s.endpoints[service] {
			if user == "" {
				user = "starts of the server"
			}
			users = append(users, user)
		}
		missing = append(missing, fmt.Sprintf("%s (for %s)", service, check.And(users)))
		code = append(code, endpointCode(service))
	}
	message := fmt.Sprintf("the server is in %s, from where no route leads out of the VPC %s",
		check.And(subnets), *network.VPC.Node().Path())
	const fix = "choose subnets with a NAT gateway; acknowledge this if there is another way"
	online := s.endpoints[internet]
	switch {
	case len(online) > 0 && len(missing) > 0:
		return fmt.Sprintf("%s to the internet (for %s), and which has no endpoint for %s, so calls of that time out: %s",
			message, check.And(online), check.And(missing), fix)
	case len(online) > 0:
		return fmt.Sprintf("%s to the internet (for %s), so calls of that time out: %s", message, check.And(online), fix)
	case len(missing) > 0:
		return fmt.Sprintf("%s, which has no endpoint for %s, so calls of that time out: write %s, or %s",
			message, check.And(missing), check.And(code), fix)
	}
	return ""
}

// leadTo reports whether a VPC has an endpoint for a service that is reached from subnets with
// these route tables.
func (w *waysOut) leadTo(service, vpc string, tables map[string]bool, stack awscdk.Stack) bool {
	routed := map[string]bool{}
	for _, endpoint := range w.endpoints {
		if *endpoint.VpcId() != vpc || !strings.HasSuffix(nameOf(stack, endpoint), "."+service) {
			continue
		}
		kind := endpoint.VpcEndpointType()
		if kind != nil && *kind == "Interface" {
			return true
		}
		if own := endpoint.RouteTableIds(); own != nil {
			for _, table := range *own {
				routed[*table] = true
			}
		}
	}
	for table := range tables {
		if !routed[table] {
			return false
		}
	}
	return true
}

// nameOf is the name of an endpoint's service, such as com.amazonaws.eu-west-1.ecr.api, or its end
// if the region is not known.
func nameOf(stack awscdk.Stack, endpoint awsec2.CfnVPCEndpoint) string {
	name := endpoint.ServiceName()
	if name == nil {
		return ""
	}
	resolved := stack.Resolve(name)
	if text, ok := resolved.(string); ok {
		return text
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return ""
	}
	// {"Fn::Join":["",["com.amazonaws.",{"Ref":"AWS::Region"},".ecr.api"]]}
	return strings.TrimRight(string(text), `"]}`)
}
