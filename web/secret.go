package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// Secret is where the value of a variable is kept: a [SecretsManager] secret or an [SSMParameter].
// The value reaches the server when it starts, and stands nowhere else: not in the template, not in
// the configuration of the service, not in a log.
//
// A server that runs keeps the value that it got. A new one is seen by the tasks, instances and
// execution environments that start after it was set.
type Secret struct {
	secret    awssecretsmanager.ISecret
	parameter awsssm.IParameter
	key       awskms.IKey

	field, stage, version string
}

// SecretsManager is a secret of AWS Secrets Manager: the field of its JSON object, such as
// "password", or the whole value if the field is empty. The server is granted
// secretsmanager:GetSecretValue, and kms:Decrypt with the secret's key if that is the customer's.
func SecretsManager(secret awssecretsmanager.ISecret, field string) Secret {
	return Secret{secret: secret, field: field}
}

// SSMParameter is a parameter of AWS Systems Manager Parameter Store, encrypted or not. The server
// is granted ssm:GetParameters, and kms:Decrypt with the parameter's key if that is the customer's.
// It gets the current value: Amazon ECS does not take a version or label of a parameter.
func SSMParameter(parameter awsssm.IParameter) Secret {
	return Secret{parameter: parameter}
}

// WithStage chooses a version of a Secrets Manager secret by its staging label, such as
// "AWSPREVIOUS". Default: AWSCURRENT.
func (s Secret) WithStage(label string) Secret {
	s.stage = label
	return s
}

// WithVersion chooses a version of a Secrets Manager secret by its id.
func (s Secret) WithVersion(id string) Secret {
	s.version = id
	return s
}

// WithKey names the customer's KMS key that encrypts the secret, if the CDK does not know it
// because the secret or parameter was imported.
func (s Secret) WithKey(key awskms.IKey) Secret {
	s.key = key
	return s
}

// SecretWarning is about a secret or parameter in another account.
const SecretWarning = "cdkweb:secret-elsewhere"

// AddSecret sets an environment variable of the server to the value of a secret, and lets the
// server's place read it. It panics with an [*InvalidPropsError] on a name that the hosting
// reserves, and if the variable has a value already.
func (s *Service) AddSecret(name string, secret Secret) {
	if problem := s.checkSecret(name, secret); problem != nil {
		problem.Field = fmt.Sprintf("AddSecret(%q)", name)
		s.panic(*problem)
	}
	s.setSecret(name, secret)
}

// checkSecret reports why a variable cannot be set to a secret. The problem has no field.
func (s *Service) checkSecret(name string, secret Secret) *Problem {
	if problem := s.check.secret(name, secret); problem != nil {
		return problem
	}
	if problem := s.check.secretsNeed(); problem != nil {
		return problem
	}
	all := maps.Clone(s.check.Workload.Secrets)
	all[name] = secret
	if problem := s.check.variablesSize(s.check.variables(), all); problem != nil {
		return problem
	}
	if _, ok := s.check.Workload.Environment[name]; ok {
		return &Problem{Message: "is set to a value already", Fix: "a variable has one value"}
	}
	old, ok := s.secrets.values[name]
	switch {
	case ok && old == secret.reference():
		return nil
	case ok:
		return &Problem{Message: "is set to another secret already", Fix: "a variable has one value"}
	case s.secrets.rendered || s.variables.rendered:
		return lateVariable()
	}
	return s.checkStacksOf(secret.arn())
}

// setSecret sets a variable to a secret for which checkSecret found no problem.
func (s *Service) setSecret(name string, secret Secret) {
	if _, ok := s.secrets.values[name]; ok {
		s.grantSecret(secret) // it may name its key now
		return
	}
	s.watchEnvironment()
	s.check.Workload.Secrets[name] = secret
	s.grantSecret(secret)
	s.dependsOn(secret.arn())
	s.secrets.add(name, secret.reference())
}

// grantSecret lets whatever hands the value to the server read it, and decrypt it.
func (s *Service) grantSecret(secret Secret) {
	reads := granted{secret.resource(), Read}
	if !s.granted[reads] {
		s.granted[reads] = true
		s.secretReader().AddToPrincipalPolicy(secret.reading())
		if !s.check.platform.SecretsOutsideVPC {
			s.needsEndpoint(secret.kind().service, "secrets")
		}
		if account, _ := s.elsewhere(secret.resource(), secret.arn()); account != "" {
			text := fmt.Sprintf("the %s %s is in account %s: %s",
				secret.kind().name, *secret.resource().Node().Path(), account, secret.kind().elsewhere)
			awscdk.Annotations_Of(s).AddWarningV2(new(SecretWarning), &text)
		}
	}
	key := secret.encryptionKey()
	if isNil(key) {
		return
	}
	if decrypts := (granted{key, Access(secret.kind().service)}); !s.granted[decrypts] {
		s.granted[decrypts] = true
		s.secretReader().AddToPrincipalPolicy(secret.decrypting(key))
	}
}

