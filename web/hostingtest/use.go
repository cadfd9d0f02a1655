package hostingtest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webtest"
)

// allowed returns the actions that the server's role has on each resource of a template, by what
// the resource's logical id or name, with what follows it: "Photos" or "Photos/*". It fails on
// statements that do more than allow actions on named resources, and on what is granted twice.
func allowed(t *testing.T, template templatetest.Template, service *web.Service) map[string][]string {
	t.Helper()
	policy := template.Resources[policyOf(t, template, service)]
	actions := map[string][]string{}
	for _, statement := range templatetest.At(policy.Properties, "PolicyDocument.Statement").([]any) {
		statement := statement.(map[string]any)
		if !slices.ContainsFunc(list(statement["Action"]), ofUses) {
			continue // what the hosting itself needs, such as logs:PutLogEvents
		}
		if statement["Effect"] != "Allow" || len(statement) != 3 {
			t.Errorf("got the statement %s, want Effect, Action and Resource", templatetest.JSON(t, statement))
		}
		for _, resource := range list(statement["Resource"]) {
			name := resourceName(t, resource)
			for _, action := range list(statement["Action"]) {
				if slices.Contains(actions[name], action.(string)) {
					t.Errorf("%s on %s is granted twice", action, name)
				}
				actions[name] = append(actions[name], action.(string))
			}
		}
	}
	for _, all := range actions {
		slices.Sort(all)
	}
	return actions
}

// ofUses reports whether an action is of a service whose resources the tests use.
func ofUses(action any) bool {
	service, _, _ := strings.Cut(action.(string), ":")
	return slices.Contains([]string{"*", "s3", "sqs", "sns", "kms"}, service)
}

// list is what IAM writes as one value or several.
func list(value any) []any {
	if all, ok := value.([]any); ok {
		return all
	}
	return []any{value}
}

// resourceName is the logical id that an ARN refers to, without the hash that the CDK adds, or the
// last part of a literal ARN; with what follows.
func resourceName(t *testing.T, arn any) string {
	t.Helper()
	if text, ok := arn.(string); ok {
		return text[strings.LastIndexByte(text, ':')+1:]
	}
	id := func(value any) (string, bool) {
		id, ok := templatetest.At(value, "Fn::GetAtt.0").(string)
		if !ok {
			id, ok = templatetest.At(value, "Ref").(string)
		}
		return id[:max(0, len(id)-len("01234567"))], ok && id != ""
	}
	if id, ok := id(arn); ok {
		return id
	}
	parts, _ := templatetest.At(arn, "Fn::Join.1").([]any)
	if len(parts) == 2 {
		if id, ok := id(parts[0]); ok {
			return id + parts[1].(string)
		}
	}
	last, ok := "", false
	if len(parts) > 0 {
		last, ok = parts[len(parts)-1].(string) // of an imported one: arn:${AWS::Partition}:s3:::name
	}
	if !ok {
		t.Errorf("got the resource %s, want one that is named", templatetest.JSON(t, arn))
	}
	return last[strings.LastIndexByte(last, ':')+1:]
}

