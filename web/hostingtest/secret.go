package hostingtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// secretive is a workload of which every hosting can start the server with secrets.
func secretive() web.Workload {
	return web.Workload{Image: webimage.URI(privateImage, &webimage.ExistingOptions{
		Adapter: webimage.WithAdapter, EntryPoint: []string{"/app/server"},
	})}
}

// secrets returns the references to the secrets of a service, which is the only one of its stack, by
// the variables that the server gets.
func (h Harness) secrets(t *testing.T, service *web.Service) map[string]string {
	t.Helper()
	references := map[string]string{}
	if h.SecretsOf != nil {
		for name, reference := range h.SecretsOf(service) {
			references[name] = templatetest.JSON(t, awscdk.Stack_Of(service).Resolve(reference))
		}
		return references
	}
	if h.Secrets == "" { // the adapter's variables
		for name, reference := range h.variables(t, service) {
			if name, ok := strings.CutPrefix(name, "CDKWEB_SECRET_"); ok {
				references[name] = templatetest.JSON(t, reference)
			}
		}
		return references
	}
	list, _ := templatetest.Of(t, awscdk.Stack_Of(service)).Get(h.container(), h.Secrets).([]any)
	for _, pair := range list {
		for key, value := range pair.(map[string]any) {
			if key != "Name" {
				references[templatetest.At(pair, "Name").(string)] = templatetest.JSON(t, value)
			}
		}
	}
	return references
}

// secretReader is the logical id of the role that reads the secrets.
func (h Harness) secretReader(template templatetest.Template, service *web.Service) string {
	if h.SecretReader != "" {
		id, _ := template.Get(h.container(), h.SecretReader+".Fn::GetAtt.0").(string)
		return id
	}
	return *awscdk.Stack_Of(service).GetLogicalId(service.Role().Node().DefaultChild().(awscdk.CfnElement))
}

// secretGrants returns the resources on which roles may do what reading secrets needs, by action:
// "SiteRole kms:Decrypt". Ids are without the CDK's hashes.
func secretGrants(t *testing.T, template templatetest.Template) map[string][]string {
	t.Helper()
	grants := map[string][]string{}
	for _, id := range template.IDs("AWS::IAM::Policy") {
		properties := template.Resources[id].Properties
		role, _ := templatetest.At(properties, "Roles.0.Ref").(string)
		for _, statement := range templatetest.At(properties, "PolicyDocument.Statement").([]any) {
			for _, action := range list(templatetest.At(statement, "Action")) {
				service, _, _ := strings.Cut(action.(string), ":")
				if !slices.Contains([]string{"*", "secretsmanager", "ssm", "kms"}, service) {
					continue
				}
				for _, resource := range list(templatetest.At(statement, "Resource")) {
					key := role + " " + action.(string)
					name := secretName(t, resource)
					if condition := templatetest.At(statement, "Condition"); condition != nil {
						name += " if " + templatetest.JSON(t, condition)
					}
					if slices.Contains(grants[key], name) {
						t.Errorf("%s on %s is granted twice", key, name)
					}
					grants[key] = append(grants[key], name)
				}
			}
		}
	}
	for _, names := range grants {
		slices.Sort(names)
	}
	return grants
}

// secretName is resourceName, also of an ARN that ends with a parameter's logical id.
func secretName(t *testing.T, arn any) string {
	parts, _ := templatetest.At(arn, "Fn::Join.1").([]any)
	if len(parts) > 2 {
		if id, ok := templatetest.At(parts[len(parts)-1], "Ref").(string); ok {
			return id[:max(0, len(id)-len("01234567"))]
		}
	}
	return resourceName(t, arn)
}

func newSecret(stack awscdk.Stack, id string, key awskms.IKey) awssecretsmanager.ISecret {
	return awssecretsmanager.NewSecret(stack, &id, &awssecretsmanager.SecretProps{EncryptionKey: key})
}

