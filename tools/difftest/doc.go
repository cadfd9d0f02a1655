// Package difftest compares how the library reads Dockerfiles and ignore files with how BuildKit
// does, over random files and over those that BuildKit's own tests read, and how webclient signs
// with how AWS's SDK does. DIFFTEST_COUNT is how many random files or requests each test makes.
package difftest
