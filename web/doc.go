// Package web puts a web server online: describe what runs once, as a [Workload], say where with one typed prop, and pass both to
// [NewService].
//
//	app := web.Workload{Image: webimage.Go("./server", nil), Port: 8000}
//	site := web.NewService(stack, "Site", &web.ServiceProps{Workload: app, Hosting: apprunnerweb.Hosting{}})
//	site.UseTable("TABLE_NAME", table, web.ReadWrite)
//
// Changing apprunnerweb.Hosting{} to ecsweb.Hosting{} or lambdaweb.Hosting{} is the whole move: the same image, the same environment, the same grants.
//
// # Zero values and tokens
//
// A field's zero value means its default. Strings may hold CDK tokens, and checks on them are left to the deployment. Numbers and
// durations are literals: they are read while the app runs.
//
// # Bad props
//
// [ServiceProps.Validate] reports every problem at once, without Node, so that a plain test can call it. [NewService] does the same
// before it adds anything to the construct tree, and panics with an [*InvalidPropsError].
//
// # Constructs
//
// A [*Service] is a construct: it can be a scope, a grantee, and be passed to awscdk.Tags_Of, Aspects_Of and Annotations_Of. Below it
// lies one construct named for the hosting (AppRunner, ECSExpress, Lambda), so that a switch replaces the hosting's own resources and nothing
// else.
package web
