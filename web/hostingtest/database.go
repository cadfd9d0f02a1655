package hostingtest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
)

func newInstance(stack awscdk.Stack, id string, vpc awsec2.IVpc) awsrds.DatabaseInstance {
	return awsrds.NewDatabaseInstance(stack, &id, &awsrds.DatabaseInstanceProps{
		Vpc: vpc, StorageEncrypted: new(true),
		Engine: awsrds.DatabaseInstanceEngine_Postgres(&awsrds.PostgresInstanceEngineProps{
			Version: awsrds.PostgresEngineVersion_VER_17(),
		}),
		VpcSubnets: &awsec2.SubnetSelection{Subnets: subnetsOf(vpc)},
	})
}

func newCluster(stack awscdk.Stack, id string, vpc awsec2.IVpc) awsrds.DatabaseCluster {
	return awsrds.NewDatabaseCluster(stack, &id, &awsrds.DatabaseClusterProps{
		Vpc: vpc, StorageEncrypted: new(true),
		Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{
			Version: awsrds.AuroraPostgresEngineVersion_VER_16_4(),
		}),
		Writer:     awsrds.ClusterInstance_ServerlessV2(new("Writer"), nil),
		VpcSubnets: &awsec2.SubnetSelection{Subnets: subnetsOf(vpc)},
	})
}

// subnetsOf are those of a VPC, of whichever kind: a hosting's own has public ones only.
func subnetsOf(vpc awsec2.IVpc) *[]awsec2.ISubnet {
	if private := vpc.PrivateSubnets(); len(*private) > 0 {
		return private
	}
	return vpc.PublicSubnets()
}

