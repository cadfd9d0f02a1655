// Package adapter compiles the Lambda adapter, the small Linux program that lets a web server take
// AWS Lambda invocations. [Build] returns it, [Path] is where it lies in an image.
//
// The program's sources are in the folder program and in this package, as text. They are compiled
// once on each machine, and the result must have the hash that adapter.sum names: every machine
// makes the same image, and nobody can put another program into it. For that one toolchain compiles
// it everywhere; the go command fetches it from the module proxy if another Go is installed.
package adapter
