package web

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/internal/token"
)

// secretReferences are the beginnings of CloudFormation's dynamic references to secrets. It puts
// the secret's value in the place of one, while it deploys.
var secretReferences = []string{"{{resolve:secretsmanager:", "{{resolve:ssm-secure:"}

// isSecretReference reports whether a text holds a dynamic reference to a secret.
func isSecretReference(text string) bool {
	return slices.ContainsFunc(secretReferences, func(start string) bool {
		return strings.Contains(text, start)
	})
}

// secretProblem says that a variable holds a secret. It has no field.
func secretProblem() *Problem {
	return &Problem{
		Message: "holds a secret (UnsafeUnwrap or {{resolve:…}}), and CloudFormation would write " +
			"its value into the service's configuration, where others can read it",
		Fix: "put it into Workload.Secrets with web.SecretsManager(secret, field) or web.SSMParameter(parameter), or call AddSecret",
	}
}

// dynamicReference is the type of what UnsafeUnwrap's token stands for. The interface
// awscdk.CfnDynamicReference has no method of its own to tell it by.
var dynamicReference = sync.OnceValue(func() reflect.Type {
	const service = awscdk.CfnDynamicReferenceService_SSM
	return reflect.TypeOf(awscdk.NewCfnDynamicReference(service, new("/name")))
})

// unwrapped finds the variables that hold what SecretValue.UnsafeUnwrap or ToString returned, alone
// or among other text. The problems are by the variables' names. Unsure are the names of those that
// only the synthesis can tell about, because they hold lazy values, or functions such as Fn_Join
// with what may be lazy: to resolve those now could be too early.
//
// It asks the CDK only if there are such tokens, and about all at once.
func (c *Check) unwrapped(
	variables map[string]string,
) (problems map[string]*Problem, unsure []string) {
	if c.Stack == nil {
		return nil, nil
	}
	var suspects, owners []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		for _, text := range token.All(variables[name]) {
			switch {
			case strings.HasPrefix(text, "${Token[TOKEN."): // which has no name; others are references
				suspects, owners = append(suspects, text), append(owners, name)
			case strings.HasPrefix(text, "${Token[Fn::"):
				unsure = append(unsure, name)
			}
		}
	}
	if len(suspects) == 0 {
		return nil, unsure
	}

	problems = map[string]*Problem{}
	references := map[string]any{}
	fragments := awscdk.Tokenization_ReverseString(new(strings.Join(suspects, "")))
	for i, value := range *fragments.Tokens() {
		_, isReference := value.(awscdk.Reference)
		switch _, isSecret := value.(awscdk.SecretValue); {
		case isSecret:
			problems[owners[i]] = secretProblem()
		case reflect.TypeOf(value) == dynamicReference():
			references[strconv.Itoa(i)] = value
		case !isReference: // to a resource's attribute
			unsure = append(unsure, owners[i])
		}
	}
	if len(references) > 0 {
		resolved, _ := c.Stack.Resolve(references).(map[string]any)
		for i, owner := range owners {
			if holdsSecret(resolved[strconv.Itoa(i)]) {
				problems[owner] = secretProblem()
			}
		}
	}
	return problems, unsure
}

// checkUnwrappedCommand finds secrets in the arguments of the server, which everybody can read who
// may look at the service.
func (c *Check) checkUnwrappedCommand() {
	arguments := map[string]string{}
	for i, argument := range c.Workload.Command {
		arguments[fmt.Sprintf("Workload.Command[%d]", i)] = argument
	}
	unwrapped, _ := c.unwrapped(arguments)
	for _, field := range slices.Sorted(maps.Keys(arguments)) {
		problem := unwrapped[field]
		if isSecretReference(arguments[field]) {
			problem = secretProblem()
		}
		if problem != nil {
			problem.Field = field
			problem.Fix += ", and let the server read the variable"
			c.Problem(*problem)
		}
	}
}

// watch checks variables again when the app synthesizes.
func (s *Service) watch(unsure []string) {
	if len(unsure) > 0 && len(s.unsure) == 0 {
		s.Node().AddValidation(&unsureVariables{s})
	}
	s.unsure = append(s.unsure, unsure...)
}

// unsureVariables is the CDK's validation of variables that may turn out to hold secrets.
type unsureVariables struct{ service *Service }

func (u *unsureVariables) Validate() *[]*string {
	s := u.service
	values := map[string]any{}
	for _, name := range s.unsure {
		values[name] = s.check.Workload.Environment[name]
	}
	resolved, _ := s.check.Stack.Resolve(values).(map[string]any)
	texts := []*string{}
	for _, name := range slices.Sorted(maps.Keys(resolved)) {
		if holdsSecret(resolved[name]) {
			problem := secretProblem()
			problem.Field = fmt.Sprintf("the variable %s", name)
			texts = append(texts, new("cdkweb: "+problem.Error()))
		}
	}
	return &texts
}

// holdsSecret reports whether a dynamic reference to a secret stands anywhere in a resolved value.
func holdsSecret(value any) bool {
	switch value := value.(type) {
	case string:
		return isSecretReference(value)
	case []any:
		return slices.ContainsFunc(value, holdsSecret)
	case map[string]any:
		for _, element := range value {
			if holdsSecret(element) {
				return true
			}
		}
	}
	return false
}
