// Package webalb is an Application Load Balancer that several services share, whatever they run
// on: tasks on Fargate and Lambda functions stand behind one address, and get its requests by host
// name and by path.
//
//	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
//		Certificates: []awscertificatemanager.ICertificate{certificate},
//		DomainName:   "shop.example.com",
//	})
//	web.NewService(stack, "Shop", &web.ServiceProps{
//		Workload: shop,
//		Hosting:  fargateweb.Hosting{LoadBalancer: front},
//	})
//	web.NewService(stack, "API", &web.ServiceProps{
//		Workload: api,
//		Hosting: lambdaweb.Hosting{
//			Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/api/*"}},
//		},
//	})
package webalb
