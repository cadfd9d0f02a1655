package lambdatest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The stand-in must refuse what Lambda refuses, or the tests that use it prove
// nothing.
func TestLambdaRefusesWhatLambdaRefuses(t *testing.T) {
	lambda := New(t)
	post := func(id, body string, header ...string) int {
		t.Helper()
		url := fmt.Sprintf("http://%s/2018-06-01/runtime/invocation/%s/response", lambda.Address(), id)
		request, err := http.NewRequest("POST", url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	next := func() string {
		t.Helper()
		go lambda.Try(Invocation{Event: []byte(`{}`)})
		response, err := http.Get("http://" + lambda.Address() + "/2018-06-01/runtime/invocation/next")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.Header.Get("Lambda-Runtime-Aws-Request-Id")
	}

	if got := post("unknown", "{}"); got != 400 {
		t.Errorf("got %d for an invocation that is not in flight, want 400", got)
	}
	if got := post(next(), strings.Repeat("x", MaxPayload+1)); got != 413 {
		t.Errorf("got %d for an answer that is too large, want 413", got)
	}
	if got := post(next(), strings.Repeat("x", MaxPayload)); got != 202 {
		t.Errorf("got %d for the largest answer, want 202", got)
	}
	if got := post(next(), "{}", "Lambda-Runtime-Function-Response-Mode", "buffered"); got != 400 {
		t.Errorf("got %d for an unknown response mode, want 400", got)
	}
	id := next()
	if first, second := post(id, "{}"), post(id, "{}"); first != 202 || second != 400 {
		t.Errorf("got %d and %d for two answers to one invocation, want 202 and 400", first, second)
	}
}

func TestInitReportsAnErrorThatWasPosted(t *testing.T) {
	lambda := New(t)
	url := "http://" + lambda.Address() + "/2018-06-01/runtime/init/error"
	response, err := http.Post(url, "application/json", strings.NewReader(`{"errorType":"A","errorMessage":"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if err := lambda.Init(); err == nil || !strings.Contains(err.Error(), "ErrorMessage:b") {
		t.Errorf("got %v", err)
	}
}
