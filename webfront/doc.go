// Package webfront puts a CDN above a service, Amazon CloudFront: one address that stays when the
// hosting changes, with a domain of yours, HTTPS, HTTP/2 and 3, IPv6, compression, security headers
// and a web ACL.
//
//	site := web.NewService(stack, "Site", &web.ServiceProps{Workload: workload, Hosting: lambdaweb.Hosting{}})
//	webfront.NewFront(stack, "Front", &webfront.FrontProps{
//		Service: site,
//		Domain:  &web.Domain{Name: "shop.example.com", Zone: zone},
//	})
//
// Its constructs have ids of their own: a switch of the hosting changes where the requests go, and
// nothing else. With [Move] a part of the clients goes to a second service, of which the percentage
// is turned without a deployment.
//
// docs/front.md tells what each hosting can do at its own front, what a front costs, and a move step
// by step.
package webfront
