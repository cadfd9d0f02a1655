package secrets

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

var errResponse = errors.New("the service's response cannot be read")

// eachMember visits the members of a JSON object, with their names decoded.
func eachMember(text []byte, visit func(key string, value []byte) error) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' || !jsontext.Valid(text) {
		return errResponse
	}
	return jsontext.EachMember(text, func(key, value []byte) error {
		name, err := jsontext.Unescape(bytes.Clone(key))
		if err != nil {
			return err
		}
		return visit(string(name), value)
	})
}

var errBinary = errors.New("it is binary, and a variable takes text; store it as a string")

// readSecret returns the text of a secret from the response to GetSecretValue.
func readSecret(text []byte) (string, error) {
	var value []byte
	binary := false
	err := eachMember(text, func(key string, v []byte) error {
		switch {
		case key == "SecretString" && !jsontext.IsNull(v):
			value = v
		case key == "SecretBinary" && !jsontext.IsNull(v):
			binary = true
		}
		return nil
	})
	_, ok := jsontext.Inside(value)
	switch {
	case err != nil:
		return "", errResponse
	case ok:
		return jsontext.String(value), nil
	case binary:
		return "", errBinary
	}
	return "", errResponse
}

// readParameters returns the texts of parameters from the response to
// GetParameters, by their ARN and, with the selector behind it, by their name.
func readParameters(text []byte) (map[string]string, error) {
	var list []byte
	values := map[string]string{}
	err := eachMember(text, func(key string, value []byte) error {
		if key == "Parameters" {
			list = value
		}
		return nil
	})
	if err != nil || len(list) == 0 || list[0] != '[' {
		return nil, errResponse
	}
	err = jsontext.EachElement(list, func(element []byte) error {
		members, err := stringMembers(element)
		if err != nil {
			return err
		}
		value, ok := members["Value"]
		if !ok {
			return errResponse
		}
		selector := members["Selector"]
		if selector != "" && !strings.HasPrefix(selector, ":") {
			selector = ":" + selector
		}
		for _, name := range []string{members["ARN"], members["Name"]} {
			if name != "" {
				values[name+selector] = value
			}
		}
		return nil
	})
	if err != nil {
		return nil, errResponse
	}
	return values, nil
}

// field returns the value of a secret's JSON object under a key: a string as it
// is, a number, true and false as they stand in the JSON.
func field(text, key string) (string, error) {
	var found []byte
	err := eachMember([]byte(text), func(name string, value []byte) error {
		if name == key {
			found = value
		}
		return nil
	})
	if err != nil {
		return "", errors.New("it is no JSON object, of which a field could be taken; name no field, or store an object")
	}
	if found == nil {
		return "", errors.New("its JSON object has no such field")
	}
	switch found[0] {
	case '"':
		return jsontext.String(found), nil
	case '{', '[', 'n':
		return "", errors.New("the field is an object, an array or null, and a variable takes a string, a number, true or false")
	}
	return string(found), nil
}

// apiError is a service's error: its code, and what it is about.
type apiError struct {
	status int
	code   string
	kms    bool // it is about the key, not the secret

	foreign bool // it has no code, which all errors of AWS have
}

func (e *apiError) Error() string { return e.code }

// readError finds the code of an error in a response.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
func readError(status int, header string, text []byte) *apiError {
	e := &apiError{status: status}
	members, err := stringMembers(text)
	if err != nil {
		members = nil // a proxy's page
	}
	message := strings.ToLower(members["message"] + members["Message"])
	e.kms = strings.Contains(message, "kms") || strings.Contains(message, "ciphertext")
	for _, code := range []string{header, members["__type"], members["code"]} {
		code, _, _ = strings.Cut(code, ":")
		if n := strings.LastIndexByte(code, '#'); n >= 0 {
			code = code[n+1:]
		}
		if code != "" && len(code) <= 64 && of(code, lower+upper+digits+".") {
			e.code = code
			return e
		}
	}
	e.code, e.foreign = "HTTP status "+strconv.Itoa(status), true
	return e
}

// throttled tells whether there were too many requests.
func (e *apiError) throttled() bool {
	switch e.code {
	case "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
		"RequestThrottled", "RequestThrottledException", "SlowDown", "LimitExceededException", "PriorRequestNotComplete":
		return true
	}
	return e.status == 429
}

// temporary tells whether the same request may succeed a moment later.
func (e *apiError) temporary() bool { return e.throttled() || e.status >= 500 }

// ofCredentials tells whether the credentials, or the signature, are refused.
func (e *apiError) ofCredentials() bool {
	return slices.ContainsFunc([]string{
		"ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature",
		"MissingAuthenticationToken", "RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture", "AuthFailure",
	}, func(code string) bool { return strings.HasPrefix(e.code, code) })
}

// advice says what to do about a service's error.
func (e *apiError) advice(s Service) string {
	code := e.code
	action := "secretsmanager:GetSecretValue"
	if s == ParameterStore {
		action = "ssm:GetParameters"
	}
	switch {
	case strings.HasPrefix(code, "AccessDenied") && e.kms:
		return "the role needs kms:Decrypt on the key that encrypts it"
	case strings.HasPrefix(code, "AccessDenied"):
		return "the role needs " + action + " on it"
	case strings.HasPrefix(code, "ResourceNotFound"):
		return "there is none with this name, or none of its versions was chosen"
	case strings.HasPrefix(code, "DecryptionFailure"), strings.HasPrefix(code, "InvalidKeyId"):
		return "AWS KMS cannot decrypt it; its key must be enabled, and the role needs kms:Decrypt on the key"
	case code == "InvalidRequestException":
		return "it may be marked for deletion; restore it, or name another one"
	case code == "InvalidParameterException", code == "ValidationException":
		return "check the version and the name"
	case e.ofCredentials():
		return "AWS does not accept the credentials; they may be too old, or the clock may be wrong"
	case e.foreign:
		return "AWS responds in another way; check AWS_ENDPOINT_URL, and what stands between"
	case e.temporary() && e.status < 500:
		return "AWS takes no more requests for now, after several tries; ask for a higher quota"
	case e.temporary():
		return "the service failed several times"
	}
	return "the service's documentation says what it means"
}
