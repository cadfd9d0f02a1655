package webalb

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// logAccess has the load balancer write a line for each request to the bucket, and allows it to.
// The CDK's LogAccessLogs needs to know the region at synth.
func (p *LoadBalancerProps) logAccess(l *LoadBalancer) {
	if p.AccessLogsBucket == nil {
		return
	}
	l.ALB.SetAttribute(new("access_logs.s3.enabled"), new("true"))
	l.ALB.SetAttribute(new("access_logs.s3.bucket"), p.AccessLogsBucket.BucketName())
	folder := "AWSLogs/" + *awscdk.Stack_Of(l).Account() + "/*"
	if p.AccessLogsPrefix != "" {
		l.ALB.SetAttribute(new("access_logs.s3.prefix"), &p.AccessLogsPrefix)
		folder = p.AccessLogsPrefix + "/" + folder
	}
	// Elastic Load Balancing, "Enable access logs for your Application Load Balancer".
	added := p.AccessLogsBucket.AddToResourcePolicy(
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{
				awsiam.NewServicePrincipal(
					new("logdelivery.elasticloadbalancing.amazonaws.com"),
					nil,
				),
			},
			Actions:   &[]*string{new("s3:PutObject")},
			Resources: &[]*string{p.AccessLogsBucket.ArnForObjects(&folder)},
		}),
	)
	if !*added.StatementAdded {
		awscdk.Annotations_Of(l).AddWarningV2(new(AccessLogsWarning), new(accessLogsMessage))
	}
	if added.PolicyDependable != nil { // AWS tries to write when it switches the logs on
		l.ALB.Node().AddDependency(added.PolicyDependable)
	}
}

const accessLogsMessage = "AccessLogsBucket is imported, so its policy is not changed here: it must allow logdelivery.elasticloadbalancing.amazonaws.com " +
	"to do s3:PutObject below AWSLogs, or the deployment fails"
