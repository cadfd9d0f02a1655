// Package integ deploys what this library defines to a local AWS, and asks it over HTTP.
//
//	go test ./integ -deploy -v -timeout 2h
//	go test ./integ -deploy -v -run 'TestLambda/REST API'
//
// Without -deploy only the tests of its own helpers run. README.md says what it uses and what was
// found.
package integ
