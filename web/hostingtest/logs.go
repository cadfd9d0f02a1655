package hostingtest

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
)

// CloudWatch Logs may use the key of a new log group, and needs to be told in the key's policy.
func testLogKey(t *testing.T, h Harness) {
	if h.WithLogKey == nil {
		return
	}
	const logs, key = "AWS::Logs::LogGroup", "AWS::KMS::Key"
	const statement = `{"Action":["kms:Decrypt","kms:Describe*","kms:Encrypt","kms:GenerateDataKey*","kms:ReEncrypt*"],` +
		`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":logs:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":log-group:*"]]}}},` +
		`"Effect":"Allow","Principal":{"Service":{"Fn::Join":["",["logs.",{"Ref":"AWS::Region"},".",{"Ref":"AWS::URLSuffix"}]]}},"Resource":"*"}`
	for name, in := range map[string]func(own awscdk.Stack) awscdk.Stack{
		"of the service's stack": func(own awscdk.Stack) awscdk.Stack { return own },
		"of another stack": func(own awscdk.Stack) awscdk.Stack {
			return awscdk.NewStack(own.Node().Root().(awscdk.App), new("Keys"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			keys := in(stack)
			hosting := h.WithLogKey(awskms.NewKey(keys, new("Key"), nil))
			for _, id := range []string{"One", "Two"} {
				service := web.NewService(stack, id, &web.ServiceProps{Workload: workload(), Hosting: hosting})
				wantWarnings(t, stack, service, web.LogKeyWarning, 0)
			}
			template := templatetest.Of(t, stack)
			for _, id := range template.IDs(logs) {
				if template.Resources[id].Properties["KmsKeyId"] == nil {
					t.Errorf("the log group %s has no key", id)
				}
			}
			policy := templatetest.Of(t, keys).Get(key, "KeyPolicy.Statement").([]any)
			if len(policy) != 2 || templatetest.JSON(t, policy[1]) != statement {
				t.Errorf("got the key's policy %s, want the account's statement and once %s", templatetest.JSON(t, policy), statement)
			}
		})
	}
	t.Run("imported", func(t *testing.T) {
		stack := newStack(t)
		const arn = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
		hosting := h.WithLogKey(awskms.Key_FromKeyArn(stack, new("Key"), new(arn)))
		service := web.NewService(stack, "Site", &web.ServiceProps{Workload: workload(), Hosting: hosting})
		template := templatetest.Of(t, stack)
		template.Want(logs, "KmsKeyId", `"`+arn+`"`)
		warnings := strings.Join(templatetest.Warnings(t, stack), "\n")
		want := "the policy of LogEncryptionKey Stack/Key is not this app's to change: " +
			"it must let logs.REGION.amazonaws.com use the key, or the log group cannot be made"
		if !strings.Contains(warnings, want) {
			t.Errorf("got warnings %s, want %s", warnings, want)
		}
		wantWarnings(t, stack, service, web.LogKeyWarning, 1)
	})
}
