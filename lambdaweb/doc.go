// Package lambdaweb runs a workload on AWS Lambda: pass [Hosting] to web.NewService, or call [NewService] for the concrete type.
//
// # What it defines
//
// A container-image function from the same image that runs on the other hostings, a role for it unless the workload brings one, a log
// group with a bounded retention, and what makes the function answer HTTP: an HTTP API by default, or a REST API or a function URL.
//
// # How a web server answers invocations
//
// Lambda starts the adapter that lies in the image's /opt/extensions beside the web server, which runs as in any container. The
// adapter waits until the server listens, takes the function's events, calls the server with plain HTTP, and gives its answer back.
// Its settings are environment variables, those of AWS Lambda Web Adapter (AWS_LWA_…); what the workload sets in Environment wins over
// what this package sets.
//
// # What a server notices
//
// An execution environment answers one request at a time and is frozen between two. Work that goes on after the answer stops, and
// memory is not shared between environments. Only /tmp is writable. An answer has to fit in 6 MB unless a function URL streams it, and has
// to be complete within the endpoint's time: see [HTTPAPI], [RESTAPI] and [FunctionURL].
package lambdaweb
