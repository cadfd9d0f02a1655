package web_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webtest"
)

// inVPC is a stack with a VPC.
func inVPC(t *testing.T) (awscdk.Stack, awsec2.IVpc) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	return stack, newVPC(stack)
}

func newVPC(stack awscdk.Stack) awsec2.IVpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
}

// postgres adds a database. IAM authentication is on, off, or nil if nobody said.
func postgres(stack awscdk.Stack, id string, vpc awsec2.IVpc, iam *bool) awsrds.DatabaseInstance {
	return awsrds.NewDatabaseInstance(stack, &id, &awsrds.DatabaseInstanceProps{
		Vpc: vpc, Engine: awsrds.DatabaseInstanceEngine_POSTGRES(), StorageEncrypted: new(true), IamAuthentication: iam,
	})
}

func aurora(stack awscdk.Stack, id string, vpc awsec2.IVpc, iam *bool) awsrds.DatabaseCluster {
	return awsrds.NewDatabaseCluster(stack, &id, &awsrds.DatabaseClusterProps{
		Vpc: vpc, StorageEncrypted: new(true), IamAuthentication: iam,
		Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{
			Version: awsrds.AuroraPostgresEngineVersion_VER_16_4(),
		}),
		Writer: awsrds.ClusterInstance_ServerlessV2(new("Writer"), nil),
	})
}

// A proxy takes logins with IAM, or with a password. An imported one does not say.
func TestLoginsOfAProxy(t *testing.T) {
	stack, vpc := inVPC(t)
	site := on(stack, "Site", fargateweb.Hosting{}, vpc)
	database := postgres(stack, "Database", vpc, nil)
	secret := database.Secret()
	proxy := func(id string, options *awsrds.DatabaseProxyOptions) awsrds.DatabaseProxy {
		options.Vpc = vpc
		if options.DefaultAuthScheme == "" {
			options.Secrets = &[]awssecretsmanager.ISecret{secret}
		}
		return database.AddProxy(&id, options)
	}
	password := proxy("Password", &awsrds.DatabaseProxyOptions{})
	iam := proxy("IAM", &awsrds.DatabaseProxyOptions{IamAuth: new(true)})
	all := proxy("All", &awsrds.DatabaseProxyOptions{DefaultAuthScheme: awsrds.DefaultAuthScheme_IAM_AUTH})
	both := proxy("Both", &awsrds.DatabaseProxyOptions{})
	both.Node().DefaultChild().(awsrds.CfnDBProxy).SetAuth([]any{
		&awsrds.CfnDBProxy_AuthFormatProperty{AuthScheme: new("SECRETS"), SecretArn: secret.SecretArn()},
		&awsrds.CfnDBProxy_AuthFormatProperty{AuthScheme: new("SECRETS"), SecretArn: secret.SecretArn(), IamAuth: new("REQUIRED")},
	})
	imported := awsrds.DatabaseProxy_FromDatabaseProxyAttributes(stack, new("Imported"), &awsrds.DatabaseProxyAttributes{
		DbProxyArn: new("arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-1"), DbProxyName: new("old"), Endpoint: new("proxy.example.com"),
		SecurityGroups: &[]awsec2.ISecurityGroup{},
	})
	group := awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)
	for _, test := range []struct {
		proxy          awsrds.IDatabaseProxy
		path           string
		user, password bool
	}{
		{password, "Stack/Database/Password", false, true},
		{iam, "Stack/Database/IAM", true, false},
		{all, "Stack/Database/All", true, false},
		{both, "Stack/Database/Both", true, true},
		{imported, "Stack/Imported", true, true},
	} {
		use := func(prefix string, login func(web.Database) web.Database) func() {
			return func() {
				site.UseDatabase(prefix, login(web.DatabaseProxy(test.proxy, 5432, "").WithSecurityGroups(group)))
			}
		}
		id := strings.ToUpper(test.path[strings.LastIndexByte(test.path, '/')+1:])
		byUser := use(id+"_USER", func(d web.Database) web.Database { return d.WithUser("app") })
		if test.user {
			byUser()
		} else {
			hostingtest.WantPanic(t, "Stack/Site", "the database proxy "+test.path+" takes no logins with IAM; set IamAuth of "+test.path, byUser)
		}
		byPassword := use(id+"_PASSWORD", func(d web.Database) web.Database { return d.WithSecret(secret) })
		if test.password {
			byPassword()
		} else {
			hostingtest.WantPanic(t, "Stack/Site", "the database proxy "+test.path+" takes no passwords, only logins with IAM; add WithUser instead of WithSecret", byPassword)
		}
	}
	hostingtest.WantPanic(t, "Stack/Site", "takes no passwords, only logins with IAM; add WithUser",
		func() { site.UseDatabase("DB", web.DatabaseProxy(iam, 5432, "")) })
	templatetest.Of(t, stack)
}

