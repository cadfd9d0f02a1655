// Package lambdaweb runs a workload on AWS Lambda: pass [Hosting] to web.NewService. [ResourcesOf]
// returns what was made for the service, and [NewService] does both.
//
// # What it defines
//
// A container-image function from the same image that runs on the other hostings, a role for it
// unless the workload brings one, a log group with a bounded retention, and what takes HTTP
// requests for the function: an HTTP API by default, or a REST API, a function URL or a load
// balancer.
//
// # How a web server takes invocations
//
// Lambda starts the adapter that lies in the image's /opt/extensions beside the web server, which
// runs as in any container. The adapter waits until the server listens, takes the function's
// events, calls the server with plain HTTP, and gives its response back. Its settings are
// environment variables, those of AWS Lambda Web Adapter (AWS_LWA_…). What the workload sets in
// Environment wins over what this package sets, and is checked by the adapter's own rules. AWS
// Lambda Web Adapter also reads some settings under older names without a prefix, such as
// ASYNC_INIT: those are errors unless the new name is set too. HOST is always the server's own.
//
// # What a server notices
//
// An execution environment takes one request at a time and is frozen between two; on
// [ManagedInstances] it takes several. Work that goes on after the response stops, and memory is not
// shared between environments. Only /tmp is writable. A response has to fit in 6 MB unless a
// function URL or a REST API streams it, and has to be complete within the endpoint's time: see
// [HTTPAPI], [RESTAPI], [FunctionURL] and [LoadBalancer].
package lambdaweb
