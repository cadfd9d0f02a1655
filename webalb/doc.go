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
//
// # What has no option
//
// The resources are there for it. Shorter connections, and HSTS for all services:
//
//	front.ALB.SetAttribute(new("client_keep_alive.seconds"), new("600"))
//	listener := front.Listener.(awselasticloadbalancingv2.ApplicationListener)
//	listener.SetAttribute(
//		new("routing.http.response.strict_transport_security.header_value"),
//		new("max-age=31536000"))
//
// In particular:
//
//   - Attributes of the load balancer, by ALB.SetAttribute: how long clients may keep a connection
//     (client_keep_alive.seconds, 60 to 604,800; 3,600 unless set), what becomes of ambiguous
//     requests (routing.http.desync_mitigation_mode: monitor, defensive, strictest; defensive
//     unless set), whether requests pass if the web ACL does not respond (waf.fail_open.enabled),
//     zonal shift (zonal_shift.config.enabled), connection logs (connection_logs.s3.enabled, …).
//   - Headers that the load balancer adds to responses, or renames in requests: SetAttribute of the
//     listener.
//   - Certificates of clients (mutual TLS): SetMutualAuthentication of the listener's default
//     child, an awselasticloadbalancingv2.CfnListener.
//   - Rules of yours, to redirect www.example.com or to respond to a path: Listener.AddAction, with
//     a Priority of 1 to 999 before those of the services, or of 49000 to 50000 after them.
//   - Services that are neither tasks nor functions: Forward, with a target group of EC2 instances.
//   - Other ports: a listener of yours, with [FromListener].
package webalb
