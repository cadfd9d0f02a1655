package secrets_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/cdkweb/cdkweb/adapter/program/secrets"
	"github.com/cdkweb/cdkweb/internal/secretstest"
)

const (
	db  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"
	api = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-GhIjKl"
	key = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key"
)

// variables makes the variables of NAME=reference.
func variables(t *testing.T, pairs ...string) []Variable {
	t.Helper()
	var list []Variable
	for _, pair := range pairs {
		name, text, _ := strings.Cut(pair, "=")
		r, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		list = append(list, Variable{Name: name, Reference: r})
	}
	return list
}

// want fails the test unless the values and the error's lines are the wanted ones.
func want(t *testing.T, got map[string]string, err error, values map[string]string, lines ...string) {
	t.Helper()
	if !maps.Equal(got, values) {
		t.Errorf("got %q, want %q", got, values)
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	if want := strings.Join(lines, "\n"); text != want {
		t.Errorf("got the error\n%s\nwant\n%s", text, want)
	}
}

// targets are the operations and names of the calls, in an order of their own.
func targets(calls []secretstest.Call) []string {
	var list []string
	for _, call := range calls {
		_, operation, _ := strings.Cut(call.Target, ".")
		list = append(list, operation+" "+strings.Join(call.Names, ","))
	}
	slices.Sort(list)
	return list
}

func TestFetch(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	aws.SetSecret(db, `"SecretString":"{\"username\":\"shop\",\"password\":\"p\\u00e4\\\"ss\\n\",\"port\":5432,\"tls\":true,\"ratio\":1.50e3}"`)
	aws.SetSecret(db+"|AWSPREVIOUS|", `"SecretString":"{\"password\":\"old\"}"`)
	aws.SetSecret(db+"|blue|9d4c", `"SecretString":"{\"password\":\"blue\"}"`)
	aws.SetSecret(api, `"SecretString":"tok\u0065n ☃ = :"`)
	aws.SetParameter(key, "newest")
	aws.SetParameter(key+":2", "second")
	aws.SetParameter(key+":live", "labelled")
	got, err := Fetch(variables(t,
		"USER="+db+":username", "PASSWORD="+db+":password::", "PORT="+db+":port", "TLS="+db+":tls", "RATIO="+db+":ratio",
		"OLD="+db+":password:AWSPREVIOUS", "BLUE="+db+":password:blue:9d4c",
		"TOKEN="+api, "TOKEN_TOO="+api+":::",
		"KEY="+key, "KEY2="+key+":2", "KEY_LIVE="+key+":live",
	), aws.Getenv())
	want(t, got, err, map[string]string{
		"USER": "shop", "PASSWORD": "pä\"ss\n", "PORT": "5432", "TLS": "true", "RATIO": "1.50e3", "OLD": "old", "BLUE": "blue",
		"TOKEN": "token ☃ = :", "TOKEN_TOO": "token ☃ = :", "KEY": "newest", "KEY2": "second", "KEY_LIVE": "labelled",
	})
	// Each secret once, and no parameter twice in one call.
	wantCalls := []string{
		"GetParameters " + key, "GetParameters " + key + ":2", "GetParameters " + key + ":live",
		"GetSecretValue " + api, "GetSecretValue " + db, "GetSecretValue " + db + "|AWSPREVIOUS|", "GetSecretValue " + db + "|blue|9d4c",
	}
	if calls := targets(aws.Calls()); !slices.Equal(calls, wantCalls) {
		t.Errorf("got the calls\n%s\nwant\n%s", strings.Join(calls, "\n"), strings.Join(wantCalls, "\n"))
	}
}

func TestFetchNothing(t *testing.T) {
	t.Parallel()
	got, err := Fetch(nil, func(name string) string { t.Errorf("reads %s", name); return "" })
	want(t, got, err, map[string]string{})
}

// Ten parameters go into a call, those of another region into another one, and
// the calls go out together.
func TestBatches(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	var pairs []string
	values := map[string]string{}
	for n := range 12 {
		arn := fmt.Sprintf("%s%d", key, n)
		aws.SetParameter(arn, fmt.Sprint("value ", n))
		pairs = append(pairs, fmt.Sprintf("KEY%d=%s", n, arn))
		values[fmt.Sprint("KEY", n)] = fmt.Sprint("value ", n)
	}
	const elsewhere = "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key0"
	aws.SetParameter(elsewhere, "elsewhere")
	pairs = append(pairs, "ELSEWHERE="+elsewhere, "AGAIN="+key+"0")
	values["ELSEWHERE"], values["AGAIN"] = "elsewhere", "value 0"

	var together sync.WaitGroup
	together.Add(3)
	aws.Intercept(func(http.ResponseWriter, secretstest.Call) bool {
		together.Done()
		together.Wait() // a call that waits for another one would wait for ever
		return false
	})
	got, err := Fetch(variables(t, pairs...), aws.Getenv())
	want(t, got, err, values)
	regions := map[string]int{}
	for _, call := range aws.Calls() {
		regions[call.Region] += len(call.Names)
	}
	if regions["eu-west-1"] != 12 || regions["us-east-1"] != 1 {
		t.Errorf("got %v", regions)
	}
}

// Many secrets do not open as many connections.
func TestManySecrets(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	var pairs []string
	values := map[string]string{}
	for n := range 40 {
		arn := fmt.Sprintf("%s%02d", api, n)
		aws.SetSecret(arn, fmt.Sprintf(`"SecretString":"%d"`, n))
		pairs = append(pairs, fmt.Sprintf("V%d=%s", n, arn))
		values[fmt.Sprint("V", n)] = fmt.Sprint(n)
	}
	got, err := Fetch(variables(t, pairs...), aws.Getenv())
	want(t, got, err, values)
	connections := map[string]bool{}
	for _, call := range aws.Calls() {
		connections[call.From] = true
	}
	if len(connections) > 8 || aws.Most() > 8 {
		t.Errorf("got %d connections and %d requests at once, want at most 8", len(connections), aws.Most())
	}
}

// What cannot be set is said at once, with the names, AWS's code and what to do,
// and without a value.
func TestFailures(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	secret := func(name, members string) string {
		arn := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + name
		aws.SetSecret(arn, members)
		return arn
	}
	denied, encrypted, deleted := secret("denied", ""), secret("encrypted", ""), secret("deleted", "")
	aws.Fail(denied, "AccessDeniedException User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: secretsmanager:GetSecretValue")
	aws.Fail(encrypted, "AccessDeniedException Access to KMS is not allowed")
	aws.Fail(deleted, "InvalidRequestException You can't perform this operation on the secret because it was marked for deletion.")
	odd := secret("odd", "")
	aws.Fail(odd, "MoodException hunter2")
	const fields = `"SecretString":"{\"a\":{\"b\":\"hunter2\"},\"list\":[\"hunter2\"],\"none\":null,\"nul\":\"hunter2\\u0000\",\"fine\":\"yes\"}"`
	object, text := secret("object", fields), secret("text", `"SecretString":"hunter2"`)
	aws.SetParameter(key, "hunter2")
	aws.Fail(key+"-denied", "AccessDeniedException is not authorized to perform: ssm:GetParameters")
	aws.Fail(key+"-encrypted", "AccessDeniedException The ciphertext refers to a customer master key that does not exist")
	got, err := Fetch(variables(t,
		"DENIED="+denied, "DENIED_FIELD="+denied+":x", "ENCRYPTED="+encrypted, "DELETED="+deleted, "ODD="+odd,
		"MISSING="+db+":password:AWSPREVIOUS", "BINARY="+secret("binary", `"SecretBinary":"aHVudGVyMg=="`), "EMPTY="+secret("empty", `"SecretString":null`),
		"NO_FIELD="+object+":A", "OBJECT="+object+":a", "LIST="+object+":list", "NULL="+object+":none", "NUL="+object+":nul", "FINE="+object+":fine",
		"NO_OBJECT="+text+":a",
		"PARAMETER="+key, "PARAMETER_DENIED="+key+"-denied", "PARAMETER_ENCRYPTED="+key+"-encrypted", "PARAMETER_MISSING="+key+"-missing:3",
	), aws.Getenv())
	want(t, got, err, map[string]string{"FINE": "yes", "PARAMETER": "hunter2"},
		"DENIED, DENIED_FIELD cannot be set from the secret denied in eu-west-1: AccessDeniedException; the role needs secretsmanager:GetSecretValue on it",
		"ENCRYPTED cannot be set from the secret encrypted in eu-west-1: AccessDeniedException; the role needs kms:Decrypt on the key that encrypts it",
		"DELETED cannot be set from the secret deleted in eu-west-1: InvalidRequestException; it may be marked for deletion; restore it, or name another one",
		"ODD cannot be set from the secret odd in eu-west-1: MoodException; the service's documentation says what it means",
		"MISSING cannot be set from the secret shop/db-AbCdEf, stage AWSPREVIOUS, in eu-west-1: ResourceNotFoundException; there is none with this name, or none of its versions was chosen",
		"BINARY cannot be set from the secret binary in eu-west-1: it is binary, and a variable takes text; store it as a string",
		"EMPTY cannot be set from the secret empty in eu-west-1: the service's response cannot be read",
		`NO_FIELD cannot be set from the field "A" of the secret object in eu-west-1: its JSON object has no such field`,
		`OBJECT cannot be set from the field "a" of the secret object in eu-west-1: the field is an object, an array or null, and a variable takes a string, a number, true or false`,
		`LIST cannot be set from the field "list" of the secret object in eu-west-1: the field is an object, an array or null, and a variable takes a string, a number, true or false`,
		`NULL cannot be set from the field "none" of the secret object in eu-west-1: the field is an object, an array or null, and a variable takes a string, a number, true or false`,
		`NUL cannot be set from the field "nul" of the secret object in eu-west-1: it holds a NUL, which no variable can`,
		`NO_OBJECT cannot be set from the field "a" of the secret text in eu-west-1: it is no JSON object, of which a field could be taken; name no field, or store an object`,
		"PARAMETER_DENIED cannot be set from the parameter /shop/key-denied in eu-west-1: AccessDeniedException; the role needs ssm:GetParameters on it",
		"PARAMETER_ENCRYPTED cannot be set from the parameter /shop/key-encrypted in eu-west-1: AccessDeniedException; the role needs kms:Decrypt on the key that encrypts it",
		"PARAMETER_MISSING cannot be set from the parameter /shop/key-missing, version 3, in eu-west-1: ParameterNotFound; there is none with this name, or it has no such version or label",
	)
}

// A secret that was wrong a moment ago may be right now.
func TestRetries(t *testing.T) {
	t.Parallel()
	fail := func(code string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { secretstest.Error(w, code, "") }
	}
	cut := func(w http.ResponseWriter) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			c.Close()
		}
	}
	bad := func(w http.ResponseWriter) { http.Error(w, "<html>", http.StatusServiceUnavailable) }
	for _, test := range []struct {
		name  string
		fail  func(http.ResponseWriter)
		times int
		calls int    // 0 for as many as there is time for, but more than 3
		want  string // behind the name; empty for a value
	}{
		{"throttled twice", fail("ThrottlingException"), 2, 3, ""},
		{"throttled for a second or two, as functions that start together are", fail("ThrottlingException"), 5, 6, ""},
		{"throttled", fail("ThrottlingException"), 99, 0, "ThrottlingException; AWS takes no more requests for now, after several tries; ask for a higher quota"},
		{"an error of the service twice", fail("InternalServiceError"), 2, 3, ""},
		{"an error of the service", fail("InternalServiceError"), 9, 3, "InternalServiceError; the service failed several times"},
		{"a connection that ends twice", cut, 2, 3, ""},
		{"a page of something between", bad, 9, 3, "HTTP status 503; AWS responds in another way; check AWS_ENDPOINT_URL, and what stands between"},
		{"denied", fail("AccessDeniedException"), 9, 1, "AccessDeniedException; the role needs secretsmanager:GetSecretValue on it"},
		{"a request that is too old, by the same clock", fail("RequestExpired"), 9, 1, "RequestExpired; AWS does not accept the credentials; they may be too old, or the clock may be wrong"},
		{"old credentials", fail("ExpiredTokenException"), 9, 1, "ExpiredTokenException; AWS does not accept the credentials; they may be too old, or the clock may be wrong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aws := secretstest.New(t)
			aws.SetSecret(api, `"SecretString":"x"`)
			aws.Intercept(func(w http.ResponseWriter, call secretstest.Call) bool {
				if call.Number <= test.times {
					test.fail(w)
					return true
				}
				return false
			})
			got, err := Fetch(variables(t, "V="+api), aws.Getenv())
			if test.want == "" {
				want(t, got, err, map[string]string{"V": "x"})
			} else {
				want(t, got, err, nil, "V cannot be set from the secret api-GhIjKl in eu-west-1: "+test.want)
			}
			if n := len(aws.Calls()); n != test.calls && (test.calls > 0 || n <= 3) {
				t.Errorf("got %d calls, want %d", n, test.calls)
			}
		})
	}
}

