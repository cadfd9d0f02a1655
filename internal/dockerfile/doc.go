// Package dockerfile reads Dockerfiles, as far as it takes to add an instruction to one of their
// stages and to know what a stage exposes and where it writes.
package dockerfile
