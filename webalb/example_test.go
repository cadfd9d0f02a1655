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

// Services behind a load balancer that was there before.
func ExampleFromListener() {
	attach := func(stack awscdk.Stack, listener awselasticloadbalancingv2.IApplicationListener, vpc awsec2.IVpc) {
		front := webalb.FromListener(stack, "Front", &webalb.ListenerProps{
			Listener: listener, VPC: vpc, URL: "https://shop.example.com",
		})
		web.NewService(stack, "Site", &web.ServiceProps{
			Workload: web.Workload{Image: webimage.Go("./server", nil)},
			Hosting:  fargateweb.Hosting{LoadBalancer: front, Paths: []string{"/new/*"}, Priority: 100},
		})
	}
	_ = attach
}
