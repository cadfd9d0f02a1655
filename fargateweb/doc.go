// Package fargateweb is the hosting on plain Amazon ECS: a service on AWS Fargate behind an
// Application Load Balancer, with deployments that its team configures.
//
//	site := web.NewService(stack, "Site", &web.ServiceProps{
//		Workload: app,
//		Hosting:  fargateweb.Hosting{},
//	})
//
// The zero Hosting has a load balancer, a VPC and a cluster of its own. A load balancer of package
// webalb is shared by any number of services, also those on Lambda.
package fargateweb
