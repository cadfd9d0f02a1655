package secrets

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Service is where a secret is kept.
type Service uint8

const (
	SecretsManager Service = iota
	ParameterStore         // of AWS Systems Manager
)

// Reference says where a value is, in the form that Amazon ECS takes it.
type Reference struct {
	Service   Service
	Partition string
	Region    string
	ARN       string // of the secret or parameter alone
	Name      string // as people know it; a secret's with the six characters that AWS has put behind it

	// Key is the field of the secret's JSON object, empty for the whole secret.
	Key string
	// Stage and Version choose one of the secret's versions, the current one if
	// both are empty. A parameter has no Stage; its Version may be a label.
	Stage, Version string
}

// suffixes are the domains of the services' endpoints, by partition.
// https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
var suffixes = map[string]struct{ plain, dualStack string }{
	"aws":        {"amazonaws.com", "api.aws"},
	"aws-cn":     {"amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	"aws-eusc":   {"amazonaws.eu", "api.amazonwebservices.eu"},
	"aws-iso":    {"c2s.ic.gov", "api.aws.ic.gov"},
	"aws-iso-b":  {"sc2s.sgov.gov", "api.aws.scloud"},
	"aws-iso-e":  {"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	"aws-iso-f":  {"csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	"aws-us-gov": {"amazonaws.com", "api.aws"},
}

var errReference = errors.New(
	"it must be as arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME:JSON-KEY:VERSION-STAGE:VERSION-ID, " +
		"of which the last three may be missing, or as arn:aws:ssm:REGION:ACCOUNT:parameter/NAME:VERSION-OR-LABEL, " +
		"of which the last may be missing")

// Parse reads a reference.
func Parse(text string) (Reference, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || !utf8.ValidString(text) || strings.ContainsFunc(text, isControl) {
		return Reference{}, errReference
	}
	r := Reference{Partition: parts[1], Region: parts[3]}
	account, resource := parts[4], parts[5]
	if suffixes[r.Partition].plain == "" {
		return Reference{}, fmt.Errorf("%q is no partition of AWS that has an endpoint for it", r.Partition)
	}
	if r.Region == "" || !of(r.Region, lower+digits+"-") || !of(account, digits) {
		return Reference{}, errReference
	}
	fields := strings.Split(resource, ":")
	switch parts[2] {
	case "secretsmanager":
		if len(fields) < 2 || len(fields) > 5 || fields[0] != "secret" || account == "" {
			return Reference{}, errReference
		}
		fields = append(fields, "", "", "")
		r.Service, r.Name = SecretsManager, fields[1]
		r.Key, r.Stage, r.Version = fields[2], fields[3], fields[4]
		if r.Name == "" || !of(r.Name, lower+upper+digits+"/_+=.@!-") {
			return Reference{}, errReference
		}
		r.ARN = strings.Join(parts[:5], ":") + ":secret:" + r.Name
	case "ssm":
		name, ok := strings.CutPrefix(fields[0], "parameter/")
		if !ok || len(fields) > 2 || name == "" || !of(name, lower+upper+digits+"/_.-") {
			return Reference{}, errReference
		}
		r.Service, r.Name = ParameterStore, name
		if strings.Contains(name, "/") {
			r.Name = "/" + name // a name with levels begins with a slash
		}
		if len(fields) == 2 {
			r.Version = fields[1]
		}
		if !of(r.Version, lower+upper+digits+"_.-") {
			return Reference{}, errReference
		}
		r.ARN = strings.Join(parts[:5], ":") + ":" + fields[0]
	default:
		return Reference{}, errReference
	}
	return r, nil
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// of tells whether a text is made of nothing but chars.
func of(text, chars string) bool { return strings.Trim(text, chars) == "" }

func isControl(r rune) bool { return r < ' ' || r == 0x7F }

// String is the secret's name, with what people need to find it.
func (r Reference) String() string {
	kind := "the secret "
	if r.Service == ParameterStore {
		kind = "the parameter "
	}
	return kind + r.Name + r.choice() + " in " + r.Region
}

// choice names the version that was chosen, nothing for the current one.
func (r Reference) choice() string {
	var text string
	if r.Stage != "" {
		text += ", stage " + r.Stage
	}
	if r.Version != "" {
		text += ", version " + r.Version
	}
	if text != "" {
		text += ","
	}
	return text
}

// host is the service's endpoint in the secret's region, one for FIPS 140 or one
// with IPv6 if that is wanted.
func (r Reference) host(fips, dualStack bool) string {
	name, suffix := r.Service.signingName(), suffixes[r.Partition].plain
	// The plain ones of some partitions are for FIPS, or have IPv6.
	if fips && (dualStack || r.Service != ParameterStore || r.Partition != "aws-us-gov") {
		name += "-fips"
	}
	both := r.Partition == "aws" || r.Partition == "aws-us-gov" || r.Partition == "aws-cn" && !fips
	if dualStack && (r.Service != SecretsManager || !both) {
		suffix = suffixes[r.Partition].dualStack
	}
	return name + "." + r.Region + "." + suffix
}

// signingName is what the service is called in host names and signatures.
func (s Service) signingName() string {
	return [...]string{"secretsmanager", "ssm"}[s]
}