// Secrets are a field of a Secrets Manager secret and a parameter, of a stack.
func Secrets(stack awscdk.Stack) map[string]web.Secret {
	return map[string]web.Secret{
		"DB_PASSWORD": web.SecretsManager(newSecret(stack, "Database", nil), "password"),
		"API_KEY":     web.SSMParameter(newParameter(stack, "Key")),
	}
}

func newParameter(stack awscdk.Stack, id string) awsssm.IParameter {
	return awsssm.NewStringParameter(stack, &id, &awsssm.StringParameterProps{StringValue: new("x")})
}

// ifSecrets runs a test on hostings that have secrets.
func ifSecrets(test func(*testing.T, Harness)) func(*testing.T, Harness) {
	return func(t *testing.T, h Harness) {
		if h.Hosting.Platform().Secrets.Can {
			test(t, h)
		}
	}
}

// testSecrets shows that the references reach the place that hands the server the values, and that
// one role may read them: no other resource, and nothing but that.
func testSecrets(t *testing.T, h Harness) {
	stack := newStack(t)
	database, parameter := newSecret(stack, "Database", nil), newParameter(stack, "Parameter")
	w := secretive()
	w.Secrets = map[string]web.Secret{
		"DB_PASSWORD": web.SecretsManager(database, "password"),
		"DB_USER":     web.SecretsManager(database, "user"),
		"PARAMETER":   web.SSMParameter(parameter),
	}
	service := h.service(stack, "Site", w)

	service.AddSecret("WHOLE", web.SecretsManager(database, ""))
	service.AddSecret("PREVIOUS", web.SecretsManager(database, "password").WithStage("AWSPREVIOUS"))
	const version = "4f2c1f4e-0000-4000-8000-000000000001"
	service.AddSecret("OLD", web.SecretsManager(database, "").WithVersion(version))
	service.AddSecret("OLD", web.SecretsManager(database, "").WithVersion(version))
	service.AddSecret("KEYED", web.SecretsManager(newSecret(stack, "Keyed", newKey(stack, "Key")), ""))
	service.AddSecret("PARAMETER_AGAIN", web.SSMParameter(parameter))
	service.AddSecret("BY_ARN", web.SecretsManager(awssecretsmanager.Secret_FromSecretCompleteArn(
		stack, new("ByARN"), new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-AbCdEf")), "token"))
	service.AddSecret("BY_NAME", web.SecretsManager(awssecretsmanager.Secret_FromSecretNameV2(stack, new("ByName"), new("shop/key")), ""))
	imported := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, new("ImportedParameter"),
		&awsssm.SecureStringParameterAttributes{ParameterName: new("/shop/key")})
	service.AddSecret("SECURE", web.SSMParameter(imported).WithKey(newKey(stack, "ParameterKey")))
	late := web.SecretsManager(awssecretsmanager.Secret_FromSecretCompleteArn(
		stack, new("Late"), new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:late-AbCdEf")), "")
	service.AddSecret("LATE", late)
	service.AddSecret("LATE", late.WithKey(awskms.Alias_FromAliasName(stack, new("Alias"), new("alias/late"))))
	newSecret(stack, "Other", newKey(stack, "OtherKey"))

	got := h.secrets(t, service)
	for name, want := range map[string]string{
		"DB_PASSWORD":     `{"Fn::Join":["",[{"Ref":"Database*"},":password::"]]}`,
		"DB_USER":         `{"Fn::Join":["",[{"Ref":"Database*"},":user::"]]}`,
		"WHOLE":           `{"Ref":"Database*"}`,
		"PREVIOUS":        `{"Fn::Join":["",[{"Ref":"Database*"},":password:AWSPREVIOUS:"]]}`,
		"OLD":             `{"Fn::Join":["",[{"Ref":"Database*"},":::` + version + `"]]}`,
		"KEYED":           `{"Ref":"Keyed*"}`,
		"BY_ARN":          `"arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-AbCdEf:token::"`,
		"LATE":            `"arn:aws:secretsmanager:eu-west-1:123456789012:secret:late-AbCdEf"`,
		"BY_NAME":         `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":secretsmanager:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":secret:shop/key"]]}`,
		"PARAMETER":       `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ssm:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":parameter/",{"Ref":"Parameter*"}]]}`,
		"PARAMETER_AGAIN": `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ssm:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":parameter/",{"Ref":"Parameter*"}]]}`,
		"SECURE":          `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ssm:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":parameter/shop/key"]]}`,
	} {
		if text := withoutHashes(got[name]); text != want {
			t.Errorf("got %s=%s, want %s", name, text, want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("got the secrets %q, want no others", slices.Collect(maps.Keys(got)))
	}
	template := templatetest.Of(t, stack)
	role := h.secretReader(template, service)
	via := func(service string) string {
		return ` if {"StringEquals":{"kms:ViaService":{"Fn::Join":["",["` + service + `.",{"Ref":"AWS::Region"},".amazonaws.com"]]}}}`
	}
	const ofAlias = `key/* if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/late"},"StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"}}`
	want := map[string][]string{
		role + " secretsmanager:GetSecretValue": {"Database", "Keyed", "late-AbCdEf", "mail-AbCdEf", "shop/key-??????"},
		role + " ssm:GetParameters":             {"Parameter", "parameter/shop/key"},
		role + " kms:Decrypt":                   {"Key" + via("secretsmanager"), "ParameterKey" + via("ssm"), ofAlias},
	}
	grants := secretGrants(t, template)
	for _, key := range slices.Sorted(maps.Keys(union(grants, want))) {
		if !slices.Equal(grants[key], want[key]) {
			t.Errorf("got %s on %q, want on %q", key, grants[key], want[key])
		}
	}
	if h.Type == "" {
		return
	}
	primary := template.Resources[template.IDs(h.Type)[0]]
	for _, id := range template.IDs("AWS::IAM::Policy") {
		of, _ := templatetest.At(template.Resources[id].Properties, "Roles.0.Ref").(string)
		if of == role && !slices.Contains(primary.DependsOn, id) {
			t.Errorf("the %s depends on %q, want also on %s, without which the first start fails", h.Type, primary.DependsOn, id)
		}
	}
}

// withoutHashes replaces the hashes of the logical ids Database, Keyed and Parameter.
func withoutHashes(reference string) string {
	for _, id := range []string{"Database", "Keyed", "Parameter"} {
		if before, after, ok := strings.Cut(reference, `"`+id); ok {
			if end := strings.IndexByte(after, '"'); end == len("01234567") {
				reference = before + `"` + id + "*" + after[end:]
			}
		}
	}
	return reference
}

// testSecretValue shows that no secret's value is in a template: here one that is known, because a
// test wrote it into the secret itself.
func testSecretValue(t *testing.T, h Harness) {
	app := webtest.NewApp(t)
	const value = "correct horse battery staple"
	secret := awssecretsmanager.NewSecret(awscdk.NewStack(app, new("Secrets"), nil), new("Secret"), &awssecretsmanager.SecretProps{
		SecretStringValue: awscdk.SecretValue_UnsafePlainText(new(value)),
	})
	stack := awscdk.NewStack(app, new("Stack"), nil)
	w := secretive()
	w.Secrets = map[string]web.Secret{"SECRET": web.SecretsManager(secret, "")}
	h.service(stack, "Site", w)
	text := webtest.Template(t, stack)
	for _, trace := range []string{value, "{{resolve:"} {
		if strings.Contains(text, trace) {
			t.Errorf("the template of the service holds %q", trace)
		}
	}
}

func testSecretErrors(t *testing.T, h Harness) {
	stack := newStack(t)
	secret, parameter := newSecret(stack, "Secret", newKey(stack, "Key")), newParameter(stack, "Parameter")
	good := web.SecretsManager(secret, "password")
	var none awssecretsmanager.ISecret
	w := secretive()
	w.Environment = map[string]string{"STAGE": "test"}
	w.Secrets = map[string]web.Secret{"PASSWORD": good}
	service := h.service(stack, "Site", w)
	service.AddSecret("PASSWORD", good)
	wrong := map[string]struct {
		name   string
		secret web.Secret
	}{
		"holds no secret; set it to web.SecretsManager(secret, field) or web.SSMParameter(parameter), of one that is not nil": {"NIL", web.SecretsManager(none, "")},
		"holds no secret": {"ZERO", web.Secret{}},
		"is a setting of the adapter, which reads no secrets for itself; choose another name": {"AWS_LWA_AUTHORIZATION_SOURCE", good},
		"must have a name":                     {"", good},
		"is set from Workload.Port":            {"PORT", good},
		"must not choose a version of a param": {"ANY", web.SSMParameter(parameter).WithStage("AWSCURRENT")},
		"must not have both a stage and a":     {"ANY", good.WithStage("AWSCURRENT").WithVersion(strings.Repeat("a", 32))},
		`must have a field without ':', which separates the parts of a reference, and control characters, got "a:b"`:             {"ANY", web.SecretsManager(secret, "a:b")},
		"must have a field without ':', which separates the parts of a reference, and control":                                   {"ANY", web.SecretsManager(secret, "a\tb")},
		"must have a stage of at most 256 characters, got":                                                                       {"ANY", good.WithStage(strings.Repeat("a", 257))},
		"must not have a secret as its field, stage or version; write the name":                                                  {"ANY", web.SecretsManager(secret, *secret.SecretValue().UnsafeUnwrap())},
		`must have a version of 32 to 64 characters, got "AWSPREVIOUS"; set the version's id, or its label with WithStage`:       {"ANY", good.WithVersion("AWSPREVIOUS")},
		`must not begin with CDKWEB_SECRET_, which tells the adapter where a secret is; set Workload.Secrets instead, or choose`: {"CDKWEB_SECRET_A", good},
	}
	for text, test := range wrong {
		WantPanic(t, "Stack/Site", fmt.Sprintf("AddSecret(%q) %s", test.name, text), func() { service.AddSecret(test.name, test.secret) })
		w := secretive()
		w.Secrets = map[string]web.Secret{test.name: test.secret}
		WantPanic(t, "Stack/Next", fmt.Sprintf("Workload.Secrets[%q] %s", test.name, text), func() { h.service(stack, "Next", w) })
	}
	w.Environment["PASSWORD"] = "x"
	WantPanic(t, "Stack/Next", `Workload.Secrets["PASSWORD"] is in Workload.Environment too; a variable has one value`, func() { h.service(stack, "Next", w) })
	for text, call := range map[string]func(){
		`AddSecret("PASSWORD") is set to another secret already`: func() { service.AddSecret("PASSWORD", web.SecretsManager(secret, "")) },
		`AddSecret("STAGE") is set to a value already`:           func() { service.AddSecret("STAGE", good) },
		`AddEnvironment("PASSWORD") is set to a secret already`:  func() { service.AddEnvironment("PASSWORD", "x") },
		`AddEnvironment("CDKWEB_SECRET_A") must not begin with`:  func() { service.AddEnvironment("CDKWEB_SECRET_A", "x") },
		`UseBucket("PASSWORD") bucket must not be nil`:           func() { service.UseBucket("PASSWORD", nil, web.Read) },
		`UseTable("PASSWORD") is set to a secret already`:        func() { service.UseTable("PASSWORD", newTable(stack, "Table"), web.Read) },
	} {
		WantPanic(t, "Stack/Site", text, call)
	}
	if reserved := h.reserved(); reserved != "" {
		WantPanic(t, "Stack/Site", "is set by "+h.Hosting.Platform().ServiceName()+" itself", func() { service.AddSecret(reserved, good) })
	}

	if got := h.secrets(t, service); len(got) != 1 || got["PASSWORD"] == "" {
		t.Errorf("got the secrets %q, want PASSWORD alone", got)
	}
	w = secretive()
	w.Secrets = map[string]web.Secret{"PASSWORD": good}
	props := web.ServiceProps{Workload: w, Hosting: h.hosting(stack)}
	if err := props.Validate(); err != nil {
		t.Errorf("got %v, want no problem", err)
	}
}

// testSecretTooLate shows that a secret is in what is synthesized next, with its grant, or an error.
func testSecretTooLate(t *testing.T, h Harness) {
	stack := newStack(t)
	secret := newSecret(stack, "Secret", nil)
	service := h.service(stack, "Site", secretive())
	stack.Node().Root().(awscdk.App).Synth(nil)
	tooLate := func() (late bool) {
		defer func() {
			if r := recover(); r != nil {
				late = true
				if err, _ := r.(*web.InvalidPropsError); err == nil || !strings.Contains(err.Error(), `AddSecret("SECRET") comes too late`) {
					t.Errorf("got panic %v, want a sentence", r)
				}
			}
		}()
		service.AddSecret("SECRET", web.SecretsManager(secret, ""))
		return false
	}()
	stack.Node().Root().(awscdk.App).Synth(&awscdk.StageSynthesisOptions{Force: new(true)})
	set := h.secrets(t, service)["SECRET"] != ""
	granted := len(secretGrants(t, templatetest.Of(t, stack))) > 0
	if set == tooLate || granted == tooLate {
		t.Errorf("too late: %v, variable set: %v, access granted: %v", tooLate, set, granted)
	}
}

func testSecretElsewhere(t *testing.T, h Harness) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
	})
	add := func(name, account string, warnings int) {
		service := h.service(stack, name, secretive())
		arn := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:mail-AbCdEf"
		service.AddSecret("MAIL", web.SecretsManager(awssecretsmanager.Secret_FromSecretCompleteArn(stack, new(name+"Secret"), &arn), ""))
		wantWarnings(t, stack, service, web.SecretWarning, warnings)
	}
	add("Here", "123456789012", 0)
	add("There", "210987654321", 1)
}

// testNoSecrets shows what a hosting says that has none.
func testNoSecrets(t *testing.T, h Harness) {
	if h.Hosting.Platform().Secrets.Can {
		return
	}
	stack := newStack(t)
	secret := web.SecretsManager(newSecret(stack, "Secret", nil), "")
	w := secretive()
	w.Secrets = map[string]web.Secret{"SECRET": secret}
	text := "cannot be had on " + h.Hosting.Platform().ServiceName() + ", which hands no secrets to a server; choose "
	WantPanic(t, "Stack/Site", "Workload.Secrets "+text, func() { h.service(stack, "Site", w) })
	service := h.service(stack, "Other", secretive())
	WantPanic(t, "Stack/Other", `AddSecret("SECRET") `+text, func() { service.AddSecret("SECRET", secret) })
}

// testSecretRole shows that a role of the user's gets what the secrets need, where it is the role
// that reads them.
func testSecretRole(t *testing.T, h Harness) {
	stack := newStack(t)
	w := secretive()
	w.Role = awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(new(h.Hosting.Platform().Principal), nil),
	})
	w.Secrets = map[string]web.Secret{"SECRET": web.SecretsManager(newSecret(stack, "Secret", nil), "")}
	service := h.service(stack, "Site", w)
	template := templatetest.Of(t, stack)
	key := h.secretReader(template, service) + " secretsmanager:GetSecretValue"
	if got := secretGrants(t, template); len(got) != 1 || !slices.Equal(got[key], []string{"Secret"}) {
		t.Errorf("got the grants %q, want %s on Secret", got, key)
	}
}
