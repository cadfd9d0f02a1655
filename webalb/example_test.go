package webalb_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// A shop on Fargate, and its API on Lambda, behind one domain with HTTPS.
func ExampleNewLoadBalancer() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, new("Certificate"),
		new("arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"))
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
		Certificates: []awscertificatemanager.ICertificate{certificate},
		DomainName:   "shop.example.com",
	})

	repository := awsecr.Repository_FromRepositoryName(stack, new("Images"), new("shop"))
	image := webimage.ECR(repository, "1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter})
	shop := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: image},
		Hosting:  fargateweb.Hosting{LoadBalancer: front},
	})
	admin := web.NewService(stack, "Admin", &web.ServiceProps{
		Workload: web.Workload{Image: image},
		Hosting:  fargateweb.Hosting{LoadBalancer: front, Hosts: []string{"admin.example.com"}},
	})
	api := web.NewService(stack, "API", &web.ServiceProps{
		Workload: web.Workload{Image: image},
		Hosting: lambdaweb.Hosting{
			Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/api/*"}},
		},
	})

	fmt.Println(shop.URL())
	fmt.Println(admin.URL())
	fmt.Println(api.URL()) // and /api/ after it
	// Output:
	// https://shop.example.com
	// https://admin.example.com
	// https://shop.example.com
}

// A load balancer for an office, which no one else reaches.
func ExampleNewLoadBalancer_internal() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), nil)

	webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
		VPC:         vpc,
		Internal:    true,
		AllowFrom:   []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")},
		IdleTimeout: 5 * time.Minute,
	})
}

// A load balancer that exists already.
func ExampleFromListener() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
	})
	listener := awselasticloadbalancingv2.ApplicationListener_FromLookup(stack, new("Listener"), &awselasticloadbalancingv2.ApplicationListenerLookupOptions{
		LoadBalancerTags: &map[string]*string{"team": new("platform")}, ListenerPort: new(443.0),
	})
	front := webalb.FromListener(stack, "Front", &webalb.ListenerProps{
		Listener: listener,
		VPC:      awsec2.Vpc_FromLookup(stack, new("VPC"), &awsec2.VpcLookupOptions{Tags: &map[string]*string{"team": new("platform")}}),
		URL:      "https://shop.example.com",
	})
	web.NewService(stack, "Shop", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./shop", nil)},
		Hosting:  fargateweb.Hosting{LoadBalancer: front, Hosts: []string{"shop.example.com"}},
	})
}

// Instances behind the same address as services.
func ExampleLoadBalancer_Forward() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	instances := awselasticloadbalancingv2.NewApplicationTargetGroup(stack, new("Instances"), &awselasticloadbalancingv2.ApplicationTargetGroupProps{
		Vpc: front.VPC, Port: new(8080.0), TargetType: awselasticloadbalancingv2.TargetType_INSTANCE,
	})
	front.Forward(stack, "Old", webalb.Rule{Paths: []string{"/old/*"}}, instances)
}
