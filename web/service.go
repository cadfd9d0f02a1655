package web

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// ServiceProps are a workload and its hosting.
type ServiceProps struct {
	Workload

	// Hosting is where the workload runs: ecsweb.Hosting, lambdaweb.Hosting or apprunnerweb.Hosting. Required.
	Hosting Hosting
}

// Validate reports every problem of the props at once, joined with errors.Join, or nil. It needs no Node. What depends on the
// stack's account and region is checked by [NewService].
func (p *ServiceProps) Validate() error {
	if p == nil {
		p = &ServiceProps{}
	}
	return validate(p.Workload.withDefaults(), p.Hosting, Environment{})
}

// Service is a workload on a hosting.
type Service struct {
	constructs.Construct
	hosted Hosted
}

var _ awsiam.IGrantable = (*Service)(nil)

// NewService defines a service: everything that the workload needs on its hosting. It panics with an [*InvalidPropsError] when the
// props cannot work or the image does not compile; nothing has been added to the tree then.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	if props == nil {
		props = &ServiceProps{}
	}
	prepared := Prepare(scope, id, props.Workload, props.Hosting)

	s := &Service{}
	constructs.NewConstruct_Override(s, scope, &id)

	s.hosted = props.Hosting.Host(s, prepared)
	return s
}

// Hosted returns the service as its hosting's own type, such as *lambdaweb.Service, for what only that place has.
func (s *Service) Hosted() Hosted { return s.hosted }

// URL is where the service answers: https and a host name, behind a REST API also the stage's path, never a slash at the end. It
// holds tokens, so it is for outputs and other constructs rather than for printing.
func (s *Service) URL() string { return s.hosted.URL() }

// Role is what the running server may do: the workload's own, or the one that was made for it.
func (s *Service) Role() awsiam.IRole { return s.hosted.Role() }

// GrantPrincipal makes the service a grantee: table.GrantReadData(service).
func (s *Service) GrantPrincipal() awsiam.IPrincipal { return s.hosted.GrantPrincipal() }

// AddEnvironment sets an environment variable of the server. It panics with an [*InvalidPropsError] on a name that the hosting
// reserves, and where the variable has another value already.
func (s *Service) AddEnvironment(name, value string) { s.hosted.AddEnvironment(name, value) }

// UseTable lets the server use a DynamoDB table: it grants the access, with the table's indexes and key, and sets the environment
// variable to the table's name. Calling it again with the same table widens the access. It panics with an [*InvalidPropsError] where
// the variable is something else already.
//
// The table may be an awsdynamodb.Table, a TableV2 or an imported one. Of an imported table the CDK knows indexes and key only when
// it was imported with them (awsdynamodb.TableAttributes).
func (s *Service) UseTable(name string, table awsdynamodb.ITable, access Access) {
	s.hosted.UseTable(name, table, access)
}

// Access is what a service may do with a table's items.
type Access string

const (
	// Read is getting, querying and scanning items.
	Read Access = "read"

	// Write is putting, updating and deleting items.
	Write Access = "write"

	// ReadWrite is both.
	ReadWrite Access = "read and write"
)
