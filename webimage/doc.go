// Package webimage says which container image a workload runs: pass [Go], [Dockerfile], [ECR], [URI] or [Asset] as the Image of
// a web.Workload.
//
// # One image for every hosting
//
// [Go] and [Dockerfile] build a portable image: the web server, unchanged, plus a small adapter in /opt/extensions. Only AWS
// Lambda starts what lies there, so the same digest answers requests on App Runner, on ECS and on Lambda. Where a workload runs
// does not change its image: the asset hash stays the same when the hosting does, and services of one stack that run the same
// image share one asset.
//
// # Paths
//
// A relative path starts at the folder of the nearest cdk.json (else go.mod) at or above the working directory. `cdk synth` and
// `go test ./...` therefore find the same files.
//
// # What synth does
//
// [Go] runs `go build`, and both compile the adapter for the image's architecture, once, and keep it in the user's cache folder
// (os.UserCacheDir). Nothing is built with Docker before `cdk deploy`. The build context that lands in cdk.out is complete: copied
// to another machine it still builds. What this package adds lies in archives that keep its file modes, also where the copy lost
// those of plain files; what a Dockerfile copies has the modes that the copy has. Only a [SecretFile] has to lie at the same place.
package webimage