// What each access allows, and nothing else.
var (
	readObjects  = []string{"s3:GetObject", "s3:ListBucket"}
	writeObjects = []string{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"}
	consume      = []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"}
	send         = []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"}
	consumeSend  = []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"}
	publish      = []string{"sns:Publish"}
	decrypt      = []string{"kms:Decrypt"}
	encrypt      = []string{"kms:Decrypt", "kms:GenerateDataKey"}
)

// both are all actions of two lists, sorted.
func both(one, other []string) []string {
	return slices.Sorted(slices.Values(slices.Concat(one, other)))
}

// wantUses fails if a service does not have exactly these variables, as JSON with logical ids
// without hashes, and is not allowed exactly these actions.
func wantUses(t *testing.T, h Harness, service *web.Service, variables map[string]string, actions map[string][]string) {
	t.Helper()
	template := templatetest.Of(t, awscdk.Stack_Of(service))
	got := h.variables(t, service)
	for name, want := range variables {
		if text := templatetest.JSON(t, got[name]); !strings.HasPrefix(text, want) {
			t.Errorf("got %s=%s, want %s…", name, text, want)
		}
	}
	can := allowed(t, template, service)
	for _, name := range slices.Sorted(maps.Keys(union(can, actions))) {
		if !slices.Equal(can[name], actions[name]) {
			t.Errorf("got the actions %q on %s, want %q", can[name], name, actions[name])
		}
	}
}

// union has what either of two maps has.
func union(one, other map[string][]string) map[string][]string {
	all := maps.Clone(one)
	maps.Copy(all, other)
	return all
}

func newKey(stack awscdk.Stack, id string) awskms.Key { return awskms.NewKey(stack, &id, nil) }

func testUseBucket(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	bucket := func(id string, key awskms.IKey) awss3.IBucket {
		return awss3.NewBucket(stack, &id, &awss3.BucketProps{EncryptionKey: key})
	}
	service.UseBucket("READ", bucket("Read", nil), web.Read)
	service.UseBucket("READ_KEY", bucket("ReadSecret", newKey(stack, "ReadKey")), web.Read)
	service.UseBucket("WRITE", bucket("Write", nil), web.Write)
	service.UseBucket("WRITE_KEY", bucket("WriteSecret", newKey(stack, "WriteKey")), web.Write)
	service.UseBucket("BOTH", bucket("Both", newKey(stack, "BothKey")), web.ReadWrite)

	widened := bucket("Widened", nil)
	service.UseBucket("WIDENED", widened, web.Read)
	service.UseBucket("WIDENED", widened, web.Write)
	service.UseBucket("AGAIN", widened, web.Read)
	all := bucket("All", nil)
	service.UseBucket("ALL", all, web.ReadWrite)
	service.UseBucket("ALL", all, web.Read)
	service.UseBucket("ALL_AGAIN", all, web.Write)

	service.UseBucket("BY_NAME", awss3.Bucket_FromBucketName(stack, new("ByName"), new("photos")), web.Read)
	service.UseBucket("BY_ARN", awss3.Bucket_FromBucketArn(stack, new("ByARN"), new("arn:aws:s3:::videos")), web.Write)
	service.UseBucket("WITH_KEY", awss3.Bucket_FromBucketAttributes(stack, new("WithKey"), &awss3.BucketAttributes{
		BucketName:    new("music"),
		EncryptionKey: awskms.Key_FromKeyArn(stack, new("MusicKey"), new("arn:aws:kms:eu-west-1:123456789012:key/music")),
	}), web.Read)
	parameter := awscdk.NewCfnParameter(stack, new("Name"), nil)
	service.UseBucket("BY_PARAMETER", awss3.Bucket_FromBucketName(stack, new("ByParameter"), parameter.ValueAsString()), web.Write)
	bucket("Other", newKey(stack, "OtherKey"))

	wantUses(t, h, service, map[string]string{
		"READ": `{"Ref":"Read`, "WRITE": `{"Ref":"Write`, "WIDENED": `{"Ref":"Widened`, "AGAIN": `{"Ref":"Widened`,
		"BY_NAME": `"photos"`, "BY_ARN": `"videos"`, "WITH_KEY": `"music"`, "BY_PARAMETER": `{"Ref":"Name"}`,
	}, map[string][]string{
		"Read": readObjects, "Read/*": readObjects,
		"ReadSecret": readObjects, "ReadSecret/*": readObjects, "ReadKey": decrypt,
		"Write/*":       writeObjects,
		"WriteSecret/*": writeObjects, "WriteKey": encrypt,
		"Both": both(readObjects, writeObjects), "Both/*": both(readObjects, writeObjects), "BothKey": encrypt,
		"Widened": readObjects, "Widened/*": both(readObjects, writeObjects),
		"All": both(readObjects, writeObjects), "All/*": both(readObjects, writeObjects),
		"photos": readObjects, "photos/*": readObjects,
		"videos/*": writeObjects,
		"music":    readObjects, "music/*": readObjects, "key/music": decrypt,
		"/*": writeObjects, // of the parameter
	})
}

func testUseQueue(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	queue := func(id string, props *awssqs.QueueProps) awssqs.IQueue { return awssqs.NewQueue(stack, &id, props) }
	service.UseQueue("READ", queue("Read", nil), web.Read)
	service.UseQueue("READ_KEY", queue("ReadSecret", &awssqs.QueueProps{EncryptionMasterKey: newKey(stack, "ReadKey")}), web.Read)
	service.UseQueue("WRITE", queue("Write", nil), web.Write)
	service.UseQueue("WRITE_KEY", queue("WriteSecret", &awssqs.QueueProps{EncryptionMasterKey: newKey(stack, "WriteKey")}), web.Write)
	service.UseQueue("BOTH", queue("Both", &awssqs.QueueProps{EncryptionMasterKey: newKey(stack, "BothKey")}), web.ReadWrite)
	service.UseQueue("FIFO", queue("Ordered", &awssqs.QueueProps{Fifo: new(true)}), web.Write)
	service.UseQueue("MANAGED", queue("Managed", &awssqs.QueueProps{Encryption: awssqs.QueueEncryption_KMS_MANAGED}), web.Read)
	all := queue("All", nil)
	service.UseQueue("ALL", all, web.ReadWrite)
	service.UseQueue("ALL", all, web.Read)
	service.UseQueue("ALL_AGAIN", all, web.Write)

	arn := func(name string) *string { return new("arn:aws:sqs:eu-west-1:123456789012:" + name) }
	service.UseQueue("BY_ARN", awssqs.Queue_FromQueueArn(stack, new("ByARN"), arn("jobs.fifo")), web.Read)
	service.UseQueue("WITH_KEY", awssqs.Queue_FromQueueAttributes(stack, new("WithKey"), &awssqs.QueueAttributes{
		QueueArn: arn("mail"), KeyArn: new("arn:aws:kms:eu-west-1:123456789012:key/mail"),
	}), web.Write)
	queue("Other", nil)

	wantUses(t, h, service, map[string]string{
		"READ": `{"Ref":"Read`, "WRITE": `{"Ref":"Write`, "FIFO": `{"Ref":"Ordered`, "ALL_AGAIN": `{"Ref":"All`,
		"BY_ARN": `{"Fn::Join":["",["https://sqs.eu-west-1.",{"Ref":"AWS::URLSuffix"},"/123456789012/jobs.fifo"]]}`,
	}, map[string][]string{
		"Read": consume, "ReadSecret": consume, "ReadKey": decrypt,
		"Write": send, "WriteSecret": send, "WriteKey": encrypt,
		"Both": consumeSend, "BothKey": encrypt, "All": consumeSend,
		"Ordered": send, "Managed": consume,
		"jobs.fifo": consume, "mail": send, "key/mail": encrypt,
	})
}

func testUseTopic(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	topic := func(id string, props *awssns.TopicProps) awssns.ITopic { return awssns.NewTopic(stack, &id, props) }
	news := topic("News", nil)
	service.UseTopic("NEWS", news)
	service.UseTopic("NEWS", news)
	service.UseTopic("NEWS_AGAIN", news)
	service.UseTopic("SECRET", topic("Secret", &awssns.TopicProps{MasterKey: newKey(stack, "Key")}))
	service.UseTopic("FIFO", topic("Ordered", &awssns.TopicProps{Fifo: new(true)}))
	service.UseTopic("BY_ARN", awssns.Topic_FromTopicArn(stack, new("ByARN"), new("arn:aws:sns:eu-west-1:123456789012:alarms.fifo")))
	service.UseTopic("WITH_KEY", awssns.Topic_FromTopicAttributes(stack, new("WithKey"), &awssns.TopicAttributes{
		TopicArn: new("arn:aws:sns:eu-west-1:123456789012:mail"), KeyArn: new("arn:aws:kms:eu-west-1:123456789012:key/mail"),
	}))
	topic("Other", nil)

	wantUses(t, h, service, map[string]string{
		"NEWS": `{"Ref":"News`, "NEWS_AGAIN": `{"Ref":"News`, "SECRET": `{"Ref":"Secret`, "FIFO": `{"Ref":"Ordered`,
		"BY_ARN": `"arn:aws:sns:eu-west-1:123456789012:alarms.fifo"`,
	}, map[string][]string{
		"News": publish, "Secret": publish, "Key": encrypt, "Ordered": publish,
		"alarms.fifo": publish, "mail": publish, "key/mail": encrypt,
	})
}

func testUseErrors(t *testing.T, h Harness) {
	stack := newStack(t)
	bucket, queue, topic := awss3.NewBucket(stack, new("Bucket"), nil), awssqs.NewQueue(stack, new("Queue"), nil), awssns.NewTopic(stack, new("Topic"), nil)
	other := awss3.NewBucket(stack, new("Other"), &awss3.BucketProps{EncryptionKey: newKey(stack, "Key")})
	w := workload()
	w.Environment = map[string]string{"STAGE": "test"}
	service := h.service(stack, "Site", w)
	service.UseTopic("THING", topic)
	for text, call := range map[string]func(){
		`UseBucket("THING") names the topic Stack/Topic already, and cannot name Stack/Other too; choose another name`: func() { service.UseBucket("THING", other, web.Read) },
		`UseQueue("THING") names the topic Stack/Topic already, and cannot name Stack/Queue too; choose another name`:  func() { service.UseQueue("THING", queue, web.Read) },
		`UseBucket("A") bucket must not be nil`:                                         func() { service.UseBucket("A", nil, web.Read) },
		`UseQueue("A") queue must not be nil`:                                           func() { service.UseQueue("A", nil, web.Read) },
		`UseTopic("A") topic must not be nil`:                                           func() { service.UseTopic("A", nil) },
		`UseBucket("A") access must be web.Read, web.Write or web.ReadWrite, got "all"`: func() { service.UseBucket("A", bucket, "all") },
		`UseQueue("A") access must be web.Read, web.Write or web.ReadWrite, got ""`:     func() { service.UseQueue("A", queue, "") },
		`UseBucket("STAGE") is set to another value already`:                            func() { service.UseBucket("STAGE", other, web.Write) },
		`UseQueue("PORT") is set from Workload.Port`:                                    func() { service.UseQueue("PORT", queue, web.Write) },
		`UseTopic("") must have a name`:                                                 func() { service.UseTopic("", topic) },
	} {
		WantPanic(t, "Stack/Site", text, call)
	}
	wantUses(t, h, service, map[string]string{"THING": `{"Ref":"Topic`, "STAGE": `"test"`, "A": "null"}, map[string][]string{"Topic": publish})
}

// testUseTooLate shows that a call whose variable comes too late grants nothing.
func testUseTooLate(t *testing.T, h Harness) {
	stack := newStack(t)
	table, bucket := newTable(stack, "Table"), awss3.NewBucket(stack, new("Bucket"), nil)
	service := h.service(stack, "Site", workload())
	service.UseTable("FIRST", table, web.Read)
	stack.Node().Root().(awscdk.App).Synth(nil)
	late := func(call func()) (late bool) {
		defer func() {
			if r := recover(); r != nil {
				late = true
				if err, _ := r.(*web.InvalidPropsError); err == nil || !strings.Contains(err.Error(), ") comes too late") {
					t.Errorf("got panic %v, want a sentence", r)
				}
			}
		}()
		call()
		return false
	}
	tooLate := late(func() { service.UseTable("SECOND", newTable(stack, "Second"), web.Read) })
	if got := late(func() { service.UseBucket("BUCKET", bucket, web.Read) }); got != tooLate {
		t.Errorf("UseBucket comes too late: %v, and UseTable: %v", got, tooLate)
	}
	stack.Node().Root().(awscdk.App).Synth(&awscdk.StageSynthesisOptions{Force: new(true)})
	template := templatetest.Of(t, stack)
	policy := templatetest.JSON(t, template.Resources[policyOf(t, template, service)].Properties)
	for name, id := range map[string]string{"SECOND": "Second", "BUCKET": "Bucket"} {
		_, set := h.variables(t, service)[name]
		if granted := strings.Contains(policy, `"`+id); set != granted || set == tooLate {
			t.Errorf("%s: too late: %v, variable set: %v, access granted: %v", name, tooLate, set, granted)
		}
	}
}

func testUseElsewhere(t *testing.T, h Harness) {
	const own, other = "123456789012", "210987654321"
	for _, test := range []struct {
		name, account, region string
		want                  []string // in the text; none if there is no warning
	}{
		{"here", own, "eu-west-1", nil},
		{"in another region", own, "us-east-1", []string{"region us-east-1"}},
		{"in another account", other, "eu-west-1", []string{"account " + other}},
		{"in another account and region", other, "us-east-1", []string{"region us-east-1", "account " + other}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{
				Env: &awscdk.Environment{Account: new(own), Region: new("eu-west-1")},
			})
			service := h.service(stack, "Site", workload())
			place := test.region + ":" + test.account + ":"
			service.UseBucket("BUCKET", awss3.Bucket_FromBucketAttributes(stack, new("Bucket"), &awss3.BucketAttributes{
				BucketName: new("photos"), Account: &test.account, Region: &test.region,
			}), web.Read)
			service.UseQueue("QUEUE", awssqs.Queue_FromQueueArn(stack, new("Queue"), new("arn:aws:sqs:"+place+"jobs")), web.Write)
			service.UseTopic("TOPIC", awssns.Topic_FromTopicArn(stack, new("Topic"), new("arn:aws:sns:"+place+"news")))
			texts := templatetest.Warnings(t, stack)
			for id, name := range map[string]string{
				web.BucketWarning: "the bucket Stack/Bucket", web.QueueWarning: "the queue Stack/Queue", web.TopicWarning: "the topic Stack/Topic",
			} {
				i := slices.IndexFunc(texts, func(text string) bool { return strings.Contains(text, "[ack: "+id+"]") })
				if (i >= 0) != (test.want != nil) {
					t.Errorf("got the warnings %q, want %s: %v", texts, id, test.want != nil)
				}
				for _, want := range test.want {
					if i >= 0 && (!strings.Contains(texts[i], name+" is in "+want)) {
						t.Errorf("got the warning %q, want %s is in %s", texts[i], name, want)
					}
				}
			}
		})
	}
}