func testUseDatabase(t *testing.T, h Harness) {
	if !h.Hosting.Platform().Secrets.Can {
		return
	}
	stack := newStack(t)
	service := h.inVPC(stack, "Site", secretive())
	if service == nil {
		return
	}
	instance, cluster := newInstance(stack, "Orders", service.VPC()), newCluster(stack, "Users", service.VPC())
	newInstance(stack, "Other", service.VPC())
	imported := awsrds.DatabaseInstance_FromDatabaseInstanceAttributes(stack, new("Imported"), &awsrds.DatabaseInstanceAttributes{
		InstanceIdentifier: new("old"), InstanceEndpointAddress: new("old.example.com"), Port: new(3306.0),
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Old"), new("sg-0123456789abcdef0"), nil)},
	})
	secret := newSecret(stack, "Reporter", newKey(stack, "Key"))
	for range 2 {
		service.UseDatabase("DB", web.DatabaseInstance(instance, "shop"))
	}
	service.UseDatabase("USERS", web.DatabaseCluster(cluster, ""))
	service.UseDatabase("REPORTS", web.DatabaseCluster(cluster, "").WithReader().WithSecret(secret))
	service.UseDatabase("OLD", web.DatabaseInstance(imported, "old").WithSecret(secret))

	variables := h.variables(t, service)
	for name, want := range map[string]string{
		"DB_HOST": `"Endpoint.Address"]}`, "DB_PORT": `"Endpoint.Port"]}`, "DB_NAME": `"shop"`, "DB_USER": `null`, "DB_PASSWORD": `null`,
		"USERS_HOST": `"Endpoint.Address"]}`, "USERS_PORT": `"Endpoint.Port"]}`, "USERS_NAME": `null`, "REPORTS_HOST": `"ReadEndpoint.Address"]}`,
		"OLD_HOST": `"old.example.com"`, "OLD_PORT": `"3306"`, "OLD_NAME": `"old"`,
	} {
		if got := templatetest.JSON(t, variables[name]); !strings.HasSuffix(got, want) {
			t.Errorf("got %s=%s, want it to end with %s", name, got, want)
		}
	}
	secrets := h.secrets(t, service)
	if got, want := slices.Sorted(maps.Keys(secrets)), []string{
		"DB_PASSWORD", "DB_USER", "OLD_PASSWORD", "OLD_USER", "REPORTS_PASSWORD", "REPORTS_USER", "USERS_PASSWORD", "USERS_USER",
	}; !slices.Equal(got, want) {
		t.Errorf("got the secrets %q, want %q", got, want)
	}
	for name, want := range map[string][2]string{
		"DB_USER": {`"OrdersSecretAttachment`, `:username::`}, "DB_PASSWORD": {`"OrdersSecretAttachment`, `:password::`},
		"USERS_PASSWORD": {`"UsersSecretAttachment`, `:password::`}, "REPORTS_PASSWORD": {`"Reporter`, `:password::`},
		"OLD_USER": {`"Reporter`, `:username::`},
	} {
		if got := secrets[name]; !strings.Contains(got, want[0]) || !strings.Contains(got, want[1]) {
			t.Errorf("got %s=%s, want %s and %s", name, got, want[0], want[1])
		}
	}
	template := templatetest.Of(t, stack)
	want := []string{`OrdersSecurityGroup `, `UsersSecurityGroup `, `sg-0123456789abcdef0 3306`}
	got := letIn(t, template, service)
	for i := range got {
		if strings.Contains(got[i], "Fn::GetAtt") {
			got[i], _, _ = strings.Cut(got[i], "{")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got rules of %q, want %q", got, want)
	}
	reader := h.secretReader(template, service)
	grants := secretGrants(t, template)
	if got, want := grants[reader+" secretsmanager:GetSecretValue"], []string{"OrdersSecretAttachment", "Reporter", "UsersSecretAttachment"}; !slices.Equal(got, want) {
		t.Errorf("got the secrets %q, want %q", got, want)
	}
}

func testUseDatabaseIAM(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.inVPC(stack, "Site", workload())
	if service == nil {
		return
	}
	instance, cluster := newInstance(stack, "Orders", service.VPC()), newCluster(stack, "Users", service.VPC())
	newInstance(stack, "Other", service.VPC())
	proxy := cluster.AddProxy(new("Proxy"), &awsrds.DatabaseProxyOptions{
		Vpc: service.VPC(), Secrets: &[]awssecretsmanager.ISecret{cluster.Secret()},
		VpcSubnets: &awsec2.SubnetSelection{Subnets: subnetsOf(service.VPC())}, IamAuth: new(true),
	})
	for range 2 {
		service.UseDatabase("DB", web.DatabaseInstance(instance, "shop").WithUser("app"))
	}
	service.UseDatabase("USERS", web.DatabaseCluster(cluster, "users").WithUser("reader"))
	service.UseDatabase("PROXY", web.DatabaseProxy(proxy, 5432, "users").WithUser("pooled").
		WithSecurityGroups(*proxy.Connections().SecurityGroups()...))

	variables := h.variables(t, service)
	for name, want := range map[string]any{
		"DB_USER": "app", "DB_PASSWORD": nil, "USERS_USER": "reader", "PROXY_USER": "pooled", "PROXY_PORT": "5432", "PROXY_PASSWORD": nil,
	} {
		if variables[name] != want {
			t.Errorf("got %s=%v, want %v", name, variables[name], want)
		}
	}
	template := templatetest.Of(t, stack)
	var logins []string
	policy := template.Resources[policyOf(t, template, service)].Properties
	for _, statement := range templatetest.At(policy, "PolicyDocument.Statement").([]any) {
		for _, action := range list(templatetest.At(statement, "Action")) {
			if !strings.HasPrefix(action.(string), "rds") {
				continue
			}
			for _, resource := range list(templatetest.At(statement, "Resource")) {
				text := templatetest.JSON(t, resource)
				text = text[strings.LastIndexByte(text, '/'):]
				logins = append(logins, action.(string)+strings.Trim(text, `]}"`))
			}
		}
	}
	slices.Sort(logins)
	if want := []string{"rds-db:connect/app", "rds-db:connect/pooled", "rds-db:connect/reader"}; !slices.Equal(logins, want) {
		t.Errorf("got %q, want %q", logins, want)
	}
	if got := letIn(t, template, service); len(got) != 3 {
		t.Errorf("got rules of %q, want three", got)
	}
	for _, id := range template.IDs("AWS::RDS::DBCluster") {
		on := template.Resources[id].Properties["EnableIAMDatabaseAuthentication"] == true
		if strings.HasPrefix(id, "Users") != on {
			t.Errorf("%s: got IAM authentication %v", id, on)
		}
	}
	for _, id := range template.IDs("AWS::RDS::DBInstance") {
		on := template.Resources[id].Properties["EnableIAMDatabaseAuthentication"] == true
		if strings.HasPrefix(id, "Orders") != on && !strings.HasPrefix(id, "Users") {
			t.Errorf("%s: got IAM authentication %v", id, on)
		}
	}
}

func testUseDatabaseErrors(t *testing.T, h Harness) {
	stack := newStack(t)
	elsewhere := awsec2.NewVpc(stack, new("Elsewhere"), nil)
	far := newInstance(stack, "Far", elsewhere)
	if service := h.service(stack, "Alone", workload()); service.VPC() == nil {
		WantPanic(t, "Stack/Alone", `UseDatabase("DB") needs the server in the VPC of the database instance Stack/Far, which is Stack/Elsewhere: Connections of this service `,
			func() { service.UseDatabase("DB", web.DatabaseInstance(far, "shop").WithUser("app")) })
		if service.Platform().VPC.Can {
			WantPanic(t, "Stack/Alone", `Workload.VPC`,
				func() { service.UseDatabase("DB", web.DatabaseInstance(far, "shop").WithUser("app")) })
		}
	}

	make := func(call func(stack awscdk.Stack, service *web.Service, instance awsrds.DatabaseInstance)) string {
		stack := newStack(t)
		w := secretive()
		w.Environment = map[string]string{"STAGE_NAME": "test"}
		service := h.inVPC(stack, "Site", w)
		if service == nil {
			return ""
		}
		call(stack, service, newInstance(stack, "Orders", service.VPC()))
		return templatetest.JSON(t, templatetest.Of(t, stack))
	}
	before := make(func(stack awscdk.Stack, service *web.Service, _ awsrds.DatabaseInstance) {
		newInstance(stack, "Far", awsec2.NewVpc(stack, new("Elsewhere"), nil))
		newImports(stack, service.VPC())
		newShut(stack, service.VPC())
	})
	after := make(func(stack awscdk.Stack, service *web.Service, instance awsrds.DatabaseInstance) {
		far := newInstance(stack, "Far", awsec2.NewVpc(stack, new("Elsewhere"), nil))
		imported, cluster, proxy, closed := newImports(stack, service.VPC())
		shut := newShut(stack, service.VPC())
		for _, test := range []struct {
			prefix   string
			database web.Database
			want     string
		}{
			{"DB", web.Database{}, `UseDatabase("DB") database must not be nil`},
			{"DB", web.DatabaseInstance(nil, "x"), `UseDatabase("DB") database instance must not be nil`},
			{"DB", web.DatabaseCluster(nil, "x"), `UseDatabase("DB") database cluster must not be nil`},
			{"DB", web.DatabaseProxy(nil, 5432, "x"), `UseDatabase("DB") database proxy must not be nil`},
			{"", web.DatabaseInstance(instance, "x").WithUser("app"), `UseDatabase("") must have a prefix`},
			{"db-", web.DatabaseInstance(instance, "x"), `UseDatabase("db-") must have a prefix of letters, digits and underscores that starts with a letter, such as "DB"`},
			{"DB_", web.DatabaseInstance(instance, "x"), `UseDatabase("DB_") must have a prefix without the underscore at its end, because one is added; write "DB"`},
			{"STAGE", web.DatabaseInstance(instance, "x").WithUser("app"), `UseDatabase("STAGE") needs the variable STAGE_NAME, which is set to another value already`},
			{"DB", web.DatabaseInstance(instance, "x").WithReader().WithUser("app"), `UseDatabase("DB") the database instance Stack/Orders has no readers`},
			{"DB", web.DatabaseInstance(instance, "x").WithUser(""), `UseDatabase("DB") WithUser must have the name of a user`},
			{"DB", web.DatabaseInstance(instance, "x").WithUser("app").WithSecret(instance.Secret()), `UseDatabase("DB") WithSecret and WithUser must not both be set`},
			{"DB", web.DatabaseInstance(imported, "x"), `UseDatabase("DB") the database instance Stack/Imported has no secret that is known`},
			{"DB", web.DatabaseInstance(imported, "x").WithUser("app"), `UseDatabase("DB") the database instance Stack/Imported has no resource id that is known, for the permission to log in with IAM; set InstanceResourceId`},
			{"DB", web.DatabaseInstance(closed, "x").WithUser("app"), `UseDatabase("DB") the database instance Stack/Closed takes no logins with IAM; set IamAuthentication of Stack/Closed to true`},
			{"DB", web.DatabaseCluster(shut, "x").WithUser("app"), `UseDatabase("DB") the database cluster Stack/Shut takes no logins with IAM; set IamAuthentication of Stack/Shut to true`},
			{"DB", web.DatabaseCluster(cluster, "x").WithUser("app"), `UseDatabase("DB") the database cluster Stack/Cluster has no security group that is known`},
			{"DB", web.DatabaseCluster(cluster, "x").WithUser("app"), `UseDatabase("DB") the database cluster Stack/Cluster does not tell its address: `},
			{"DB", web.DatabaseProxy(proxy, 0, "x").WithUser("app"), `UseDatabase("DB") the port of the database proxy Stack/Proxy must be between 1 and 65535, got 0`},
			{"DB", web.DatabaseProxy(proxy, 5432, "x").WithUser("app"), `UseDatabase("DB") the database proxy Stack/Proxy has no security group that is known`},
			{"DB", web.DatabaseInstance(far, "x").WithUser("app"), `UseDatabase("DB") needs the server in the VPC of the database instance Stack/Far, which is Stack/Elsewhere, and not in `},
		} {
			WantPanic(t, "Stack/Site", test.want, func() { service.UseDatabase(test.prefix, test.database) })
		}
	})
	if before != after {
		t.Errorf("calls that failed changed the template:\n%s\nwant\n%s", after, before)
	}
}

// newShut is a cluster without IAM authentication.
func newShut(stack awscdk.Stack, vpc awsec2.IVpc) awsrds.DatabaseCluster {
	cluster := newCluster(stack, "Shut", vpc)
	cluster.Node().DefaultChild().(awsrds.CfnDBCluster).SetEnableIamDatabaseAuthentication(new(false))
	return cluster
}

// newImports are databases that the CDK knows little of, and one without IAM authentication.
func newImports(stack awscdk.Stack, vpc awsec2.IVpc) (awsrds.IDatabaseInstance, awsrds.IDatabaseCluster, awsrds.IDatabaseProxy, awsrds.IDatabaseInstance) {
	groups := &[]awsec2.ISecurityGroup{awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)}
	closed := awsrds.NewDatabaseInstance(stack, new("Closed"), &awsrds.DatabaseInstanceProps{
		Vpc:               vpc,
		Engine:            awsrds.DatabaseInstanceEngine_POSTGRES(),
		IamAuthentication: new(false),
		StorageEncrypted:  new(true),
		VpcSubnets:        &awsec2.SubnetSelection{Subnets: subnetsOf(vpc)},
	})
	return awsrds.DatabaseInstance_FromDatabaseInstanceAttributes(stack, new("Imported"), &awsrds.DatabaseInstanceAttributes{
			InstanceIdentifier: new("old"), InstanceEndpointAddress: new("old.example.com"), Port: new(5432.0), SecurityGroups: groups,
		}),
		awsrds.DatabaseCluster_FromDatabaseClusterAttributes(stack, new("Cluster"), &awsrds.DatabaseClusterAttributes{ClusterIdentifier: new("old")}),
		awsrds.DatabaseProxy_FromDatabaseProxyAttributes(stack, new("Proxy"), &awsrds.DatabaseProxyAttributes{
			DbProxyArn: new("arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-1"), DbProxyName: new("old"), Endpoint: new("proxy.example.com"), SecurityGroups: groups,
		}),
		closed
}