// secretReader is what reads the secrets.
func (s *Service) secretReader() awsiam.IPrincipal {
	if s.made.SecretReader != nil {
		return s.made.SecretReader().GrantPrincipal()
	}
	return s.made.Role.GrantPrincipal()
}

// secretKind is what there is to know of a place for secrets.
type secretKind struct{ name, service, action, elsewhere string }

func (s Secret) kind() secretKind {
	if s.parameter != nil {
		return secretKind{
			"parameter", "ssm", "ssm:GetParameters",
			"it must be shared from there with AWS Resource Access Manager; App Runner takes none of another account",
		}
	}
	return secretKind{
		"secret", "secretsmanager", "secretsmanager:GetSecretValue",
		"its policy there must allow the role that reads it, and so must the policy of its key, which must be a customer's",
	}
}

// resource is the secret or the parameter.
func (s Secret) resource() awscdk.IResource {
	if s.parameter != nil {
		return s.parameter
	}
	return s.secret
}

// arn of the secret or the parameter alone.
func (s Secret) arn() string {
	if s.parameter != nil {
		return *s.parameter.ParameterArn()
	}
	return *s.secret.SecretArn()
}

// reference is where the value is, as Amazon ECS and App Runner take it. It may hold tokens.
func (s Secret) reference() string {
	if s.field == "" && s.stage == "" && s.version == "" {
		return s.arn()
	}
	return strings.Join([]string{s.arn(), s.field, s.stage, s.version}, ":")
}

// reading allows to read the value, and nothing more: GrantRead of the CDK's constructs also allows
// to describe it.
func (s Secret) reading() awsiam.PolicyStatement {
	resource := s.arn()
	if s.secret != nil && s.secret.SecretFullArn() == nil {
		resource += "-??????" // AWS puts six characters behind the name, which nobody knows here
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: new(pointers([]string{s.kind().action})), Resources: new(pointers([]string{resource})),
	})
}

// encryptionKey is the customer's key that encrypts the secret, as far as it is known; nil if it is
// not.
func (s Secret) encryptionKey() awskms.IKey {
	if own, ok := s.resource().(interface{ EncryptionKey() awskms.IKey }); ok && isNil(s.key) {
		return own.EncryptionKey()
	}
	return s.key
}

// decrypting allows to decrypt the value, by way of its service alone. The CDK's Grant for a service
// writes into the key's policy, which an imported key has not.
func (s Secret) decrypting(key awskms.IKey) awsiam.PolicyStatement {
	service := fmt.Sprintf("%s.%s.amazonaws.com", s.kind().service, *s.resource().Env().Region)
	resource := key.KeyArn()
	conditions := map[string]any{"StringEquals": map[string]string{"kms:ViaService": service}}
	if alias, ok := key.(awskms.IAlias); ok { // IAM knows keys, and which aliases they have
		resource = awscdk.Stack_Of(key).FormatArn(&awscdk.ArnComponents{
			Service: new("kms"), Resource: new("key"), ResourceName: new("*"),
		})
		conditions["ForAnyValue:StringEquals"] = map[string]string{"kms:ResourceAliases": *alias.AliasName()}
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    new(pointers([]string{"kms:Decrypt"})),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	})
}

// Limits of what chooses a version (Secrets Manager API reference, GetSecretValue).
const (
	maxStage                 = 256
	minVersionID, maxVersion = 32, 64
)

