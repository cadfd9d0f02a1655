// Package runtimeapi calls the two APIs through which a program lives in a Lambda
// execution environment: the Runtime API, which hands out invocations and takes
// the responses, and the Extensions API, with which an extension registers and
// learns that the environment ends.
//
// A [Client] is one connection to the Runtime API, for one invocation at a time;
// an [Extension] is this process in the eyes of the Extensions API.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
package runtimeapi
