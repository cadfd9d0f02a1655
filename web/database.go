package web

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

	"github.com/cdkweb/cdkweb/internal/network"
)

// Database is a relational database of Amazon RDS or Aurora, and how a server gets into it: a
// [DatabaseInstance], a [DatabaseCluster] or a [DatabaseProxy].
//
// A server that logs in with a password gets its user and password from a secret in Secrets
// Manager: that of the main user, which the CDK makes with the database, or the one that WithSecret
// names. WithUser is for a server that logs in with IAM, and has no password.
type Database struct {
	kind     string // "database instance"
	resource awscdk.IResource
	name     string // of the database in it

	// endpoint and connect call the CDK, which panics if an imported one does not know.
	endpoint    func(d Database) (host, port string)
	connect     func(to awsiam.IGrantable, user string)
	connections func() awsec2.Connections
	port        int // of a proxy
	hasReader   bool

	secret    awssecretsmanager.ISecret
	user      string
	byIAM     bool
	reader    bool
	groups    []awsec2.ISecurityGroup
	groupsSet bool
}

// DatabaseInstance is a database instance of RDS, and the name of the database in it that the
// server uses. The name may be empty if the server knows it.
func DatabaseInstance(instance awsrds.IDatabaseInstance, name string) Database {
	return Database{
		kind: "database instance", resource: instance, name: name,
		endpoint: func(Database) (host, port string) {
			return *instance.DbInstanceEndpointAddress(), *instance.DbInstanceEndpointPort()
		},
		connect:     func(to awsiam.IGrantable, user string) { instance.GrantConnect(to, &user) },
		connections: func() awsec2.Connections { return instance.Connections() },
	}
}

// DatabaseCluster is a cluster of Aurora, provisioned or serverless, or a Multi-AZ cluster of RDS,
// and the name of the database in it that the server uses. The name may be empty if the server
// knows it. The server gets the address of the writer, or with WithReader that of the readers.
func DatabaseCluster(cluster awsrds.IDatabaseCluster, name string) Database {
	return Database{
		kind: "database cluster", resource: cluster, name: name, hasReader: true,
		endpoint: func(d Database) (host, port string) {
			endpoint := cluster.ClusterEndpoint()
			if d.reader {
				endpoint = cluster.ClusterReadEndpoint()
			}
			return *endpoint.Hostname(), *awscdk.Tokenization_StringifyNumber(endpoint.Port())
		},
		connect: func(to awsiam.IGrantable, user string) {
			switchOnIAM(cluster)
			cluster.GrantConnect(to, &user)
		},
		connections: func() awsec2.Connections { return cluster.Connections() },
	}
}

// switchOnIAM lets users log in to a cluster of the app with IAM, which GrantConnect of the CDK does
// for instances alone. It panics as that does if the user has switched it off.
func switchOnIAM(cluster awsrds.IDatabaseCluster) {
	resource, ok := cluster.Node().DefaultChild().(awsrds.CfnDBCluster)
	if !ok { // it is imported
		return
	}
	if on, ok := resource.EnableIamDatabaseAuthentication().(bool); ok && !on {
		panic("Cannot grant connect when IAM authentication is disabled")
	}
	resource.SetEnableIamDatabaseAuthentication(new(true))
}

// DatabaseProxy is RDS Proxy in front of a database: it keeps the connections of servers that come
// and go, as on Lambda. The port is the database's: 5432 for PostgreSQL, 3306 for MySQL and
// MariaDB. The CDK does not know a proxy's secret, so it needs WithSecret or WithUser; an imported
// one needs WithSecurityGroups too.
func DatabaseProxy(proxy awsrds.IDatabaseProxy, port int, name string) Database {
	return Database{
		kind: "database proxy", resource: proxy, name: name, port: port,
		endpoint: func(Database) (host, text string) { return *proxy.Endpoint(), strconv.Itoa(port) },
		connect:  func(to awsiam.IGrantable, user string) { proxy.GrantConnect(to, &user) },
		connections: func() awsec2.Connections {
			if own, ok := proxy.(awsec2.IConnectable); ok {
				return own.Connections()
			}
			return nil
		},
	}
}