// testUseOwnElsewhere shows that there is no warning of what the CDK does itself: it writes into the
// policy of a resource that another stack of the app makes in another account.
func testUseOwnElsewhere(t *testing.T, h Harness) {
	app := webtest.NewApp(t)
	stack := func(id, account string) awscdk.Stack {
		return awscdk.NewStack(app, &id, &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: new("eu-west-1")}})
	}
	bucket := awss3.NewBucket(stack("Other", "210987654321"), new("Bucket"), &awss3.BucketProps{BucketName: new("photos")})
	service := h.service(stack("Stack", "123456789012"), "Site", workload())
	service.UseBucket("BUCKET", bucket, web.Read)
	for _, entry := range *service.Node().Metadata() {
		if text, _ := entry.Data.(string); strings.Contains(text, web.BucketWarning) {
			t.Errorf("got the warning %q, want none", text)
		}
	}
	if bucket.Policy() == nil {
		t.Error("the bucket has no policy, want one that names the server's role")
	}
}

// testUnwrapped shows that a secret's value does not get into a variable, in which everybody could
// read it who may look at the service.
func testUnwrapped(t *testing.T, h Harness) {
	const text = "holds a secret (UnsafeUnwrap or {{resolve:…}}), and CloudFormation would write its value"
	stack := newStack(t)
	secret := awssecretsmanager.NewSecret(stack, new("Secret"), nil)
	values := map[string]string{
		"whole":            *secret.SecretValue().UnsafeUnwrap(),
		"field":            *secret.SecretValueFromJson(new("password")).UnsafeUnwrap(),
		"ToString":         *secret.SecretValue().ToString(),
		"in a text":        *stack.Region() + *awscdk.SecretValue_SecretsManager(new("db"), nil).UnsafeUnwrap() + "@db",
		"secure parameter": *awscdk.SecretValue_SsmSecure(new("/db"), nil).UnsafeUnwrap(),
		"literal":          "{{resolve:secretsmanager:db:SecretString:password}}",
		"literal with ARN": "{{resolve:secretsmanager:" + *secret.SecretArn() + "}}",
		"literal secure":   "x{{resolve:ssm-secure:/db:1}}",
	}
	service := h.service(stack, "Site", workload())
	for name, value := range values {
		t.Run(name+" in the command", func(t *testing.T) {
			w := workload()
			w.Command = []string{"serve", "--password=" + value}
			WantPanic(t, "Stack/Next", "Workload.Command[1] "+text, func() { h.service(stack, "Next", w) })
		})
		t.Run(name, func(t *testing.T) {
			w := workload()
			w.Environment = map[string]string{"FINE": *stack.Region(), "PASSWORD": value}
			WantPanic(t, "Stack/Next", `Workload.Environment["PASSWORD"] `+text, func() { h.service(stack, "Next", w) })
			WantPanic(t, "Stack/Site", `AddEnvironment("PASSWORD") `+text, func() { service.AddEnvironment("PASSWORD", value) })
		})
	}

	// What is no secret, and a lazy value, which is not made before it is asked for.
	lazy := &lazyText{text: "early"}
	for name, value := range map[string]string{
		"ARN":       *secret.SecretArn(),
		"REGION":    *stack.Region(),
		"LAZY":      *awscdk.Lazy_String(lazy, nil),
		"PARAMETER": *awscdk.NewCfnDynamicReference(awscdk.CfnDynamicReferenceService_SSM, new("/stage")).ToString(),
		"PLAIN":     *awscdk.SecretValue_UnsafePlainText(new("plain")).UnsafeUnwrap(),
		"JOIN":      *awscdk.Fn_Join(new("-"), &[]*string{stack.Region(), awscdk.Lazy_String(lazy, nil)}),
	} {
		service.AddEnvironment(name, value)
	}
	lazy.text = "late"
	got := h.variables(t, service)
	for name, want := range map[string]string{"LAZY": `"late"`, "PARAMETER": `"{{resolve:ssm:/stage}}"`, "JOIN": `{"Fn::Join":["-",[{"Ref":"AWS::Region"},"late"]]}`} {
		if text := templatetest.JSON(t, got[name]); text != want {
			t.Errorf("got %s=%s, want %s", name, text, want)
		}
	}
	if _, ok := got["PASSWORD"]; ok {
		t.Error("a variable that was refused is set")
	}
}

