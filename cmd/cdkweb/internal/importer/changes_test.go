package importer

import (
	"strings"
	"testing"
)

const apiEvents = "      Events:\n        Root: {Type: HttpApi, Properties: {Path: /, Method: ANY}}\n"

const apiOutput = "Outputs:\n  ApiUrl:\n    Value: !Sub \"https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com%s\"\n"

// What the program does otherwise than before is in the report, and what others read keeps its name.
func TestChangesAreReported(t *testing.T) {
	appRunner := func(old, new string) map[string]string {
		return map[string]string{"a.json": strings.Replace(appRunner1("one", "eu-west-1"), old, new, 1)}
	}
	for _, c := range []smallCase{
		{
			name: "an output has the template's name, and its address its path", from: "sam",
			files: map[string]string{"template.yaml": sam1 + apiEvents + strings.Replace(apiOutput, "%s", "/", 1)},
			has:   []string{`awscdk.NewCfnOutput(stack, new("ApiUrl"), &awscdk.CfnOutputProps{Value: new(api.URL() + "/")})`},
			lacks: []string{`new("URL")`, "became the URL of the service"},
		},
		{
			name: "an output whose address has no path", from: "sam",
			files: map[string]string{"template.yaml": sam1 + apiEvents + strings.Replace(apiOutput, "%s", "", 1)},
			has:   []string{`Value: new(api.URL())`}, lacks: []string{"became the URL of the service"},
		},
		{
			name: "an output whose address is made of more", from: "sam",
			files: map[string]string{"template.yaml": sam1 + apiEvents + strings.Replace(apiOutput, "%s", "/${Stage}", 1)},
			has:   []string{`Value: new(api.URL())`, "became the URL of the service"},
		},
		{
			name: "an output of the name of a service", from: "sam",
			files: map[string]string{"template.yaml": sam1 + apiEvents + strings.Replace(strings.Replace(apiOutput, "ApiUrl", "API", 1), "%s", "/", 1)},
			has:   []string{`new("APIOutput"), &awscdk.CfnOutputProps{Value: new(api.URL() + "/")}).OverrideLogicalId(new("API"))`},
		},
		{
			name: "one path only", from: "sam", files: map[string]string{"template.yaml": sam1 + apiEvents},
			has: []string{"Root.Properties.Path: / became every path"},
		},
		{
			name: "the two paths that are every path", from: "sam",
			files: map[string]string{"template.yaml": sam1 + apiEvents + "        Rest: {Type: HttpApi, Properties: {Path: \"/{proxy+}\", Method: ANY}}\n"},
			lacks: []string{"became every path"},
		},
		{
			name: "messages that the server refuses", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      Events:\n        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}\n  Jobs:\n    Type: AWS::SQS::Queue\n"},
			has:   []string{"Events.Jobs fails now if the server's status is 400 or more"},
		},
		{
			name: "messages with statuses of the template's own", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      Environment: {Variables: {AWS_LWA_ERROR_STATUS_CODES: \"500-599\"}}\n" +
				"      Events:\n        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}\n  Jobs:\n    Type: AWS::SQS::Queue\n"},
			lacks: []string{"fails now if the server's status"},
		},
		{
			name: "names that the old stack has", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      FunctionName: api\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: jobs}\n"},
			has:   []string{"FunctionName: api is taken while the old stack is there", "QueueName: jobs is taken while the old stack is there"},
		},
		{
			name: "the name of the service that is there", from: "apprunner", args: []string{"--hosting", "apprunner"}, files: appRunner("", ""),
			has: []string{"ServiceName: one is taken while the old service is there"},
		},
		{
			name: "a paused service", from: "apprunner", files: appRunner(`"ServiceName"`, `"Status": "PAUSED", "ServiceName"`),
			has: []string{"Service.Status: PAUSED becomes a service that runs"},
		},
		{
			name: "HTTPS that only a domain gives", from: "apprunner", args: []string{"--hosting", "fargate"}, files: appRunner("", ""),
			has: []string{"Service.ServiceUrl had HTTPS, and the load balancer has HTTP only", "healthcheck asks for / now by HTTP"},
		},
		{
			name: "HTTPS without a domain", from: "apprunner", files: appRunner("", ""), lacks: []string{"had HTTPS"},
		},
		{
			name: "private on App Runner", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: appRunner(`"ServiceName"`, `"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false}, "IpAddressType": "DUAL_STACK",
				"EgressConfiguration": {"EgressType": "DEFAULT"}}, "ServiceName"`),
			has: []string{"Private: true", "VPC: ", "IpAddressType: DUAL_STACK has no equal", "EgressType: DEFAULT goes through the VPC now"}, lacks: []string{"apprunnerweb.DualStack"},
		},
		{
			name: "private on App Runner, with its endpoint", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: map[string]string{"a.json": strings.Replace(appRunner1("one", "eu-west-1"), `"ServiceName"`,
				`"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false}}, "ServiceName"`, 1) +
				`{"VpcIngressConnection": {"ServiceArn": "arn:aws:apprunner:eu-west-1:123456789012:service/one/1",
					"IngressVpcConfiguration": {"VpcId": "vpc-0123456789abcdef0", "VpcEndpointId": "vpce-0123456789abcdef0"}}}`},
			has:   []string{`VpcId: new("vpc-0123456789abcdef0")`, "VpcEndpointId: vpce-0123456789abcdef0 has no equal on App Runner: the stack makes one"},
			lacks: []string{"reach the load balancer itself"},
		},
		{
			name: "private, with a connector that stays", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: appRunner(`"ServiceName"`, `"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false},
				"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/shop/1/0123456789abcdef0123456789abcdef"}}, "ServiceName"`),
			has: []string{"Private: true", "apprunnerweb.VPCConnectorFromARN"}, lacks: []string{"goes through the VPC now"},
		},
		{
			name: "addresses of IPv6", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: appRunner(`"ServiceName"`, `"NetworkConfiguration": {"IpAddressType": "DUAL_STACK"}, "ServiceName"`), has: []string{"apprunnerweb.DualStack"},
		},
		{
			name: "code that is deployed by itself", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: map[string]string{"a.json": `{"Service": {"ServiceName": "one", "SourceConfiguration": {"AutoDeploymentsEnabled": true, "CodeRepository": {"RepositoryUrl": "u"}}}}`},
			has:   []string{"AutoDeploymentsEnabled: true has no equal"},
		},
		{
			name: "a connector that stays", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: map[string]string{"a.json": strings.Replace(appRunner1("one", "eu-west-1"), `"ServiceName"`,
				`"NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/shop/1/0123456789abcdef0123456789abcdef"}}, "ServiceName"`, 1) +
				`{"VpcConnector": {"VpcConnectorArn": "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/shop/1/0123456789abcdef0123456789abcdef", "Subnets": ["subnet-0123456789abcdef0"], "SecurityGroups": []}}`},
			has: []string{"apprunnerweb.VPCConnectorFromARN"}, lacks: []string{"vpc-00000000000000000"},
		},
	} {
		t.Run(c.name, c.check)
	}
}
