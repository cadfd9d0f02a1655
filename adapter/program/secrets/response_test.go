package secrets

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestErrorCodes(t *testing.T) {
	for _, test := range []struct{ header, body, want string }{
		{"", `{"__type":"ResourceNotFoundException"}`, "ResourceNotFoundException"},
		{"", `{"__type":"com.amazonaws.secretsmanager#AccessDeniedException","Message":"x"}`, "AccessDeniedException"},
		{"AccessDeniedException:http://internal.amazon.com/coral/", `{}`, "AccessDeniedException"},
		{"", `{"code":"ThrottlingException:"}`, "ThrottlingException"},
		{"", "<html>", "HTTP status 400"},
		{"", `{"__type":"a code with spaces"}`, "HTTP status 400"},
		{"", `{"__type":"` + strings.Repeat("x", 65) + `"}`, "HTTP status 400"},
		{"", `[]`, "HTTP status 400"},
		{"", ``, "HTTP status 400"},
	} {
		if got := readError(400, test.header, []byte(test.body)).code; got != test.want {
			t.Errorf("%q and %q: got %q, want %q", test.header, test.body, got, test.want)
		}
	}
}

// Credentials are asked for without TLS only where nobody can listen.
func TestIsLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9001": true, "127.1.2.3:1": true, "localhost:80": true, "[::1]:80": true, "169.254.170.2:80": true, "169.254.170.23:80": true,
		"[fd00:ec2::23]:80": true, "169.254.100.1:9001": true, "169.254.100.1:80": true,
		"169.254.100.2:9001": false, "192.0.2.1:80": false, "169.254.169.254:80": false, "localhost.example:80": false, "127.0.0.1.example:80": false, "169.254.100.1": false, "": false,
	} {
		if got := isLocal(address, "169.254.100.1:9001"); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
	for _, runtimeAPI := range []string{"", ":", ":9001"} {
		if isLocal(":80", runtimeAPI) || isLocal("169.254.100.1:80", runtimeAPI) {
			t.Errorf("%q: got local", runtimeAPI)
		}
	}
}

// The names of a response's members may be written with escapes, and members
// that nobody asked for may be anything.
func TestReaders(t *testing.T) {
	if got, err := readSecret([]byte(" {\"\\u0053ecretString\":\"x\",\"other\":[{\"SecretString\":1}]}\n")); got != "x" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, body := range []string{"", "[]", "null", `{"SecretString":1}`, `{"SecretString":"x"`, `{"SecretString":"x"}{}`, `{"SecretString":"\x"}`} {
		if got, err := readSecret([]byte(body)); got != "" || err != errResponse {
			t.Errorf("%q: got %q, %v", body, got, err)
		}
	}
	values, err := readParameters([]byte(`{"InvalidParameters":["z"],"Parameters":[{"Name":"a","ARN":"b","Value":"1"},{"Name":"a","Value":"","Selector":"2"}]}`))
	if err != nil || len(values) != 3 || values["a"] != "1" || values["b"] != "1" || values["a:2"] != "" {
		t.Errorf("got %q, %v", values, err)
	}
	for _, body := range []string{"", "[]", "{}", `{"Parameters":{}}`, `{"Parameters":[1]}`, `{"Parameters":[{"Name":"a"}]}`} {
		if got, err := readParameters([]byte(body)); got != nil || err != errResponse {
			t.Errorf("%q: got %q, %v", body, got, err)
		}
	}
}

// FuzzResponse gives texts to the readers of responses. They must find what
// encoding/json finds, and no error may hold what the service sent.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		`{"SecretString":"{\"a\":\"b\",\"n\":1.5,\"o\":{}}","ARN":"x"}`, `{"SecretBinary":"aGk="}`, `{"__type":"x#AccessDeniedException","message":"KMS"}`,
		`{"Parameters":[{"Name":"/a","ARN":"b","Value":"v","Selector":":3"}],"InvalidParameters":[]}`, `{"SecretString":"\ud83d\ude00\u0000"}`, `{`, `[]`, ``,
	} {
		f.Add([]byte(seed), "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		var members map[string]json.RawMessage
		valid := json.Unmarshal(text, &members) == nil && members != nil && utf8.Valid(text)
		original := bytes.Clone(text)
		secret, err := readSecret(text)
		if err != nil && err != errResponse && err != errBinary {
			t.Fatalf("got the error %v", err)
		}
		var want *string
		if valid && json.Unmarshal(members["SecretString"], &want) == nil && want != nil {
			if err != nil || secret != *want {
				t.Fatalf("%q: got %q, %v, want %q", text, secret, err, *want)
			}
		} else if valid && err == nil {
			t.Fatalf("%q: got %q, want an error", text, secret)
		}
		if code := readError(400, key, text).code; len(code) > 64 || strings.ContainsAny(code, "\r\n\"") {
			t.Fatalf("got the code %q", code)
		}
		if values, err := readParameters(text); err == nil && !json.Valid(text) {
			t.Fatalf("%q: got %q", text, values)
		}
		got, err := field(string(text), key)
		if valid && utf8.ValidString(key) {
			var s string
			raw, ok := members[key]
			switch {
			case !ok || string(raw) == "null" || raw[0] == '{' || raw[0] == '[':
				if err == nil {
					t.Fatalf("%q has no text %q: got %q", text, key, got)
				}
			case raw[0] == '"':
				if json.Unmarshal(raw, &s); err != nil || got != s {
					t.Fatalf("%q: got %q, %v, want %q", text, got, err, s)
				}
			case err != nil || got != string(raw):
				t.Fatalf("%q: got %q, %v, want %q", text, got, err, raw)
			}
		}
		if !bytes.Equal(text, original) {
			t.Fatalf("%q became %q", original, text)
		}
	})
}