// WithSecret names the secret that has the user and the password, in the fields username and
// password as RDS writes them: of an imported database, or of a user that may do less than the main
// one.
func (d Database) WithSecret(secret awssecretsmanager.ISecret) Database {
	d.secret = secret
	return d
}

// WithUser has the server log in as a user of the database with IAM, without a password: it
// connects over TLS, and makes a token with the AWS SDK that counts as the password for 15 minutes.
// The user must exist, and be allowed to log in so (in PostgreSQL: GRANT rds_iam TO name). IAM
// authentication is switched on for a database of the app.
func (d Database) WithUser(name string) Database {
	d.user, d.byIAM = name, true
	return d
}

// WithReader gives the server the address of a cluster's readers instead of the writer's.
func (d Database) WithReader() Database {
	d.reader = true
	return d
}

// WithSecurityGroups names the security groups of an imported database that the CDK does not know.
func (d Database) WithSecurityGroups(groups ...awsec2.ISecurityGroup) Database {
	d.groups, d.groupsSet = groups, true
	return d
}

// UseDatabase lets the server use a relational database. It sets variables whose names begin with a
// prefix, grants what they need, and opens the database's port for the server. With the prefix DB:
//
//   - DB_HOST and DB_PORT are where the database is,
//   - DB_NAME is the name of the database in it, if it was given,
//   - DB_USER and DB_PASSWORD are from the database's secret, as with AddSecret. With
//     Database.WithUser there is no DB_PASSWORD, and the server may log in with IAM as DB_USER.
//
// The server must be in the database's VPC: set Workload.VPC. UseDatabase panics with an
// [*InvalidPropsError] if anything of it cannot work; then nothing was granted or set.
func (s *Service) UseDatabase(prefix string, database Database) {
	login, problems := s.checkDatabase(prefix, database)
	if len(problems) == 0 && database.byIAM {
		problems = s.grantLogin(database)
	}
	if len(problems) > 0 {
		for i, problem := range problems {
			name := prefix
			if problem.Field != "" {
				name = problem.Field
			}
			problems[i].Field = fmt.Sprintf("UseDatabase(%q)", prefix)
			if name != prefix {
				problems[i].Message = fmt.Sprintf(
					"needs the variable %s, which %s",
					name,
					problem.Message,
				)
			}
		}
		s.panic(problems...)
	}
	for _, name := range slices.Sorted(maps.Keys(login.variables)) {
		s.setVariable(name, login.variables[name])
	}
	for _, name := range slices.Sorted(maps.Keys(login.secrets)) {
		s.setSecret(name, login.secrets[name])
	}
	s.openPort(login.connections, login.port)
}

// grantLogin lets the server log in with IAM. The CDK's error comes before it has changed anything.
func (s *Service) grantLogin(d Database) []Problem {
	logsIn := granted{d.resource, Access("log in as " + d.user)}
	if s.granted[logsIn] {
		return nil
	}
	if err := network.Try(func() { d.connect(s.made.Role, d.user) }); err != nil {
		return []Problem{
			{Message: fmt.Sprintf("cannot let the server log in as %q with IAM: %s", d.user, err)},
		}
	}
	s.granted[logsIn] = true
	return nil
}

// login is what a server needs to get into a database.
type login struct {
	variables   map[string]string
	secrets     map[string]Secret
	connections awsec2.Connections
	port        awsec2.Port
}

