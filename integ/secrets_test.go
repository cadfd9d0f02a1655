package integ

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// What the emulator needs to be told about secrets, as correctSecrets counts it.
const (
	secretRef      = "Ref of a secret"
	parameterGrant = "grant on a parameter"
	characters     = "characters of a secret"
)

// correctSecrets changes three things in the synthesized template, which the emulator takes in
// another way than AWS, and counts them:
//
//   - Ref of a secret is its ARN on AWS, and its name here. GetAtt "Id" is the ARN on both.
//   - ssm:GetParameters on a parameter is asked for on "*" here. What may read one parameter may
//     read all.
//   - Of what leaves characters out of a secret that is made, only ExcludeCharacters counts here.
func (d *deployment) correctSecrets() error {
	d.corrected = map[string]int{}
	return d.change(func(t map[string]any) {
		resources := t["Resources"].(map[string]any)
		isSecret := func(id any) bool {
			r, _ := resources[fmt.Sprint(id)].(map[string]any)
			return r["Type"] == "AWS::SecretsManager::Secret"
		}
		eachObject(t, func(object map[string]any) {
			if ref := object["Ref"]; ref != nil && isSecret(ref) {
				delete(object, "Ref")
				object["Fn::GetAtt"] = []any{ref, "Id"}
				d.corrected[secretRef]++
			}
			if object["Effect"] == "Allow" && object["Action"] == getParameters && object["Resource"] != "*" {
				object["Resource"] = "*"
				d.corrected[parameterGrant]++
			}
			if excluded := leftOut(object); excluded != "" {
				object["ExcludeCharacters"] = excluded
				d.corrected[characters]++
			}
		})
	})
}

// leftOut are the characters that GenerateSecretString leaves out by kind.
func leftOut(generator map[string]any) string {
	all := ""
	for _, kind := range []struct{ option, characters string }{
		{"ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
		{"ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	} {
		if generator[kind.option] == true {
			all += kind.characters
		}
	}
	return all
}

const getSecretValue, getParameters = "secretsmanager:GetSecretValue", "ssm:GetParameters"

// withoutSecretGrants takes what lets roles read secrets out of the synthesized template, and
// returns how many statements that were.
func (d *deployment) withoutSecretGrants() (int, error) {
	taken := 0
	return taken, d.change(func(t map[string]any) {
		resources := t["Resources"].(map[string]any)
		for id, r := range resources {
			properties, _ := r.(map[string]any)["Properties"].(map[string]any)
			document, _ := properties["PolicyDocument"].(map[string]any)
			statements, ok := document["Statement"].([]any)
			if !ok {
				continue
			}
			left := slices.DeleteFunc(statements, func(s any) bool {
				action := s.(map[string]any)["Action"]
				return action == getSecretValue || action == getParameters
			})
			taken += len(statements) - len(left)
			document["Statement"] = left
			if len(left) == 0 {
				remove(resources, id)
			}
		}
	})
}

// eachObject visits all objects of a JSON value, an outer one first.
func eachObject(value any, visit func(object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, member := range value {
			eachObject(member, visit)
		}
	case []any:
		for _, member := range value {
			eachObject(member, visit)
		}
	}
}

// containerSecret is a variable of a container, and where its value is, as a template says it.
type containerSecret struct {
	Name      string
	ValueFrom any
}

// containerSecrets returns the secrets of the containers in a template, by the family of their task
// definition.
func (d *deployment) containerSecrets() (map[string][]containerSecret, error) {
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	all := map[string][]containerSecret{}
	for id, r := range t.Resources {
		if r.Type != "AWS::ECS::TaskDefinition" {
			continue
		}
		var p struct {
			Family               string
			ContainerDefinitions []struct{ Secrets []containerSecret }
		}
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		for _, container := range p.ContainerDefinitions {
			all[p.Family] = append(all[p.Family], container.Secrets...)
		}
	}
	return all, nil
}

// references returns where the values of secrets are, by the variables' names.
func (d *deployment) references(secrets []containerSecret) (map[string]string, error) {
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	names, err := d.physical()
	if err != nil {
		return nil, err
	}
	for id, r := range t.Resources {
		if r.Type == "AWS::SecretsManager::Secret" {
			if names[id], err = d.lab.emulator.secretARN(names[id]); err != nil {
				return nil, err
			}
		}
	}
	all := map[string]string{}
	for _, secret := range secrets {
		if all[secret.Name], err = resolve(secret.ValueFrom, names); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (e *emulator) secretARN(name string) (string, error) {
	var answer struct{ ARN string }
	err := e.call(root, "secretsmanager", "secretsmanager.DescribeSecret", map[string]string{"SecretId": name}, &answer)
	return answer.ARN, err
}

// secretValue fetches the value of a secret with the credentials of a role, as the agent of ECS
// does. References have all their colons, or none:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
func (e *emulator) secretValue(as sigv4.Credentials, reference string) (string, error) {
	parts := strings.Split(reference, ":")
	switch {
	case len(parts) == 6 && parts[2] == "ssm":
		return e.parameterValue(as, strings.TrimPrefix(parts[5], "parameter"))
	case len(parts) == 7 && parts[2] == "secretsmanager":
		parts = append(parts, "", "", "")
	case len(parts) == 10 && parts[2] == "secretsmanager":
	default:
		return "", fmt.Errorf("%s is no reference to a secret", reference)
	}
	question := map[string]string{"SecretId": strings.Join(parts[:7], ":")}
	field, stage, version := parts[7], parts[8], parts[9]
	if stage != "" {
		question["VersionStage"] = stage
	}
	if version != "" {
		question["VersionId"] = version
	}
	var answer struct{ SecretString string }
	if err := e.call(as, "secretsmanager", "secretsmanager.GetSecretValue", question, &answer); err != nil {
		return "", err
	}
	if field == "" {
		return answer.SecretString, nil
	}
	var object map[string]string
	if json.Unmarshal([]byte(answer.SecretString), &object) != nil { // whose error would hold the value
		return "", fmt.Errorf("%s is no object of strings", reference)
	}
	value, ok := object[field]
	if !ok {
		return "", fmt.Errorf("%s has no such field", reference)
	}
	return value, nil
}

func (e *emulator) parameterValue(as sigv4.Credentials, name string) (string, error) {
	var answer struct{ Parameters []struct{ Value string } }
	question := map[string]any{"Names": []string{name}, "WithDecryption": true}
	if err := e.call(as, "ssm", "AmazonSSM.GetParameters", question, &answer); err != nil {
		return "", err
	}
	if len(answer.Parameters) != 1 {
		return "", fmt.Errorf("there is no parameter %s", name)
	}
	return answer.Parameters[0].Value, nil
}
