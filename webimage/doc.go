// Package webimage says which container image a workload runs: pass [Go], [Dockerfile], [ECR],
// [URI] or [Asset] as the Image of a web.Workload.
//
// # One image for every hosting
//
// [Go] and [Dockerfile] build a portable image: the web server, unchanged, plus a small adapter in
// /opt/extensions. Only AWS Lambda starts programs there by itself, so the same digest serves
// requests on App Runner, on ECS and on Lambda. An image does not depend on where its workload runs: the asset hash
// stays the same if the hosting changes, and services of one stack that run the same image share
// one asset.
//
// Images that exist ([ECR], [URI], [Asset]) stay as they are. Say in [ExistingOptions] what is in
// them.
//
// # Paths
//
// A relative path starts at the folder of the nearest cdk.json (else go.mod) at or above the
// working directory. `cdk synth` and `go test ./...` therefore find the same files.
//
// # What synth does
//
// An image is staged once per app, however many stacks and stages use it: [Go] compiles the server,
// [Dockerfile] copies the files that the build may see, and both add the adapter, which is compiled
// once and kept in the user's cache folder (os.UserCacheDir). Nothing is built with Docker before
// `cdk deploy`. `cdk ls` and `cdk destroy` stage nothing.
//
// The build context in cdk.out is complete: copied to another machine it still builds. What this
// package adds is in archives, so its file modes survive such a copy. Files that a Dockerfile
// copies keep whatever mode the copy has. A [SecretFile] must exist at the same path on the machine
// that deploys.
//
// The asset hash follows the contents of files and which of them may be executed, as git does. It
// does not follow their other modes, owners and times.
package webimage
