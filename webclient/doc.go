// Package webclient lets a server call another service that asks who is calling. [Transport] signs
// the requests that need it with the credentials of the server's role, and passes all others on as
// they are:
//
//	client := &http.Client{Transport: &webclient.Transport{}}
//	response, err := client.Get(os.Getenv("API_URL") + "/orders")
//
// It belongs into the server, beside web.Service.UseService in the CDK app, which sets the variable
// and grants the role the call. It needs the standard library alone, and no CDK.
//
// # What is signed
//
// Requests over HTTPS to a function URL of AWS Lambda and to an API of Amazon API Gateway. Both show
// in the host name:
//
//	abc.lambda-url.eu-west-1.on.aws
//	abc.execute-api.eu-west-1.amazonaws.com
//
// The name does not show whether the service asks for a signature; one that does not gets it too.
// Hosts with other names are signed for if Transport.Domains has them. A Domain that could match no
// request is an error of every request, so that none goes out unsigned because of it.
//
// A request that has an Authorization header, or a signature in its query, is passed on as it is.
//
// # Bodies
//
// A signature covers the body, and stands before it. So the body of a signed request is read to its
// end before anything is sent: up to 10 MB, which is more than function URLs take, and all that
// APIs do. Requests that are passed on, and all responses, are streamed.
//
// # Credentials
//
// They are found as AWS's SDKs find them in Lambda functions and in containers on Amazon ECS and
// App Runner, and renewed before they expire. On a laptop, run the server with AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and, if there is one, AWS_SESSION_TOKEN, as
// `aws configure export-credentials --format env` prints them; or set Transport.Credentials.
// Without credentials, a request that has to be signed is an error.
//
// # Tests
//
// A server of httptest is signed for if it is one of Transport.Domains: its Host is 127.0.0.1,
// which means all ports. Transport.Base is the Transport of its Client, which trusts its
// certificate. See the example.
package webclient