// A machine's clock may be wrong, as after the restore of a snapshot.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, 4 * time.Minute} {
		aws := secretstest.New(t)
		aws.SetClock(ahead)
		aws.SetSecret(api, `"SecretString":"x"`)
		aws.SetParameter(key, "y")
		got, err := Fetch(variables(t, "V="+api, "KEY="+key), aws.Getenv())
		want(t, got, err, map[string]string{"V": "x", "KEY": "y"})
	}
}

// A function's init has 10 s, of which a server that does not respond may not
// take all.
func TestNoResponse(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	aws.Intercept(func(http.ResponseWriter, secretstest.Call) bool { <-end; return true })
	start := time.Now()
	got, err := Fetch(variables(t, "V="+api, "KEY="+key), aws.Getenv())
	const reason = "no response within 5s; a function in a VPC reaches AWS over a NAT gateway, or over a VPC endpoint for "
	want(t, got, err, nil,
		"V cannot be set from the secret api-GhIjKl in eu-west-1: "+reason+"secretsmanager",
		"KEY cannot be set from the parameter /shop/key in eu-west-1: "+reason+"ssm")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v, want less than an init has", took)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	aws := secretstest.New(t)
	got, err := Fetch(variables(t, "V="+api), aws.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER=http://"+address))
	want(t, got, err, nil, "V cannot be set from the secret api-GhIjKl in eu-west-1: cannot connect to http://"+address+
		": dial tcp "+address+": connect: connection refused")
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	aws, other := secretstest.New(t), secretstest.New(t)
	aws.SetSecret(api, `"SecretString":"x"`)
	other.SetParameter(key, "y")
	got, err := Fetch(variables(t, "V="+api, "KEY="+key), aws.Getenv("AWS_ENDPOINT_URL_SSM="+other.URL+"/"))
	want(t, got, err, map[string]string{"V": "x", "KEY": "y"})
	for _, bad := range []string{
		"localhost:4566", "ftp://localhost", "http://", "http://:80", "http://user@localhost", "http://localhost?a=b", "http://localhost#a",
		"http://localhost:0", "http://local host", "http://localhost\r\nx: y", "https://localhost:x",
	} {
		got, err := Fetch(variables(t, "V="+api), aws.Getenv("AWS_ENDPOINT_URL="+bad))
		want(t, got, err, nil, fmt.Sprintf("AWS_ENDPOINT_URL must be as https://localhost:4566, got %q", bad))
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	aws.SetSecret(api, `"SecretString":"x"`)
	who := secretstest.Credentials
	body := fmt.Sprintf(`{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":"2026-11-21T20:00:00Z"}`, who.AccessKeyID, who.SecretAccessKey, who.SessionToken)
	asked := 0
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/empty":
			io.WriteString(w, "{}")
		case r.Header.Get("Authorization") != "Basic t":
			http.Error(w, "no", http.StatusForbidden)
		default:
			if asked++; asked == 1 {
				http.Error(w, "later", http.StatusInternalServerError)
				return
			}
			io.WriteString(w, body)
		}
	}))
	t.Cleanup(container.Close)
	none := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN="}
	uri := "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + container.URL
	const token = "AWS_CONTAINER_AUTHORIZATION_TOKEN="
	const cannot = "cannot get AWS credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI: "
	for _, test := range []struct {
		name string
		env  []string
		want string
	}{
		{"from a container's address, at the second try", append(none, uri+"/credentials", token+"Basic t"), ""},
		{"none", none, "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if they have a token, " +
			"as `aws configure export-credentials --format env` does; or set the variables that the secrets are for"},
		{"an id without a key", []string{"AWS_SECRET_ACCESS_KEY="}, "there are no AWS credentials"},
		{"a key with a line break", []string{"AWS_ACCESS_KEY_ID=a\r\nb"}, "the AWS credentials of the environment hold a space or another character that they cannot have"},
		{"a container's address that refuses", append(none, uri+"/credentials"), cannot + container.URL + "/credentials responded with the status 403"},
		{"a container's address without any", append(none, uri+"/empty"), cannot + container.URL + "/empty responded without credentials"},
		{"a token with a line break", append(none, uri+"/credentials", token+"a\r\nx: y"), cannot + "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break"},
		{"an address that is none", append(none, uri), cannot + "it must be as http://127.0.0.1:9001/credentials, got"},
		{
			"an address elsewhere", append(none, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/credentials"),
			cannot + `without TLS it must be of this machine, got "http://192.0.2.1/credentials"`,
		},
		{
			"a name elsewhere", append(none, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost.example/credentials"),
			cannot + `without TLS it must be of this machine, got "http://localhost.example/credentials"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fetch(variables(t, "V="+api), aws.Getenv(test.env...))
			if test.want == "" {
				want(t, got, err, map[string]string{"V": "x"})
			} else if err == nil || !strings.HasPrefix(err.Error(), test.want) || got != nil {
				t.Errorf("got %q, %v, want %s", got, err, test.want)
			}
		})
	}
}
