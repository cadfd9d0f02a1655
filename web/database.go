package web

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

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

	// endpoint calls the CDK, which panics if an imported one does not know.
	endpoint func(d Database) (host, port string)

	// connect grants the login as a user. It is called if noLogin, which says why a login with IAM
	// or with a password cannot work, returned nil.
	connect     func(to awsiam.IGrantable, user string)
	noLogin     func(path string, byIAM bool) *Problem
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
// server uses. The name may be empty if the server knows it. A read replica has no secret of its
// own, so it needs WithSecret, with that of its source, or WithUser.
func DatabaseInstance(instance awsrds.IDatabaseInstance, name string) Database {
	return Database{
		kind: "database instance", resource: instance, name: name,
		endpoint: func(Database) (host, port string) {
			return *instance.DbInstanceEndpointAddress(), *instance.DbInstanceEndpointPort()
		},
		connect: func(to awsiam.IGrantable, user string) { connectInstance(instance, to, user) },
		noLogin: func(path string, byIAM bool) *Problem {
			return noInstanceLogin(instance, path, byIAM)
		},
		connections: func() awsec2.Connections { return instance.Connections() },
	}
}

// connectInstance lets a role log in to an instance as a user. GrantConnect of the CDK does it too,
// but names a read replica by its ARN instead of its id, unless a feature flag is set.
func connectInstance(instance awsrds.IDatabaseInstance, to awsiam.IGrantable, user string) {
	resource, ok := instance.Node().DefaultChild().(awsrds.CfnDBInstance)
	if !ok { // it is imported
		instance.GrantConnect(to, &user)
		return
	}
	resource.SetEnableIamDatabaseAuthentication(new(true))
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee: to,
		Actions: new(pointers([]string{"rds-db:connect"})),
		ResourceArns: &[]*string{awscdk.Stack_Of(instance).FormatArn(&awscdk.ArnComponents{
			Service: new("rds-db"), Resource: new("dbuser"),
			ResourceName: new(*resource.AttrDbiResourceId() + "/" + user),
			ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})},
	})
}

// noInstanceLogin says why nobody logs in to an instance with IAM.
func noInstanceLogin(instance awsrds.IDatabaseInstance, path string, byIAM bool) *Problem {
	if !byIAM {
		return nil
	}
	if resource, ok := instance.Node().DefaultChild().(awsrds.CfnDBInstance); ok {
		return switchedOff(instance, path, resource.EnableIamDatabaseAuthentication())
	}
	if instance.InstanceResourceId() == nil {
		return noResourceID(path, "InstanceResourceId in awsrds.DatabaseInstanceAttributes")
	}
	return nil
}

// switchedOff is the problem of a database of the app that somebody has switched IAM off for.
func switchedOff(database awscdk.IResource, path string, iam any) *Problem {
	if iam == nil {
		return nil
	}
	if on, ok := awscdk.Stack_Of(database).Resolve(iam).(bool); !ok || on {
		return nil
	}
	return &Problem{
		Message: path + " takes no logins with IAM",
		Fix: fmt.Sprintf("set IamAuthentication of %s to true, or leave it out",
			*database.Node().Path()),
	}
}

// noResourceID is the problem of an imported database.
func noResourceID(path, field string) *Problem {
	return &Problem{
		Message: path + " has no resource id that is known, for the permission to log in with IAM",
		Fix:     "set " + field,
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
			// GrantConnect of the CDK does not switch IAM on, as that of instances does.
			if resource, ok := cluster.Node().DefaultChild().(awsrds.CfnDBCluster); ok {
				resource.SetEnableIamDatabaseAuthentication(new(true))
			}
			cluster.GrantConnect(to, &user)
		},
		noLogin: func(path string, byIAM bool) *Problem {
			return noClusterLogin(cluster, path, byIAM)
		},
		connections: func() awsec2.Connections { return cluster.Connections() },
	}
}

// noClusterLogin says why nobody logs in to a cluster with IAM.
func noClusterLogin(cluster awsrds.IDatabaseCluster, path string, byIAM bool) *Problem {
	if !byIAM {
		return nil
	}
	if resource, ok := cluster.Node().DefaultChild().(awsrds.CfnDBCluster); ok {
		return switchedOff(cluster, path, resource.EnableIamDatabaseAuthentication())
	}
	if err := network.Try(func() { cluster.ClusterResourceIdentifier() }); err != nil {
		return noResourceID(path, "ClusterResourceIdentifier in awsrds.DatabaseClusterAttributes")
	}
	return nil
}

