package integ

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		front frontEnd
		want  map[string]any // a few members, by their names
	}{
		{httpAPI, map[string]any{"version": "2.0", "rawPath": "/a%20b", "rawQueryString": "x=1&x=2", "body": "/wA=", "isBase64Encoded": true}},
		{functionURL, map[string]any{"version": "2.0", "rawPath": "/a%20b", "rawQueryString": "x=1&x=2", "body": "/wA=", "isBase64Encoded": true}},
		{restAPI, map[string]any{"httpMethod": "POST", "path": "/a b", "body": "/wA=", "isBase64Encoded": true}},
	} {
		request, err := http.NewRequest("POST", "http://site.example/a%20b?x=1&x=2", strings.NewReader("\xff\x00"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", "one=1; two=2")
		text, err := test.front.event(request)
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]any
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		for name, value := range test.want {
			if event[name] != value {
				t.Errorf("%s: %s is %v, want %v", test.front, name, event[name], value)
			}
		}
		if cookies, _ := event["cookies"].([]any); test.front != restAPI && len(cookies) != 2 {
			t.Errorf("%s: cookies are %v", test.front, event["cookies"])
		}
	}
}

func TestResponse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string
		status int
		body   string
		cookie int
	}{
		"text":              {`{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"hi"}`, 200, "hi", 0},
		"binary":            {`{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, 200, "\xff\x00", 0},
		"cookies":           {`{"statusCode":303,"cookies":["a=1","b=2"]}`, 303, "", 2},
		"many values":       {`{"statusCode":303,"multiValueHeaders":{"set-cookie":["a=1","b=2"]}}`, 303, "", 2},
		"a failed function": {`{"errorType":"X","errorMessage":"y"}`, 502, `{"errorType":"X","errorMessage":"y"}`, 0},
	} {
		response, err := restAPI.response(nil, []byte(test.answer))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if response.StatusCode != test.status || string(body) != test.body || len(response.Cookies()) != test.cookie {
			t.Errorf("%s: got %d %q with %d cookies", name, response.StatusCode, body, len(response.Cookies()))
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	names := map[string]string{"Table": "table-1", "Role": "role-1"}
	for text, want := range map[string]string{
		`"plain"`:                       "plain",
		`{"Ref":"Table"}`:               "table-1",
		`{"Fn::GetAtt":["Role","Arn"]}`: "arn:aws:iam::" + account + ":role/role-1",
		`{"Fn::Sub":"${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/x:1"}`: registry + "/x:1",
		`{"Fn::Join":["-",["a",{"Ref":"AWS::Region"}]]}`:                               "a-" + region,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		got, err := resolve(value, names)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	if got, err := resolve(map[string]any{"Fn::ImportValue": "x"}, names); err == nil {
		t.Errorf("an unknown function: got %q", got)
	}
}