// checkDatabase returns what a server needs to get into a database, or why it cannot. The field of
// a problem is a variable, or empty.
func (s *Service) checkDatabase(prefix string, d Database) (*login, []Problem) {
	var problems []Problem
	report := func(message, fix string) {
		problems = append(problems, Problem{Message: message, Fix: fix})
	}
	if isNil(d.resource) {
		what := d.kind
		if what == "" {
			what = "database"
		}
		report(
			what+" must not be nil",
			"pass one to web.DatabaseInstance, web.DatabaseCluster or web.DatabaseProxy",
		)
		return nil, problems
	}
	path := fmt.Sprintf("the %s %s", d.kind, *d.resource.Node().Path())
	if prefix == "" {
		report("must have a prefix for the names of the variables", `such as "DB" for DB_HOST`)
	}
	if d.reader && !d.hasReader {
		report(path+" has no readers", "leave WithReader out")
	}
	if d.kind == "database proxy" && (d.port < 1 || d.port > 65535) {
		report(fmt.Sprintf("the port of %s must be between 1 and 65535, got %d", path, d.port), "")
	}
	problems = append(problems, s.checkDatabaseNetwork(path, d)...)

	l := &login{variables: map[string]string{}, secrets: map[string]Secret{}}
	l.connections, l.port = d.connected()
	if l.connections == nil || len(*l.connections.SecurityGroups()) == 0 {
		report(path+" has no security group that is known, which is to let the server in",
			"name those that it was imported with, or add WithSecurityGroups")
	}
	err := network.Try(
		func() { l.variables[prefix+"_HOST"], l.variables[prefix+"_PORT"] = d.endpoint(d) },
	)
	if err != nil {
		report(
			fmt.Sprintf("%s does not tell its address: %s", path, err),
			"name it when you import it",
		)
	}
	if d.name != "" {
		l.variables[prefix+"_NAME"] = d.name
	}
	secret := d.loginSecret()
	switch {
	case d.byIAM && !isNil(d.secret):
		report(
			"WithSecret and WithUser must not both be set",
			"leave WithSecret out for a server that logs in with IAM",
		)
	case d.byIAM && d.user == "":
		report("WithUser must have the name of a user", "")
	case d.byIAM:
		l.variables[prefix+"_USER"] = d.user
	case isNil(secret):
		report(path+" has no secret that is known, with its user and password",
			"name it with WithSecret, or add WithUser for a server that logs in with IAM")
	default:
		l.secrets[prefix+"_USER"] = SecretsManager(secret, "username")
		l.secrets[prefix+"_PASSWORD"] = SecretsManager(secret, "password")
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return l, s.checkLogin(l)
}

// checkLogin checks all variables of a login, by themselves and together.
func (s *Service) checkLogin(l *login) []Problem {
	var problems []Problem
	report := func(name string, problem *Problem) {
		if problem != nil {
			problem.Field = name
			problems = append(problems, *problem)
		}
	}
	all, secrets := s.check.variables(), maps.Clone(s.check.Workload.Secrets)
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		report(name, s.checkVariable(name, l.variables[name]))
		all[name] = l.variables[name]
	}
	for _, name := range slices.Sorted(maps.Keys(l.secrets)) {
		report(name, s.checkSecret(name, l.secrets[name]))
		secrets[name] = l.secrets[name]
	}
	if len(problems) == 0 {
		report("", s.check.variablesSize(all, secrets))
	}
	return problems
}

// checkDatabaseNetwork reports a server that cannot get to a database. The problem has no field.
func (s *Service) checkDatabaseNetwork(path string, d Database) []Problem {
	if s.made.Connections == nil {
		return []Problem{{
			Message: fmt.Sprintf(
				"needs the server in the VPC of %s: Connections of this service %s",
				path,
				s.noConnections(),
			),
		}}
	}
	of, ok := d.resource.(interface{ Vpc() awsec2.IVpc })
	if !ok || !otherVPC(s.VPC(), of.Vpc()) {
		return nil
	}
	return []Problem{{
		Message: fmt.Sprintf("needs the server in the VPC of %s, which is %s, and not in %s",
			path, *of.Vpc().Node().Path(), *s.VPC().Node().Path()),
		Fix: "put both into one VPC; or if the VPCs are connected, set the variables with " +
			"AddEnvironment and AddSecret, and open the port with Connections",
	}}
}

// connected are the connections of the database, nil if none are known, and its port.
func (d Database) connected() (connections awsec2.Connections, port awsec2.Port) {
	if connections = d.connections(); connections != nil {
		port = connections.DefaultPort()
	}
	if d.port != 0 {
		port = awsec2.Port_Tcp(new(float64(d.port)))
	}
	if d.groupsSet {
		connections = awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &d.groups})
	}
	return connections, port
}

// loginSecret is the one that was named, or the database's own; nil if none is known.
func (d Database) loginSecret() awssecretsmanager.ISecret {
	if !isNil(d.secret) {
		return d.secret
	}
	if own, ok := d.resource.(interface {
		Secret() awssecretsmanager.ISecret
	}); ok {
		return own.Secret()
	}
	return nil
}
