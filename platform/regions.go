package platform

// known are the regions that the lists below were made for. A region that is not among them is
// newer than this file: nothing is said about it. cfn-lint 1.58.0 (resource types by region),
// botocore 1.44.5 (endpoints).
var known = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
	"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
	"us-west-2",
	"cn-north-1", "cn-northwest-1",
	"us-gov-east-1", "us-gov-west-1",
}

// appRunnerRegions have AWS::AppRunner::Service. The same sources as known.
var appRunnerRegions = Regions{Only: []string{
	"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
	"us-east-1", "us-east-2", "us-west-2",
}}

// functionURLRegions lack AWS::Lambda::Url in CloudFormation (cfn-lint 1.58.0). The Lambda
// developer guide, "Creating and managing Lambda function URLs", also excepts eu-south-2, where
// CloudFormation has the type; the deployment decides there.
var functionURLRegions = Regions{Except: []string{
	"ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2",
	"il-central-1", "me-central-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1", "cn-northwest-1",
}}

// ManagedInstancesRegions lack AWS::Lambda::CapacityProvider in CloudFormation (cfn-lint 1.58.0).
var ManagedInstancesRegions = Regions{Except: []string{
	"ap-southeast-6", "me-central-1", "us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1",
}}
