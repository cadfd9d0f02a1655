// Package settings holds the environment variables that the adapter reads: their
// names, what they may be and what they mean. They are those of AWS Lambda Web
// Adapter 1.x ("LWA"), so that one adapter can replace the other, and a few of
// its own.
//
// The program calls [Read]. A library that writes the variables calls [Check]
// for literal values, so that what it accepts is what the program accepts, and
// [Setting.NeutralFor] where a workload has a variable that only looks like an
// older name of a setting.
package settings
