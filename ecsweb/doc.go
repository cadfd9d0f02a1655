// Package ecsweb runs a workload on Amazon ECS Express Mode: pass [Hosting] to web.NewService, or
// call [NewService], which also returns the [Resources].
//
// # What it defines
//
// One AWS::ECS::ExpressGatewayService, three roles (what the running code may do, what pulls the
// image, and what builds the load balancer) unless they are brought, and a log group with a bounded
// retention. From that ECS makes a Fargate service behind an Application Load Balancer with HTTPS,
// with an alarm and scaling; those are not in the template. See docs/ecs.md.
//
// # What is written out
//
// AWS's documents name different defaults for CPU, memory, the number of tasks, the health check's
// path and the port. The template holds a value for each, so that a service does not change with
// the document that ECS follows.
//
// # What a server notices
//
// A task runs all the time and serves as many requests at once as it can. The load balancer asks
// for the health check's path with HTTP, even if the workload names none: then for "/", whose
// response must have status 200. Responses to clients' mistakes count: AWS rolls a deployment back
// if more than 1 % of the responses have a status of 400 to 599.
package ecsweb