// DatabaseProxy is RDS Proxy in front of a database: it keeps the connections of servers that come
// and go, as on Lambda. The port is the database's: 5432 for PostgreSQL, 3306 for MySQL and
// MariaDB. The CDK does not know a proxy's secret, so it needs WithSecret or WithUser; an imported
// one needs WithSecurityGroups too.
//
// A proxy of the CDK takes connections over TLS only, unless its RequireTLS is false: the server's
// driver must be set to that (sslmode=require in PostgreSQL). For WithUser the proxy needs IamAuth,
// and then it takes no passwords.
func DatabaseProxy(proxy awsrds.IDatabaseProxy, port int, name string) Database {
	return Database{
		kind: "database proxy", resource: proxy, name: name, port: port,
		endpoint: func(Database) (host, text string) { return *proxy.Endpoint(), strconv.Itoa(port) },
		connect:  func(to awsiam.IGrantable, user string) { proxy.GrantConnect(to, &user) },
		noLogin:  func(path string, byIAM bool) *Problem { return noProxyLogin(proxy, path, byIAM) },
		connections: func() awsec2.Connections {
			if own, ok := proxy.(awsec2.IConnectable); ok {
				return own.Connections()
			}
			return nil
		},
	}
}

// noProxyLogin says why nobody logs in to a proxy with IAM, or with a password. Of an imported one
// nothing is known.
func noProxyLogin(proxy awsrds.IDatabaseProxy, path string, byIAM bool) *Problem {
	resource, ok := proxy.Node().DefaultChild().(awsrds.CfnDBProxy)
	if !ok {
		return nil
	}
	scheme := resource.DefaultAuthScheme()
	takesIAM := scheme != nil && *scheme == string(awsrds.DefaultAuthScheme_IAM_AUTH)
	takesPasswords := false
	var secrets []any
	if auth := resource.Auth(); auth != nil {
		secrets, ok = awscdk.Stack_Of(proxy).Resolve(auth).([]any)
		if !ok {
			return nil
		}
	}
	for _, secret := range secrets {
		secret, _ := secret.(map[string]any)
		switch secret["iamAuth"] {
		case "REQUIRED":
			takesIAM = true
		case nil, "DISABLED":
			takesPasswords = true
		default: // "ENABLED" is both, and of a token nothing is known
			takesIAM, takesPasswords = true, true
		}
	}
	switch {
	case byIAM && !takesIAM:
		return &Problem{
			Message: path + " takes no logins with IAM",
			Fix: fmt.Sprintf("set IamAuth of %s to true, or add WithSecret instead of WithUser",
				*proxy.Node().Path()),
		}
	case !byIAM && !takesPasswords:
		return &Problem{
			Message: path + " takes no passwords, only logins with IAM",
			Fix: fmt.Sprintf("add WithUser instead of WithSecret, or leave IamAuth of %s out",
				*proxy.Node().Path()),
		}
	}
	return nil
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
// authentication is switched on for an instance or a cluster of the app, but not for a proxy:
// set its IamAuth.
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
	s.openPort(login.connections, login.port, database.portOwner())
	s.waitForDatabase(database)
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

// variablePrefix is what the names of variables may begin with on every hosting.
var variablePrefix = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

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
	switch trimmed := strings.TrimRight(prefix, "_"); {
	case !variablePrefix.MatchString(prefix):
		report("must have a prefix of letters, digits and underscores that starts with a letter, "+
			`such as "DB"`, "")
	case trimmed != prefix:
		report("must have a prefix without the underscore at its end, because one is added",
			fmt.Sprintf("write %q", trimmed))
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
	problem := d.noLogin(path, d.byIAM)
	switch {
	case d.byIAM && !isNil(d.secret):
		report(
			"WithSecret and WithUser must not both be set",
			"leave WithSecret out for a server that logs in with IAM",
		)
	case d.byIAM && d.user == "":
		report("WithUser must have the name of a user", "")
	case problem != nil:
		problems = append(problems, *problem)
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
	var vpc awsec2.IVpc
	if of, ok := d.resource.(interface{ Vpc() awsec2.IVpc }); ok {
		vpc = of.Vpc()
	}
	if s.made.Connections == nil {
		if !isNil(vpc) {
			path += ", which is " + *vpc.Node().Path()
		}
		return []Problem{{
			Message: fmt.Sprintf(
				"needs the server in the VPC of %s: Connections of this service %s",
				path,
				s.noConnections(),
			),
		}}
	}
	if !otherVPC(s.VPC(), vpc) {
		return nil
	}
	problem := Problem{
		Message: fmt.Sprintf("needs the server in the VPC of %s, which is %s, and not in %s",
			path, *vpc.Node().Path(), *s.VPC().Node().Path()),
		Fix: "put both into one VPC; or if the VPCs are connected, set the variables with " +
			"AddEnvironment and AddSecret, and open the port with Connections",
	}
	if s.madeVPC() {
		problem.Message = fmt.Sprintf("needs the server in the VPC of %s, which is %s, and not in "+
			"a VPC made for this service because none was set", path, *vpc.Node().Path())
		problem.Fix = "set Workload.VPC to " + *vpc.Node().Path()
	}
	return []Problem{problem}
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
