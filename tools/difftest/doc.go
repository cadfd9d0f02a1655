// Package difftest compares how the library reads Dockerfiles and ignore files with how BuildKit
// does, over random files and over those that BuildKit's own tests read. DIFFTEST_COUNT is how many
// random files each test makes.
package difftest
