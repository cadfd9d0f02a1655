// Package secretstest stands in for AWS Secrets Manager and Parameter Store in
// tests. Begin with [New].
package secretstest

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// Credentials are those that the server knows.
var Credentials = sigv4.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "example/key+1", SessionToken: "example/token=="}

// Server is the two services at one address.
type Server struct {
	*httptest.Server
	t testing.TB

	mu         sync.Mutex
	secrets    map[string]string
	parameters map[string]string
	failures   map[string]string
	intercept  func(w http.ResponseWriter, call Call) bool
	calls      []Call
	open, most int
	ahead      time.Duration
}

// Call is a request that came.
type Call struct {
	Number int // from 1
	Target string
	Body   string
	Region string // of the signature
	Names  []string
	From   string // the client's address and port
}

// New starts the services, without TLS.
func New(t testing.TB) *Server { return start(t, false) }

// NewTLS starts the services with TLS, and returns the path of a file with the
// certificate to trust.
func NewTLS(t testing.TB) (s *Server, certificates string) {
	t.Helper()
	s = start(t, true)
	certificates = filepath.Join(t.TempDir(), "certificates.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}
	if err := os.WriteFile(certificates, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, certificates
}

func start(t testing.TB, secure bool) *Server {
	s := &Server{t: t, secrets: map[string]string{}, parameters: map[string]string{}, failures: map[string]string{}}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// Env is the environment of a process that is to use the services.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL,
		"AWS_ACCESS_KEY_ID=" + Credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + Credentials.SessionToken,
	}
}

// Getenv reads Env, and pairs of NAME=value that come after it.
func (s *Server) Getenv(pairs ...string) func(string) string {
	return func(name string) string {
		var found string
		for _, pair := range append(s.Env(), pairs...) {
			if n, value, _ := strings.Cut(pair, "="); n == name {
				found = value
			}
		}
		return found
	}
}

// SetSecret sets the response to GetSecretValue for an ARN, with "|STAGE|VERSION"
// behind it if there is one of them. The response's members come first, as
// JSON, such as "SecretString":"x".
func (s *Server) SetSecret(id, members string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[id] = members
}

// SetParameter sets the value of a parameter's ARN, with ":VERSION" behind it if
// it is not the newest.
func (s *Server) SetParameter(id, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parameters[id] = value
}

// Fail lets requests for an id of SetSecret or SetParameter fail with a code of
// AWS's, and a message behind a space or none.
func (s *Server) Fail(id, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[id] = code
}

// Intercept lets f respond: f returns whether it did.
func (s *Server) Intercept(f func(w http.ResponseWriter, call Call) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
}

// SetClock sets how far the services' clock is ahead of this machine's.
func (s *Server) SetClock(ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = ahead
}

// now is the time by the services' clock.
func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// Calls returns the requests so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Most is how many requests were open at once.
func (s *Server) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/\d{8}/([a-z0-9-]+)/(secretsmanager|ssm)/aws4_request, SignedHeaders=`)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("the request breaks off: %v", err)
	}
	call := Call{Target: r.Header.Get("X-Amz-Target"), Body: string(body), From: r.RemoteAddr}
	scope := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if scope == nil {
		Error(w, "IncompleteSignatureException", "")
		return
	}
	call.Region = scope[1]
	if code := s.check(r, body, scope[1], scope[2]); code != "" {
		Error(w, code, "")
		return
	}
	var in struct {
		SecretID       string `json:"SecretId"`
		VersionID      string `json:"VersionId"`
		VersionStage   string
		Names          []string
		WithDecryption bool
	}
	if err := json.Unmarshal(body, &in); err != nil {
		s.t.Errorf("got the body %q: %v", body, err)
	}
	call.Names = in.Names
	if in.SecretID != "" {
		call.Names = []string{secretID(in.SecretID, in.VersionStage, in.VersionID)}
	}

	s.mu.Lock()
	call.Number = len(s.calls) + 1
	s.calls = append(s.calls, call)
	s.open++
	s.most = max(s.most, s.open)
	intercept := s.intercept
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
	}()
	if intercept != nil && intercept(w, call) {
		return
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range call.Names {
		if failure := s.failures[name]; failure != "" {
			code, message, _ := strings.Cut(failure, " ")
			Error(w, code, message)
			return
		}
	}
	if call.Target == "secretsmanager.GetSecretValue" {
		members, ok := s.secrets[call.Names[0]]
		if !ok {
			Error(w, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
			return
		}
		fmt.Fprintf(w, `{%s,"ARN":%q,"CreatedDate":1.7952552E9,"Name":"x","VersionId":"v","VersionStages":["AWSCURRENT"]}`, members, in.SecretID)
		return
	}
	if !in.WithDecryption || len(in.Names) > 10 || len(in.Names) == 0 {
		s.t.Errorf("got %s", body)
	}
	out := struct {
		InvalidParameters []string
		Parameters        []map[string]any
	}{[]string{}, []map[string]any{}}
	for _, name := range in.Names {
		value, ok := s.parameters[name]
		if !ok {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		parts := strings.Split(name, ":")
		parameter := map[string]any{
			"ARN": strings.Join(parts[:6], ":"), "Name": strings.TrimPrefix(parts[5], "parameter"),
			"DataType": "text", "LastModifiedDate": 1.7952552e9, "Type": "SecureString", "Value": value, "Version": 3,
		}
		if len(parts) > 6 {
			parameter["Selector"] = ":" + parts[6]
		}
		out.Parameters = append(out.Parameters, parameter)
	}
	slices.Reverse(out.Parameters) // AWS has an order of its own
	if err := json.NewEncoder(w).Encode(out); err != nil {
		s.t.Error(err)
	}
}

func secretID(arn, stage, version string) string {
	if stage != "" || version != "" {
		return arn + "|" + stage + "|" + version
	}
	return arn
}

// check returns the code of an error for a request that AWS would refuse.
func (s *Server) check(r *http.Request, body []byte, region, service string) (code string) {
	targets := map[string]string{"secretsmanager.GetSecretValue": "secretsmanager", "AmazonSSM.GetParameters": "ssm"}
	if r.Method != "POST" || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" ||
		targets[r.Header.Get("X-Amz-Target")] != service {
		s.t.Errorf("got the request %s %s %v", r.Method, r.URL, r.Header)
		return "UnknownOperationException"
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || s.now().Sub(date).Abs() > 5*time.Minute {
		return "InvalidSignatureException"
	}
	want := &sigv4.Request{Method: r.Method, Path: r.URL.Path, Body: body}
	authorization := r.Header.Get("Authorization")
	_, list, _ := strings.Cut(authorization, "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	for name := range strings.SplitSeq(list, ";") {
		switch name {
		case "host":
			want.Headers = append(want.Headers, sigv4.Header{Name: name, Value: r.Host})
		case "x-amz-date", "x-amz-security-token": // Sign adds them
		default:
			want.Headers = append(want.Headers, sigv4.Header{Name: name, Value: r.Header.Get(name)})
		}
	}
	Credentials.Sign(want, region, service, date)
	if r.Header.Get("X-Amz-Security-Token") != Credentials.SessionToken {
		return "UnrecognizedClientException"
	}
	if authorization != want.Headers[len(want.Headers)-1].Value {
		return "InvalidSignatureException"
	}
	return ""
}

// Error responds as AWS does with an error.
func Error(w http.ResponseWriter, code, message string) {
	status := 400
	if strings.HasPrefix(code, "Internal") {
		status = 500
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.service#%s","message":%q}`, code, message)
}
