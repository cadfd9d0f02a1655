// Package secrets fetches secrets from AWS Secrets Manager and parameters from
// AWS Systems Manager, for the environment of a process that is about to start.
// Begin with [Parse] and [Fetch].
//
// No error that it returns holds a value, or a text that a service has sent
// but for the code of an error.
package secrets
