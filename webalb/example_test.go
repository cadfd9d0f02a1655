package webalb_test

import (
	"net/netip"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// Two services behind one address, over HTTPS.
func ExampleNewLoadBalancer() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	zone := awsroute53.PublicHostedZone_FromPublicHostedZoneAttributes(stack, new("Zone"), &awsroute53.PublicHostedZoneAttributes{
		HostedZoneId: new("Z0123456789ABCDEFGHIJ"), ZoneName: new("example.com"),
	})
	certificate := awscertificatemanager.NewCertificate(stack, new("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: new("shop.example.com"), Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
	})

	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
		Certificates:     []awscertificatemanager.ICertificate{certificate},
		DomainName:       "shop.example.com",
		IdleTimeout:      2 * time.Minute,
		AccessLogsBucket: awss3.NewBucket(stack, new("Logs"), nil),
	})
	awsroute53.NewARecord(stack, new("Record"), &awsroute53.ARecordProps{
		Zone: zone, RecordName: new("shop"),
		Target: awsroute53.RecordTarget_FromAlias(awsroute53targets.NewLoadBalancerTarget(front.ALB, nil)),
	})

	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./site", nil)},
		Hosting:  fargateweb.Hosting{LoadBalancer: front},
	})
	web.NewService(stack, "API", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./api", nil)},
		Hosting:  fargateweb.Hosting{LoadBalancer: front, Paths: []string{"/api/*"}},
	})
}

// A load balancer for a company's own networks.
func ExampleNewLoadBalancer_internal() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Intranet"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), nil)
	webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
		VPC:       vpc,
		Internal:  true,
		AllowFrom: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
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