// The CDK names the ARN of a read replica in the policy, unless a feature flag is set.
func TestLoginToAReadReplica(t *testing.T) {
	for _, flag := range []bool{false, true} {
		stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
		stack.Node().SetContext(new("@aws-cdk/aws-rds:setCorrectValueForDatabaseInstanceReadReplicaInstanceResourceId"), flag)
		vpc := newVPC(stack)
		database := postgres(stack, "Database", vpc, nil)
		replica := awsrds.NewDatabaseInstanceReadReplica(stack, new("Replica"), &awsrds.DatabaseInstanceReadReplicaProps{
			SourceDatabaseInstance: database, Vpc: vpc,
			InstanceType: awsec2.InstanceType_Of(awsec2.InstanceClass_BURSTABLE4_GRAVITON, awsec2.InstanceSize_MICRO),
		})
		site := on(stack, "Site", fargateweb.Hosting{}, vpc)
		site.UseDatabase("REPLICA", web.DatabaseInstance(replica, "shop").WithUser("app"))
		site.UseDatabase("PLAIN", web.DatabaseInstance(replica, "shop").WithSecret(database.Secret()))

		template := templatetest.Of(t, stack)
		text, id := templatetest.JSON(t, template.Resources), ""
		for _, instance := range template.IDs("AWS::RDS::DBInstance") {
			if strings.HasPrefix(instance, "Replica") {
				id = instance
			}
			on := template.Resources[instance].Properties["EnableIAMDatabaseAuthentication"] == true
			if on != strings.HasPrefix(instance, "Replica") {
				t.Errorf("%s: got IAM authentication %v", instance, on)
			}
		}
		if want := `":dbuser:",{"Fn::GetAtt":["` + id + `","DbiResourceId"]},"/app"`; !strings.Contains(text, want) {
			t.Errorf("flag %v: the policies lack %s", flag, want)
		}
		if strings.Contains(text, `"DBInstanceArn"`) {
			t.Errorf("flag %v: the policies hold the replica's ARN", flag)
		}
	}
}

