package hostingtest

import (
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

// needed returns the ids of all that CloudFormation makes before a service's main resource.
func needed(t *testing.T, template templatetest.Template, service *web.Service) []string {
	t.Helper()
	primary, ok := service.Node().DefaultChild().(awscdk.CfnElement)
	if !ok {
		t.Fatal("the service has no default child")
	}
	found := []string{*awscdk.Stack_Of(service).GetLogicalId(primary)}
	for i := 0; i < len(found); i++ {
		resource := template.Resources[found[i]]
		text := templatetest.JSON(t, resource.Properties) + templatetest.JSON(t, resource.DependsOn)
		for id := range template.Resources {
			if !slices.Contains(found, id) && strings.Contains(text, `"`+id+`"`) {
				found = append(found, id)
			}
		}
	}
	return found[1:]
}

// testDatabaseFirst shows that a server starts after its database, not only after what knows the
// database's address, and after the rules that let it in.
func testDatabaseFirst(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.inVPC(stack, "Site", workload())
	if service == nil {
		return
	}
	cluster := newCluster(stack, "Users", service.VPC())
	pooled := newInstance(stack, "Pooled", service.VPC())
	proxy := awsrds.NewDatabaseProxy(stack, new("Proxy"), &awsrds.DatabaseProxyProps{
		ProxyTarget: awsrds.ProxyTarget_FromInstance(pooled), Vpc: service.VPC(), IamAuth: new(true),
		Secrets:    &[]awssecretsmanager.ISecret{pooled.Secret()},
		VpcSubnets: &awsec2.SubnetSelection{Subnets: subnetsOf(service.VPC())},
	})
	private := guardedService(stack, "Private", front(stack, "Front", service.VPC()))
	service.UseDatabase("USERS", web.DatabaseCluster(cluster, "users").WithUser("app"))
	service.UseDatabase("POOLED", web.DatabaseProxy(proxy, 5432, "pooled").WithUser("app"))
	service.UseService("PRIVATE_URL", private)

	template := templatetest.Of(t, stack)
	first := needed(t, template, service)
	for _, test := range []struct {
		of       string
		resource string
		count    int
	}{
		{"a cluster's writer", "AWS::RDS::DBInstance", 2},
		{"a proxy's targets", "AWS::RDS::DBProxyTargetGroup", 1},
		{"a rule that lets the server in", "AWS::EC2::SecurityGroupIngress", 0},
	} {
		ids := template.IDs(test.resource)
		if len(ids) < test.count {
			t.Errorf("got %q, want %d of %s", ids, test.count, test.resource)
		}
		for _, id := range ids {
			rule := template.Resources[id].Properties
			from, to := templatetest.JSON(t, rule["SourceSecurityGroupId"]), templatetest.JSON(t, rule["GroupId"])
			if test.count == 0 && (!strings.Contains(from, `"Site`) || strings.Contains(to, `"Site`)) {
				continue // a rule of the proxy, or of the server's load balancer
			}
			if !slices.Contains(first, id) {
				t.Errorf("the server does not wait for %s, %s", id, test.of)
			}
		}
	}
	if got := letIn(t, template, service); len(got) != 3 {
		t.Errorf("got rules of %q, want three", got)
	}
}
