package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A fakeTable speaks as much of DynamoDB's protocol as the guestbook needs, for one table named
// "book-table".
type fakeTable struct {
	t      *testing.T
	refuse map[string]string // operation -> the error type it answers

	mu    sync.Mutex
	items []map[string]attribute
}

type attribute struct{ S string }

func (f *fakeTable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=test-key/") || !strings.Contains(got, "/eu-test-1/dynamodb/") {
		f.t.Errorf("got authorization %q, want a signature of the test key", got)
	}
	var in struct {
		TableName                 string
		KeyConditionExpression    string
		ExpressionAttributeValues map[string]attribute
		ScanIndexForward          *bool
		Limit                     int
		Item                      map[string]attribute
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.TableName != "book-table" {
		f.t.Errorf("got table %q and error %v, want book-table", in.TableName, err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
	if kind := f.refuse[operation]; kind != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"the words of %s"}`, kind, operation)
		return
	}
	switch operation {
	case "PutItem":
		f.items = append(f.items, in.Item)
		fmt.Fprint(w, "{}")
	case "Query":
		if in.KeyConditionExpression != "book = :book" || in.ScanIndexForward == nil || *in.ScanIndexForward {
			f.t.Errorf("got query %+v, want one book, backwards", in)
		}
		found := []map[string]attribute{}
		for _, item := range f.items {
			if item["book"] == in.ExpressionAttributeValues[":book"] {
				found = append(found, item)
			}
		}
		slices.SortFunc(found, func(a, b map[string]attribute) int { return strings.Compare(b["id"].S, a["id"].S) })
		found = found[:min(len(found), in.Limit)]
		json.NewEncoder(w).Encode(map[string]any{"Items": found, "Count": len(found)})
	default:
		f.t.Errorf("got operation %q, want Query or PutItem", operation)
	}
}

// serveTable starts the guestbook over f, the way main does.
func serveTable(t *testing.T, f *fakeTable) http.Handler {
	f.t = t
	endpoint := httptest.NewServer(f)
	t.Cleanup(endpoint.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint.URL, "AWS_REGION": "eu-test-1",
		"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, // whatever this machine has
	} {
		t.Setenv(name, value)
	}
	store, err := openStore(t.Context(), "book-table")
	if err != nil {
		t.Fatal(err)
	}
	return newServer(store)
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func sign(h http.Handler, name, message string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/entries", strings.NewReader(url.Values{"name": {name}, "message": {message}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTable(t *testing.T) {
	table := &fakeTable{items: []map[string]attribute{
		{"book": {"main"}, "id": {"2020-"}, "name": {"Old"}, "message": {"timeless"}, "time": {"yesterday"}},
		{"book": {"another"}, "id": {"2099-"}, "name": {"Stranger"}},
	}}
	h := serveTable(t, table)

	for i := range 3 {
		if w := sign(h, "Ada", fmt.Sprintf("message %d", i)); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "./" {
			t.Fatalf("got %d to %q, want 303 to ./", w.Code, w.Header().Get("Location"))
		}
	}
	item := table.items[len(table.items)-1]
	if len(item) != 5 || item["book"].S != "main" || !strings.HasPrefix(item["id"].S, item["time"].S[:19]) || item["message"].S != "message 2" {
		t.Errorf("got item %v, want book, id, name, message and time", item)
	}
	page := get(h, "/").Body.String()
	if !inOrder(page, "message 2", "message 1", "message 0", "timeless", "kept in the DynamoDB table book-table") || strings.Contains(page, "Stranger") {
		t.Errorf("got a page without the book's entries, newest first:\n%s", page)
	}
	if strings.Count(page, "<time") != 3 {
		t.Errorf("got %d times on the page, want 3: an unreadable one is left out", strings.Count(page, "<time"))
	}

	for i := range maxEntries {
		sign(h, "Bob", fmt.Sprintf("one of many %d", i))
	}
	if got := strings.Count(get(h, "/").Body.String(), "<article>"); got != maxEntries {
		t.Errorf("got %d entries on the page, want %d", got, maxEntries)
	}
}

func TestTableErrors(t *testing.T) {
	tests := []struct {
		name   string
		refuse map[string]string
		do     func(http.Handler) *httptest.ResponseRecorder
		want   []string // on the page
	}{
		{"may read but not write", map[string]string{"PutItem": "AccessDeniedException"},
			func(h http.Handler) *httptest.ResponseRecorder { return sign(h, "Ada", "Hi") },
			[]string{"This service may not write to the guestbook&#39;s table.", "DynamoDB PutItem: AccessDeniedException"}},
		{"may not read", map[string]string{"Query": "AccessDeniedException"},
			func(h http.Handler) *httptest.ResponseRecorder { return get(h, "/") },
			[]string{"This service may not read the guestbook&#39;s table.", "DynamoDB Query: AccessDeniedException"}},
		{"no table", map[string]string{"Query": "ResourceNotFoundException"},
			func(h http.Handler) *httptest.ResponseRecorder { return get(h, "/") },
			[]string{"The guestbook&#39;s table does not exist."}},
		{"anything else", map[string]string{"Query": "ValidationException"},
			func(h http.Handler) *httptest.ResponseRecorder { return get(h, "/") },
			[]string{"Please try again in a moment.", "DynamoDB Query: ValidationException"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			defer slog.SetDefault(slog.Default())
			slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))

			h := serveTable(t, &fakeTable{refuse: test.refuse})
			w := test.do(h)
			if w.Code != http.StatusBadGateway {
				t.Errorf("got status %d, want 502", w.Code)
			}
			for _, want := range test.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("got no %q in\n%s", want, w.Body)
				}
			}
			for operation := range test.refuse {
				if words := "the words of " + operation; !strings.Contains(log.String(), words) {
					t.Errorf("got no %q in the log\n%s", words, &log)
				} else if strings.Contains(w.Body.String(), words) {
					t.Errorf("got %q on the page, want it in the log only", words)
				}
			}
			if w := get(h, "/healthz"); w.Code != http.StatusOK {
				t.Errorf("got health %d, want 200 whatever the table says", w.Code)
			}
		})
	}
}
