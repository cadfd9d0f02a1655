package ecsweb

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/internal/waf"
	"github.com/cdkweb/cdkweb/web"
)

// SharedWebACLWarning is the id of the warning about a web ACL on a load balancer that other
// services have, too.
const SharedWebACLWarning = "cdkweb:ecs-shared-web-acl"

const (
	sharedWebACLMessage = "the web ACL is on the load balancer, which ECS shares among up to 25 Express Mode services of the VPC, also of other stacks: " +
		"it counts for all of them, and none of them can have another one"
	sharedAddressesMessage = "the addresses are in a web ACL on the load balancer, which ECS shares among up to 25 Express Mode services of the VPC, also of other stacks: " +
		"it looks at requests for this service's host only, but no other of them can have a web ACL"
)

// balancer is what ECS puts a service behind: services with the same have the same load balancer.
type balancer struct {
	root                 constructs.IConstruct
	account, region, vpc string
	private              bool
}

// protected are the paths of the services with a web ACL. Constructs are made by one goroutine,
// because of jsii.
var protected = map[balancer]string{}

// balancer of a service in a stack.
func (h Hosting) balancer(stack awscdk.Stack, w web.Workload, private bool) balancer {
	h = h.within(w)
	b := balancer{root: stack.Node().Root(), account: *stack.Account(), region: *stack.Region(), private: private}
	if h.VPC != nil {
		b.vpc = *h.VPC.Node().Path()
		subnets, _ := h.subnets(private)
		b.private = private || len(network.KindsOf(h.VPC, subnets).Private) > 0
	}
	return b
}

// checkWebACL checks what is put on the load balancer, which has one web ACL.
func (h Hosting) checkWebACL(c *web.Check) {
	field := "WebACL"
	switch {
	case c.WebACL != "":
		c.Warn(SharedWebACLWarning, sharedWebACLMessage)
	case len(c.AllowFrom) > 0:
		field = "AllowFrom"
		c.Warn(SharedWebACLWarning, sharedAddressesMessage)
	default:
		return
	}
	waf.Check(c, "ECS Express Mode")
	if c.Stack == nil {
		return
	}
	if other := protected[h.balancer(c.Stack, c.Workload, c.Private)]; other != "" {
		c.Problem(web.Problem{
			Field: field,
			Message: "needs a web ACL on the load balancer that ECS shares among the services of the VPC, " +
				"which has that of " + other + " already",
			Fix: "give one web ACL for both to one of them, leave it out of the other, or choose fargateweb.Hosting{}",
		})
	}
}

// protect remembers a service with a web ACL.
func (h Hosting) protect(scope constructs.Construct, in *web.Definition) {
	if in.WebACL == "" && len(in.AllowFrom) == 0 {
		return
	}
	path := *scope.Node().Path()
	service := path[:strings.LastIndexByte(path, '/')]
	protected[h.balancer(awscdk.Stack_Of(scope), in.Workload, in.Private)] = service
}
