package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	onlyVPC   = `"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false}, "IpAddressType": "DUAL_STACK"}, "ServiceName"`
	connected = `"NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/shop/1/0123456789abcdef0123456789abcdef"}}, "ServiceName"`
	ownImage  = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/one:1"
)

func TestAppRunner(t *testing.T) {
	one := appRunner1("one", "eu-west-1")
	with := func(pairs ...string) map[string]string {
		return map[string]string{"a.json": strings.NewReplacer(pairs...).Replace(one)}
	}
	bare := func(text string) string {
		return strings.TrimSuffix(strings.TrimPrefix(text, `{"Service": `), "}")
	}
	hosting := func(name string) []string { return []string{"--hosting", name} }
	pull := `"AutoDeploymentsEnabled": true, "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::123456789012:role/pull"}, "ImageRepository"`
	for _, c := range []smallCase{
		{
			name: "private on App Runner", from: "apprunner", args: hosting("apprunner"), files: with(`"ServiceName"`, onlyVPC),
			has:   []string{"Private: true", "VPC: vpc", "VpcCidrBlock", "replace vpc-00000000000000000", "IpAddressType: DUAL_STACK has no equal"},
			lacks: []string{"everybody reaches", "apprunnerweb.DualStack"},
		},
		{
			name: "private on App Runner, with a connector", from: "apprunner", args: hosting("apprunner"),
			files: with(`"NetworkConfiguration": {"IngressC`, `"NetworkConfiguration": {"IngressC`, `"ServiceName"`, strings.Replace(connected, `"NetworkConfiguration": {`,
				`"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": false}, `, 1)),
			has: []string{"Private: true", "VPC: vpc", "VPCConnectorFromARN"},
		},
		{
			name: "private on Lambda", from: "apprunner", args: hosting("lambda"), files: with(`"ServiceName"`, onlyVPC),
			has: []string{"Private: true", "VPC: vpc", "Endpoint: lambdaweb.RESTAPI{}", "IsPubliclyAccessible: false became a private REST API"}, lacks: []string{"everybody reaches"},
		},
		{
			name: "private on Express Mode", from: "apprunner", args: hosting("express"), files: with(`"ServiceName"`, onlyVPC),
			has: []string{"Private: true", "VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}"}, lacks: []string{"everybody reaches", "SubnetType_PUBLIC"},
		},
		{
			name: "a private service of Copilot on App Runner", from: "copilot", args: hosting("apprunner"),
			files: map[string]string{"copilot/api/manifest.yml": "name: api\ntype: Request-Driven Web Service\nimage:\n  location: public.ecr.aws/a/b:1\n  port: 80\nhttp:\n  private: true\n"},
			has:   []string{"Private: true", "VPC: vpc"}, lacks: []string{"everybody reaches"},
		},
		{
			name: "a connector that no file describes", from: "apprunner", files: with(`"ServiceName"`, connected),
			has: []string{"fargateweb.Hosting", "VPC: vpc", "SubnetType_PRIVATE_WITH_EGRESS", "is a VPC that no file describes: replace vpc-00000000000000000"},
		},
		{
			name: "a connector that is none", from: "apprunner", args: hosting("apprunner"), files: with(`"ServiceName"`, strings.Replace(connected, "vpcconnector/", "connector/", 1)),
			has: []string{"must be the ARN of a VPC connector"}, lacks: []string{"VPCConnectorFromARN"},
		},
		{
			name: "an image of Amazon ECR Public that is deployed by itself", from: "apprunner", args: hosting("apprunner"), files: with(`"ImageRepository"`, pull),
			has:   []string{"AutoDeploymentsEnabled: true has no equal for an image that is not in a private repository of ECR", "AccessRoleArn: arn:aws:iam::123456789012:role/pull has no equal for an image that is not in a private repository of ECR"},
			lacks: []string{"AutoDeploymentsEnabled: true,", "AccessRole:"},
		},
		{
			name: "an image of another account that is deployed by itself", from: "apprunner", args: hosting("apprunner"),
			files: with(`"ImageRepository"`, pull, "public.ecr.aws/nginx/nginx:1", strings.Replace(ownImage, "1", "2", 1)),
			has:   []string{"AutoDeploymentsEnabled: true needs an image in the stack's own account", "AccessRole:"}, lacks: []string{"AutoDeploymentsEnabled: true,"},
		},
		{
			name: "an image that is deployed by itself", from: "apprunner", args: hosting("apprunner"), files: with(`"ImageRepository"`, pull, "public.ecr.aws/nginx/nginx:1", ownImage),
			has: []string{"AutoDeploymentsEnabled: true,", "AccessRole:"}, lacks: []string{"own account: a new image"},
		},
		{
			name: "a key that is none", from: "apprunner", args: hosting("apprunner"), files: with(`"ServiceName"`, `"EncryptionConfiguration": {"KmsKey": "arn:aws:kms:eu-west-1:123456789012:key/0123"}, "ServiceName"`),
			has: []string{"KmsKey: arn:aws:kms:eu-west-1:123456789012:key/0123 is left out: must be the ARN of a key"}, lacks: []string{"KMSKey:"},
		},
		{
			name: "the service alone, as --query Service prints it", from: "apprunner",
			files: map[string]string{"a.json": strings.Replace(bare(one), `"ServiceName"`, `"ObservabilityConfiguration": {"ObservabilityEnabled": true}, "ServiceName"`, 1)},
			has:   []string{`web.NewService(stack, "One"`, "ObservabilityEnabled: true has no equal"},
		},
		{
			name: "a list of services", from: "apprunner", files: map[string]string{"a.json": "[" + one + "," + bare(appRunner1("two", "eu-west-1")) + "]"},
			has: []string{`"one-cdk": newOne`, `"two-cdk": newTwo`},
		},
		{
			name: "an object with a list of services", from: "apprunner", files: map[string]string{"a.json": `{"Services": [` + bare(one) + "," + one + "]}"},
			has: []string{`"one-cdk": newOne`},
		},
		{
			name: "the input of create-service", from: "apprunner",
			files: map[string]string{"a.json": strings.NewReplacer(`"Port"`, `"RuntimeEnvironmentVariables": [{"NAME": "Jane"}, {"AGE": "7"}], "Port"`,
				`"ServiceName"`, `"Tags": [{"Key": "team", "Value": "core"}], "ServiceName"`).Replace(bare(one))},
			has:   []string{`"NAME": "Jane"`, `"AGE": "7"`, `awscdk.Tags_Of(one).Add(new("team"), new("core"), nil)`},
			lacks: []string{"is no field"},
		},
		{
			name: "the input of update-service", from: "apprunner", files: map[string]string{"a.json": strings.Replace(bare(one), `"ServiceName": "one",`, "", 1)},
			has: []string{`web.NewService(stack, "One"`},
		},
		{
			name: "a name that AWS generates", from: "apprunner", args: hosting("lambda"), files: with("", ""),
			has: []string{"Service.ServiceName: one is not the name of the new service: AWS generates one: set FunctionName"}, lacks: []string{"one has no equal"},
		},
		{
			name: "notes have lines", from: "apprunner", args: hosting("fargate"),
			files: with(`"Port"`, "\n\"RuntimeEnvironmentSecrets\": {\n\"PORT\": \"arn:aws:ssm:eu-west-1:123456789012:parameter/a\"}, \"Port\""),
			has:   []string{"a.json:5: secrets.PORT is left out", "a.json:1: healthcheck asks for /"},
		},
		{
			name: "code", from: "apprunner", files: map[string]string{"a.json": `{"Service": {"ServiceName": "one", "SourceConfiguration": {"CodeRepository": {"RepositoryUrl": "u",
"SourceCodeVersion": {"Type": "BRANCH", "Value": "main"}}}}}`},
			has: []string{"RepositoryUrl: u has no equal: clone it beside the program", "Type: BRANCH has no equal: that clone and the Dockerfile say it"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

func TestAppRunnerLists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "services.json")
	if err := os.WriteFile(path, []byte(`{"ServiceSummaryList": [{"ServiceName": "one"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := importFiles([]string{"apprunner", path}); err == nil || !strings.Contains(err.Error(), "services.json:1: is a list of names: aws apprunner describe-service") {
		t.Errorf("got %v, want what prints a service", err)
	}
}
