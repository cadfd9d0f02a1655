package guestbooktest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
	_ "github.com/cdkweb/cdkweb/lambdaweb" // what the guestbook is made with
)

// eventSources are the ways by which a request reaches a function, with the settings of the adapter
// that belong to them.
var eventSources = map[string]struct {
	event    func(lambdatest.Request) []byte
	settings []string
}{
	"HTTP API":                  {lambdatest.HTTPAPIEvent, nil},
	"function URL":              {lambdatest.FunctionURLEvent, nil},
	"function URL that streams": {lambdatest.FunctionURLEvent, []string{streams}},
	"REST API":                  {lambdatest.RESTAPIEvent, nil},
	"REST API that streams":     {lambdatest.RESTAPIEvent, []string{streams}},
}

const streams = "AWS_LWA_INVOKE_MODE=response_stream"

// The adapter and the server that lie in the guestbook's image answer invocations together.
func TestLambda(t *testing.T) {
	t.Parallel()
	adapter, server := unpackImage(t)
	table := httptest.NewServer(&dynamoDB{})
	t.Cleanup(table.Close)
	for name, source := range eventSources {
		t.Run(name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			lambda.StartServer(server, "TABLE_NAME=entries", "AWS_ENDPOINT_URL="+table.URL, "AWS_REGION=eu-west-1",
				"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_CA_BUNDLE=")
			lambda.StartAdapter(adapter, slices.Concat(source.settings,
				[]string{"AWS_LWA_READINESS_CHECK_PATH=/healthz", "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS=200-399"})...)
			lambda.WaitInit()
			send := func(r lambdatest.Request) *lambdatest.HTTPResponse {
				t.Helper()
				r.Base64 = true // as from a gateway that takes all types for binary
				return lambda.Invoke(source.event(r)).HTTP(t)
			}
			want := func(a *lambdatest.HTTPResponse, status int, contentType, body string) {
				t.Helper()
				kind := a.Header.Get("Content-Type")
				if a.Status != status || !strings.HasPrefix(kind, contentType) ||
					!strings.Contains(string(a.Body), body) {
					t.Errorf("got %d %s %.2000q, want %d %s with %q",
						a.Status, kind, a.Body, status, contentType, body)
				}
			}

			page := send(lambdatest.Request{Method: "GET", Path: "/"})
			want(page, 200, "text/html", "<form")
			if page.Base64 {
				t.Error("the page came as base64, want text")
			}

			form := url.Values{"name": {"Zoë"}, "message": {"wrote through " + name + " & more"}}
			posted := send(lambdatest.Request{Method: "POST", Path: "/entries", Body: []byte(form.Encode()),
				Header: map[string]string{"content-type": "application/x-www-form-urlencoded"}})
			if posted.Status != 303 || posted.Header.Get("Location") != "./" {
				t.Errorf("the form: got %d to %q, want 303 to ./",
					posted.Status, posted.Header.Get("Location"))
			}
			cookies := slices.Concat(posted.Cookies, posted.Header["Set-Cookie"])
			if len(cookies) != 1 || !strings.HasPrefix(cookies[0], "guestbook_name=") {
				t.Fatalf("got cookies %q, want the visitor's name", cookies)
			}
			if restAPI := name == "REST API"; posted.Keys["cookies"] == restAPI {
				t.Errorf("the response has a member cookies: %v, want %v", restAPI, !restAPI)
			}

			cookie, _, _ := strings.Cut(cookies[0], ";")
			again := send(lambdatest.Request{Method: "GET", Path: "/", Cookies: []string{"other=1", cookie}})
			want(again, 200, "text/html", "wrote through "+name+" &amp; more")
			want(again, 200, "text/html", `value="Zoë"`)

			binary := make([]byte, 4096)
			for i := range binary {
				binary[i] = byte(i)
			}
			echoed := send(lambdatest.Request{Method: "POST", Path: "/echo", Body: binary, Header: map[string]string{"content-type": "application/octet-stream"}})
			if echoed.Status != 200 || !bytes.Equal(echoed.Body, binary) {
				t.Errorf("the binary body: got %d and %d bytes, want the same %d",
					echoed.Status, len(echoed.Body), len(binary))
			}
			logo := send(lambdatest.Request{Method: "GET", Path: "/logo.png"})
			want(logo, 200, "image/png", "\x89PNG\r\n")

			want(send(lambdatest.Request{Method: "GET", Path: "/nowhere"}), 404, "text/html", "")
			want(send(lambdatest.Request{Method: "GET", Path: "/status/500"}), 500, "", "")
			want(send(lambdatest.Request{Method: "GET", Path: "/healthz"}), 200, "text/plain", "ok")
		})
	}
}

// synthesize runs the guestbook as the CDK's command line does, and returns the folder from which
// its image is built.
func synthesize(t *testing.T) string {
	t.Helper()
	// With the import above, so `go test` takes no result from its cache if the program has
	// changed.
	for _, dir := range []string{example, filepath.Join(example, "server")} {
		if _, err := os.ReadDir(filepath.Join(root, dir)); err != nil {
			t.Fatal(err)
		}
	}
	assembly := t.TempDir()
	command := exec.Command("go", "run", "./"+example)
	command.Dir = root
	command.Env = append(os.Environ(),
		"CDK_VALIDATION=false", "CDK_OUTDIR="+assembly, `CDK_CONTEXT_JSON={"hosting": "lambda"}`)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go run ./%s: %v\n%s", example, err, output)
	}
	var manifest struct {
		DockerImages map[string]struct{ Source struct{ Directory string } }
	}
	readJSON(t, filepath.Join(assembly, "Guestbook.assets.json"), &manifest)
	if len(manifest.DockerImages) != 1 {
		t.Fatalf("got the images %v, want one", manifest.DockerImages)
	}
	for _, image := range manifest.DockerImages {
		return filepath.Join(assembly, image.Source.Directory)
	}
	panic("unreachable")
}

// unpackImage returns the programs that lie in the guestbook's image.
func unpackImage(t *testing.T) (adapter, server string) {
	t.Helper()
	context := synthesize(t)
	dir := t.TempDir()
	unpack := func(archive, name string) string {
		file, err := os.Open(filepath.Join(context, archive))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		for reader := tar.NewReader(unzipped); ; {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				t.Fatalf("%s holds no %s", archive, name)
			}
			if err != nil {
				t.Fatal(err)
			}
			if header.Name != name {
				continue
			}
			content, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, filepath.Base(name))
			if err := os.WriteFile(path, content, header.FileInfo().Mode()); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	adapter = unpack("adapter.tar.gz", "opt/extensions/cdkweb-adapter")
	server = unpack("server.tar.gz", "app/server")
	return adapter, server
}

// dynamoDB serves the two calls that the guestbook makes, by DynamoDB's JSON protocol.
type dynamoDB struct {
	mutex sync.Mutex
	items []json.RawMessage
}

func (d *dynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch target := r.Header.Get("X-Amz-Target"); target {
	case "DynamoDB_20120810.PutItem":
		var input struct{ Item json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		d.items = append([]json.RawMessage{input.Item}, d.items...)
		io.WriteString(w, "{}")
	case "DynamoDB_20120810.Query":
		output := map[string]any{"Items": d.items, "Count": len(d.items)}
		if err := json.NewEncoder(w).Encode(output); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	default:
		http.Error(w, "no such operation: "+target, http.StatusBadRequest)
	}
}