// What keeps a user from logging in with IAM is said with the field that changes it.
func TestLoginWithIAMThatCannotWork(t *testing.T) {
	stack, vpc := inVPC(t)
	site := on(stack, "Site", lambdaweb.Hosting{}, vpc)
	groups := &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)}
	oldInstance := func(id string, resource *string) awsrds.IDatabaseInstance {
		return awsrds.DatabaseInstance_FromDatabaseInstanceAttributes(stack, &id, &awsrds.DatabaseInstanceAttributes{
			InstanceIdentifier: new("old"), InstanceEndpointAddress: new("old.example.com"), Port: new(5432.0), SecurityGroups: groups,
			InstanceResourceId: resource,
		})
	}
	oldCluster := func(id string, resource *string) awsrds.IDatabaseCluster {
		return awsrds.DatabaseCluster_FromDatabaseClusterAttributes(stack, &id, &awsrds.DatabaseClusterAttributes{
			ClusterIdentifier: new("old"), ClusterEndpointAddress: new("old.example.com"), Port: new(5432.0), SecurityGroups: groups,
			ClusterResourceIdentifier: resource,
		})
	}
	for _, test := range []struct {
		database web.Database
		want     string
	}{
		{web.DatabaseInstance(postgres(stack, "Off", vpc, new(false)), ""), "the database instance Stack/Off takes no logins with IAM; set IamAuthentication of Stack/Off to true, or leave it out"},
		{web.DatabaseCluster(aurora(stack, "OffCluster", vpc, new(false)), ""), "the database cluster Stack/OffCluster takes no logins with IAM; set IamAuthentication of Stack/OffCluster to true, or leave it out"},
		{web.DatabaseInstance(oldInstance("Old", nil), ""), "the database instance Stack/Old has no resource id that is known, for the permission to log in with IAM; set InstanceResourceId in awsrds.DatabaseInstanceAttributes"},
		{web.DatabaseCluster(oldCluster("OldCluster", nil), ""), "the database cluster Stack/OldCluster has no resource id that is known, for the permission to log in with IAM; set ClusterResourceIdentifier in awsrds.DatabaseClusterAttributes"},
	} {
		hostingtest.WantPanic(t, "Stack/Site", `UseDatabase("DB") `+test.want, func() { site.UseDatabase("DB", test.database.WithUser("app")) })
	}
	site.UseDatabase("ON", web.DatabaseInstance(postgres(stack, "On", vpc, new(true)), "").WithUser("app"))
	site.UseDatabase("ON_CLUSTER", web.DatabaseCluster(aurora(stack, "OnCluster", vpc, new(true)), "").WithUser("app"))
	site.UseDatabase("KNOWN", web.DatabaseInstance(oldInstance("Known", new("db-ONE")), "").WithUser("app"))
	site.UseDatabase("KNOWN_CLUSTER", web.DatabaseCluster(oldCluster("KnownCluster", new("cluster-TWO")), "").WithUser("app"))
	text := templatetest.JSON(t, templatetest.Of(t, stack).Resources)
	for _, want := range []string{`:dbuser:db-ONE/app"`, `:dbuser:cluster-TWO/app"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the policies lack %s", want)
		}
	}
}

// A prefix is good for all its variables on every hosting, or named once.
func TestDatabasePrefix(t *testing.T) {
	stack, vpc := inVPC(t)
	database := postgres(stack, "Database", vpc, nil)
	for id, hosting := range map[string]web.Hosting{"Lambda": lambdaweb.Hosting{}, "Fargate": fargateweb.Hosting{}} {
		site := on(stack, id, hosting, vpc)
		for _, test := range []struct{ prefix, want string }{
			{"", `UseDatabase("") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"db-", `UseDatabase("db-") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"1DB", `UseDatabase("1DB") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"_DB", `UseDatabase("_DB") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"DÄ", `UseDatabase("DÄ") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{*stack.Region(), `) must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"DB_", `UseDatabase("DB_") must have a prefix without the underscore at its end, because one is added; write "DB"`},
		} {
			hostingtest.WantPanic(t, "Stack/"+id, test.want, func() {
				defer func() {
					err := recover().(*web.InvalidPropsError)
					if len(err.Problems) != 1 {
						t.Errorf("%q: got %d problems, want one:\n%v", test.prefix, len(err.Problems), err)
					}
					panic(err)
				}()
				site.UseDatabase(test.prefix, web.DatabaseInstance(database, "shop"))
			})
		}
		site.UseDatabase("Db2_orders", web.DatabaseInstance(database, "shop").WithUser("app"))
	}
}

// Who is in no VPC, or in another one, is told which to set.
func TestWhichVPC(t *testing.T) {
	stack, vpc := inVPC(t)
	database := web.DatabaseInstance(postgres(stack, "Database", vpc, nil), "shop")
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})
	private := on(stack, "Private", fargateweb.Hosting{LoadBalancer: front}, nil)
	other := awsec2.NewVpc(stack, new("Other"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	for _, test := range []struct {
		id       string
		hosting  web.Hosting
		vpc      awsec2.IVpc
		database string
		service  string
	}{
		{
			id: "Function", hosting: lambdaweb.Hosting{},
			database: "the database instance Stack/Database, which is Stack/VPC: Connections of this service need a VPC; set Workload.VPC",
			service:  "which is reached from the VPC Stack/VPC only: Connections of this service need a VPC; set Workload.VPC",
		},
		{
			id: "Runner", hosting: apprunnerweb.Hosting{},
			database: "the database instance Stack/Database, which is Stack/VPC: Connections of this service need a VPC; set Workload.VPC",
			service:  "which is reached from the VPC Stack/VPC only: Connections of this service need a VPC; set Workload.VPC",
		},
		{
			id: "Tasks", hosting: fargateweb.Hosting{},
			database: "which is Stack/VPC, and not in a VPC made for this service because none was set; set Workload.VPC to Stack/VPC",
			service:  "which is reached from the VPC Stack/VPC only, while this service is in a VPC made for it because none was set; set Workload.VPC to Stack/VPC",
		},
		{
			id: "Elsewhere", hosting: fargateweb.Hosting{}, vpc: other,
			database: "which is Stack/VPC, and not in Stack/Other; put both into one VPC",
			service:  "which is reached from the VPC Stack/VPC only, while this service is in Stack/Other; put both into one VPC",
		},
	} {
		site := on(stack, test.id, test.hosting, test.vpc)
		hostingtest.WantPanic(t, "Stack/"+test.id, test.database, func() { site.UseDatabase("DB", database) })
		hostingtest.WantPanic(t, "Stack/"+test.id, test.service, func() { site.UseService("PRIVATE_URL", private) })
	}
}