// problem reports what is wrong with a secret by itself. The problem has no field.
func (s Secret) problem() *Problem {
	isParameter := !isNil(s.parameter)
	switch {
	case isNil(s.secret) && !isParameter:
		return &Problem{
			Message: "holds no secret",
			Fix:     "set it to web.SecretsManager(secret, field) or web.SSMParameter(parameter), of one that is not nil",
		}
	case isParameter && (s.stage != "" || s.version != ""):
		return &Problem{
			Message: "must not choose a version of a parameter, which Amazon ECS and App Runner do not take",
			Fix:     "leave WithStage and WithVersion out",
		}
	case s.stage != "" && s.version != "":
		return &Problem{Message: "must not have both a stage and a version", Fix: "leave one of them out"}
	}
	for _, part := range []struct{ name, value string }{{"field", s.field}, {"stage", s.stage}, {"version", s.version}} {
		if token.In(part.value) {
			continue
		}
		if !isText(part.value) || strings.ContainsFunc(part.value, func(r rune) bool { return r == ':' || unicode.IsControl(r) }) {
			return &Problem{
				Message: fmt.Sprintf("must have a %s without ':', which separates the parts of a reference, and control characters", part.name),
				Got:     part.value,
			}
		}
	}
	if len(s.stage) > maxStage && !token.In(s.stage) {
		return &Problem{Message: fmt.Sprintf("must have a stage of at most %d characters", maxStage), Got: s.stage}
	}
	if n := len(s.version); n > 0 && !token.In(s.version) && (n < minVersionID || n > maxVersion) {
		return &Problem{
			Message: fmt.Sprintf("must have a version of %d to %d characters", minVersionID, maxVersion),
			Got:     s.version,
			Fix:     "set the version's id, or its label with WithStage",
		}
	}
	return nil
}

// secret reports why a variable cannot be set to a secret before the service is made. The problem
// has no field.
func (c *Check) secret(name string, secret Secret) *Problem {
	if problem := c.variableName(name); problem != nil {
		return problem
	}
	if _, ok := c.own[name]; ok {
		return &Problem{
			Message: fmt.Sprintf("is set by cdkweb for %s", c.platform.ServiceName()),
			Fix:     "choose another name",
		}
	}
	if strings.HasPrefix(name, adapterSetting) {
		return &Problem{
			Message: "is a setting of the adapter, which reads no secrets for itself",
			Fix:     "choose another name, or set Workload.Environment",
		}
	}
	if problem := secret.problem(); problem != nil {
		return problem
	}
	parts := map[string]string{"field": secret.field, "stage": secret.stage, "version": secret.version}
	unwrapped, _ := c.unwrapped(parts)
	if len(unwrapped) > 0 || isSecretReference(secret.field+secret.stage+secret.version) {
		return &Problem{
			Message: "must not have a secret as its field, stage or version",
			Fix:     "write the name",
		}
	}
	return nil
}

// checkSecrets checks those of the workload.
func (c *Check) checkSecrets() {
	for _, name := range slices.Sorted(maps.Keys(c.Workload.Secrets)) {
		problem := c.secret(name, c.Workload.Secrets[name])
		if _, ok := c.Workload.Environment[name]; ok && problem == nil {
			problem = &Problem{
				Message: "is in Workload.Environment too",
				Fix:     "a variable has one value",
			}
		}
		if problem != nil {
			problem.Field = fmt.Sprintf("Workload.Secrets[%q]", name)
			c.Problem(*problem)
		}
	}
	if len(c.Workload.Secrets) == 0 {
		return
	}
	if problem := c.secretsNeed(); problem != nil {
		problem.Field = "Workload.Secrets"
		c.Problem(*problem)
	}
}

// secretsNeed reports what secrets lack. The problem has no field.
func (c *Check) secretsNeed() *Problem {
	if c.platform == nil {
		return nil
	}
	if !c.platform.Secrets.Can {
		return &Problem{
			Message: fmt.Sprintf(
				"cannot be had on %s, which hands no secrets to a server",
				c.platform.ServiceName(),
			),
			Fix: "choose " + cmp.Or(platform.Can(
				func(p *platform.Platform) platform.Ability { return p.Secrets },
			), "another hosting"),
		}
	}
	for _, rule := range c.secretRules {
		if problem := rule(); problem != nil {
			return problem
		}
	}
	return nil
}

// referencesSize is how many bytes the references to secrets take as variables of the adapter, at
// least: what a token stands for is known only when AWS has made the secret.
func referencesSize(secrets map[string]Secret) int {
	const leastARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/a"
	size := 0
	for name, secret := range secrets {
		size += len(secretVariable) + len(name)
		if secret.problem() == nil {
			size += max(len(leastARN), len(token.Without(secret.reference())))
		}
	}
	return size
}

// adapterSetting is what the names of the adapter's settings begin with.
const adapterSetting = "AWS_LWA_"

// secretVariable is what names of variables must not begin with: the adapter takes such a variable
// for the place of a secret.
var secretVariable = adapter.SecretVariable("")
