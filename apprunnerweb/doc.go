// Package apprunnerweb runs a workload on AWS App Runner: pass [Hosting] to web.NewService.
// [ResourcesOf] returns what was made for the service, and [NewService] does both.
//
// # Who can use it
//
// App Runner is closed to new customers. Accounts that used it before may still create services.
// Every service carries the synth warning cdkweb:apprunner-closed, which says so; acknowledge it
// with awscdk.Annotations_Of(scope).AcknowledgeWarning. The same workload runs on ecsweb.Hosting
// and lambdaweb.Hosting.
//
// # What it defines
//
// One AWS::AppRunner::Service, an instance role for the running code unless the workload brings
// one, an access role for an image in private ECR, and an AWS::AppRunner::AutoScalingConfiguration
// if a size or the concurrency is set.
//
// App Runner calls the AWS::AppRunner::Service a finished deployment even when it rolled back to
// the image before: look at the service's events after `cdk deploy`.
package apprunnerweb
