package secrets

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// credentials finds the credentials of this process: in its environment, as
// Lambda has them there, or at the address that the environment names.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
func credentials(getenv func(string) string, deadline time.Time) (sigv4.Credentials, error) {
	c := sigv4.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
	}
	if c.AccessKeyID != "" && c.SecretAccessKey != "" {
		return c, checkCredentials(c, "the environment")
	}
	address := getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if address == "" {
		return c, errors.New("there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
			"and AWS_SESSION_TOKEN if they have a token, as `aws configure export-credentials --format env` does; " +
			"or set the variables that the secrets are for")
	}
	c, err := containerCredentials(address, getenv, deadline)
	if err != nil {
		return c, fmt.Errorf("cannot get AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: %w", err)
	}
	return c, nil
}

// checkCredentials refuses what cannot stand in a header.
func checkCredentials(c sigv4.Credentials, from string) error {
	for _, text := range []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken} {
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("the AWS credentials of %s hold a space or another character that they cannot have", from)
		}
	}
	return nil
}

func containerCredentials(address string, getenv func(string) string, deadline time.Time) (none sigv4.Credentials, err error) {
	token := getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	e, err := parseEndpoint(address)
	if err != nil || e.path == "" {
		return none, fmt.Errorf("it must be as http://127.0.0.1:9001/credentials, got %q", address)
	}
	if !e.tls && !isLocal(e.address, getenv("AWS_LAMBDA_RUNTIME_API")) {
		return none, fmt.Errorf("without TLS it must be of this machine, got %q", address)
	}
	if strings.ContainsFunc(token, isControl) {
		return none, errors.New("AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break")
	}
	head := "GET " + e.path + " HTTP/1.1\r\nhost: " + e.host + "\r\n"
	if token != "" {
		head += "authorization: " + token + "\r\n"
	}
	var content []byte
	err = retry(deadline, func(limit time.Time) (outcome, error) {
		conn, err := e.connect(limit)
		if err != nil {
			return failed, err
		}
		defer conn.Close()
		r, body, err := exchange(conn, "GET", []byte(head+"\r\n"), nil, limit)
		if err == nil && r.Status != 200 {
			came := final
			if r.Status >= 500 {
				came = failed
			}
			return came, fmt.Errorf("%s responded with the status %d", e, r.Status)
		}
		content = body
		return failed, err
	})
	if err != nil {
		return none, err
	}
	members, err := stringMembers(content)
	c := sigv4.Credentials{AccessKeyID: members["AccessKeyId"], SecretAccessKey: members["SecretAccessKey"], SessionToken: members["Token"]}
	if err != nil || c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return none, fmt.Errorf("%s responded without credentials", e)
	}
	return c, checkCredentials(c, e.String())
}

// isLocal tells whether an address is of this machine, or one where ECS, EKS and
// Lambda, at its Runtime API's host, hand out credentials.
func isLocal(address, runtimeAPI string) bool {
	host, _, err := net.SplitHostPort(address)
	lambda, _, _ := net.SplitHostPort(runtimeAPI) // none outside of Lambda
	if host == "localhost" || host != "" && host == lambda {
		return true
	}
	ip, parseErr := netip.ParseAddr(host)
	if err != nil || parseErr != nil {
		return false
	}
	switch ip.String() {
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
		return true
	}
	return ip.IsLoopback()
}

// stringMembers returns the members of a JSON object that are strings.
func stringMembers(text []byte) (map[string]string, error) {
	members := map[string]string{}
	err := eachMember(text, func(key string, value []byte) error {
		if _, ok := jsontext.Inside(value); ok {
			members[key] = jsontext.String(value)
		}
		return nil
	})
	return members, err
}