type lazyText struct{ text string }

func (l *lazyText) Produce() *string { return &l.text }

// testUnwrappedLater shows that a secret which is hidden in a function is found at synthesis.
func testUnwrappedLater(t *testing.T, h Harness) {
	for name, value := range map[string]func(secret *string) *string{
		"Fn_Join": func(secret *string) *string { return awscdk.Fn_Join(new(""), &[]*string{new("user:"), secret}) },
		"Fn_Sub": func(secret *string) *string {
			return awscdk.Fn_Sub(new("user:${secret}"), &map[string]*string{"secret": secret})
		},
		"lazy": func(secret *string) *string { return awscdk.Lazy_String(&lazyText{*secret}, nil) },
	} {
		for _, added := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				stack, w := newStack(t), workload()
				hidden := *value(awssecretsmanager.NewSecret(stack, new("Secret"), nil).SecretValue().UnsafeUnwrap())
				if !added {
					w.Environment = map[string]string{"DATABASE": hidden}
				}
				service := h.service(stack, "Site", w)
				if added {
					service.AddEnvironment("DATABASE", hidden)
				}
				defer func() {
					if r, want := recover(), "the variable DATABASE holds a secret"; r == nil || !strings.Contains(r.(error).Error(), want) {
						t.Errorf("got panic %v, want %q", r, want)
					}
				}()
				stack.Node().Root().(awscdk.App).Synth(nil)
			})
		}
	}
}
