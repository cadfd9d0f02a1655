// Package web deploys a web server. Describe it once as a [Workload], choose where it runs with a
// [Hosting], and pass both to [NewService]:
//
//	app := web.Workload{Image: webimage.Go("./server", nil), Port: 8000}
//	site := web.NewService(stack, "Site", &web.ServiceProps{
//		Workload: app,
//		Hosting:  lambdaweb.Hosting{},
//	})
//	site.UseTable("TABLE_NAME", table, web.ReadWrite)
//
// Changing lambdaweb.Hosting{} to fargateweb.Hosting{}, ecsweb.Hosting{} or apprunnerweb.Hosting{} is
// the whole move: the same image, the same environment, the same grants. What the new place cannot
// do for the workload is an error, and what it ignores is a warning.
//
// # Zero values and tokens
//
// A field's zero value means its default. Strings may hold CDK tokens, and checks on them are left
// to the deployment. Numbers and durations are literals: they are read while the app runs.
//
// # What the server uses
//
// [Service.UseTable], UseBucket, UseQueue and UseTopic each grant an access, with what it needs of
// the resource's key, and set the variable by which the server finds the resource. UseDatabase and
// UseService open the ports between two security groups too. For everything else a service is a
// grantee, as a role is.
//
// # Bad props
//
// [ServiceProps.Validate] reports every problem at once, without Node, so a plain test can call it.
// [NewService] does the same before it adds anything to the construct tree, and panics with an
// [*InvalidPropsError]. [Main] prints such an error as one sentence.
//
// # Constructs
//
// A [*Service] is a construct: it can be a scope, a grantee, a peer in security groups, and be
// passed to awscdk.Tags_Of, Aspects_Of and Annotations_Of. Below it is one construct named for the
// hosting (AppRunner, ECSExpress, Fargate, Lambda), so a switch replaces the hosting's own resources and
// nothing else. lambdaweb.ResourcesOf(site), and so in each hosting's package, returns what was
// made there.
package web
