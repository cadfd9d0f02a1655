package web

import (
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/webimage"
)

// Hosting is where a workload runs, such as apprunnerweb.Hosting or lambdaweb.Hosting, with the
// options that only that place has. Users set its fields. The methods are for this package, and for
// who writes a hosting: see web/hostingtest, which tests one, and web/hostingtest/memweb, a short
// one.
type Hosting interface {
	// Platform is what AWS promises of the place. [NewService] checks the workload against it:
	// needs, port, variables, image, region.
	Platform() *platform.Platform

	// Check checks the hosting's own options. It must not need Node, and must not change anything.
	Check(c *Check)

	// Define adds the hosting's resources to scope, an empty construct of their own. Everything is
	// valid.
	Define(scope constructs.Construct, in *Definition) Made
}

// Definition is what there is to define.
type Definition struct {
	// Workload with its defaults. Its Environment is in Variables.
	Workload Workload

	// Image as the stack refers to it.
	Image *webimage.Bound

	// Facts are what is known of the image, with defaults.
	Facts webimage.Facts

	// Variables are the server's environment: PORT, those that the hosting set in its Check, those
	// of the workload, and those that are added until the app synthesizes.
	Variables *Variables

	// Secrets are the variables whose values are secrets, as references in the form that Amazon ECS
	// takes: the ARN of a Secrets Manager secret with the field, stage and version behind it, or the
	// ARN of a parameter. A hosting whose platform promises Secrets hands the server the values.
	Secrets *Variables

	// Domain is the service's own, by which the hosting answers; nil if it has none. Made.Alias
	// says what leads there.
	Domain *DomainDefinition

	// Private says that only a VPC may reach the service, and AllowFrom which addresses are let in,
	// all if there are none. WebACL is the ARN of what Made.Protected is associated with.
	Private   bool
	WebACL    string
	AllowFrom []netip.Prefix

	platform *platform.Platform
	place    *place
	warn     func(id, message string) // adds a warning to the service
	add      func(name, value string, size int)
	fits     func(name string, size int) *Problem
}

// Role returns the workload's role, as Adopt does, or makes one below scope that the platform's
// principal can assume.
func (d *Definition) Role(scope constructs.Construct, id string) awsiam.IRole {
	if d.Workload.Role != nil {
		return d.Adopt(scope, id, d.Workload.Role)
	}
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy: d.Principal(d.platform.Principal),
	})
}

// Adopt returns a role of the user's that can be granted what stands in the service's stack. It is
// the role itself if it is made in that stack. Else it stands for the role, and keeps what it is
// granted in a policy below scope: in the role's own stack that would make the two stacks need each
// other. If the role takes no policies, the service carries a warning as soon as one is missing.
func (d *Definition) Adopt(scope constructs.Construct, id string, role awsiam.IRole) awsiam.IRole {
	if adopted, ok := role.(*foreignRole); ok {
		return adopted
	}
	if _, made := role.(awsiam.Role); made && role.Stack() == d.place.stack {
		return role
	}
	return newForeignRole(scope, id, role, d.warn)
}

// Warn adds a warning to the service, which users acknowledge by its id. What is known before
// anything is made is for [Check.Warn].
func (d *Definition) Warn(id, message string) { d.warn(id, message) }

// AddVariable adds a variable of the hosting's to the service that is defined, such as one with the
// secrets of the front above it. Its size counts as if the value had so many bytes, which may be a
// reference.
func (d *Definition) AddVariable(name, value string, size int) { d.add(name, value, size) }

// Fits returns a problem, without a field, if there is no room for a variable that [AddVariable]
// would add.
func (d *Definition) Fits(name string, size int) *Problem { return d.fits(name, size) }

// Principal is an AWS service, such as ecs.amazonaws.com, for a role that the hosting needs beside
// the server's.
func (d *Definition) Principal(service string) awsiam.IPrincipal {
	return d.place.principal(service)
}

// Made is what a hosting made.
type Made struct {
	// URL returns https, or http where there is no certificate, and a host name, maybe a path,
	// without a slash at the end. It may hold tokens. nil if nobody can call the service.
	URL func() string

	// NoURL says why there is no URL, after the word URL: "is not there: the function has no
	// endpoint; set Hosting.Endpoint". Required if URL is nil.
	NoURL string

	// Role is what the running server may do.
	Role awsiam.IRole

	// SecretReader is what reads the secrets when the server starts, such as the execution role of a
	// task. It is called for the first secret. Optional. Default: Role.
	SecretReader func() awsiam.IGrantable

	// Primary is the hosting's main resource, which is the default child of the service.
	Primary constructs.IConstruct

	// Environment returns the property of an L1 construct in which the variables stand, so that
	// those which are added after somebody replaced the property are an error instead of missing.
	// Optional. Default: nothing is noticed.
	Environment func() any

	// Reach is what others need to call the service by its URL. Optional. Default: nothing, the URL is
	// on the internet and open to everybody.
	Reach Reach

	// Alias is what the records of the domain lead to. Required with Definition.Domain, unless that
	// has no zone.
	Alias Alias

	// Protected is what a web ACL is associated with. Required if the platform can have one;
	// without an ARN if the Check found that what takes the requests has the web ACL already.
	Protected Protected

	// Verify makes what takes the requests refuse those that do not come from the front above the
	// service; nil if it cannot, and Unverified says why, after the words "because": "App Runner
	// checks no headers".
	Verify     Verifier
	Unverified string

	// Network is where in a VPC the server is, so that a synthesis finds out what it does not reach
	// from there; nil if it is in none, or in one that is not known.
	Network *Network

	// Connections are the network connections of the server; nil if it is in no security group that
	// is known.
	Connections awsec2.Connections

	// NoConnections says why there are none: "Connections need a security group; set Hosting.VPC".
	// Optional.
	NoConnections string

	// Resources is a pointer to a struct with everything else that was made, such as
	// *lambdaweb.Resources. [Service.Resources] returns it.
	Resources any
}
