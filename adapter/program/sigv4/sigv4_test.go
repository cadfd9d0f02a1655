package sigv4

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// The vectors are of AWS's Signature Version 4 test suite, which AWS publishes
// now with its library in C:
// https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
var vectors = []struct {
	name, method, path, query string
	headers                   []Header // beside the host
	body, token               string
	signed, signature         string
}{
	{name: "get-vanilla", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{
		name: "get-vanilla-with-session-token", token: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
		signed: "host;x-amz-date;x-amz-security-token", signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	},
	{name: "get-vanilla-query", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-vanilla-empty-query-key", query: "Param1=value1", signed: "host;x-amz-date", signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{name: "get-vanilla-query-order-key-case", query: "Param2=value2&Param1=value1", signed: "host;x-amz-date", signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{
		name: "get-vanilla-query-unreserved", query: unreserved + "=" + unreserved,
		signed: "host;x-amz-date", signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	},
	{name: "get-vanilla-utf8-query", query: "ሴ=bar", signed: "host;x-amz-date", signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{name: "get-vanilla-query-order-encoded", query: "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", signed: "host;x-amz-date", signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	{name: "get-unreserved", path: "/" + unreserved, signed: "host;x-amz-date", signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{name: "get-utf8", path: "/ሴ", signed: "host;x-amz-date", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
	{name: "get-space-normalized", path: "/example space/", signed: "host;x-amz-date", signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
	{name: "get-relative-normalized", path: "/example/..", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-relative-relative-normalized", path: "/example1/example2/../..", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-slash-normalized", path: "//", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-slash-dot-slash-normalized", path: "/./", signed: "host;x-amz-date", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-slashes-normalized", path: "//example//", signed: "host;x-amz-date", signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{name: "get-slash-pointless-dot-normalized", path: "/./example", signed: "host;x-amz-date", signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
	{
		name: "get-header-key-duplicate", headers: []Header{{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
		signed: "host;my-header1;x-amz-date", signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	},
	{
		name: "get-header-value-order", headers: []Header{{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
		signed: "host;my-header1;x-amz-date", signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	},
	{
		name: "get-header-value-trim", headers: []Header{{"My-Header1", " value1"}, {"My-Header2", ` "a   b   c"`}},
		signed: "host;my-header1;my-header2;x-amz-date", signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	},
	{
		// There one line is folded, which HTTP no longer allows (RFC 9112, 5.2): it counts as three.
		name: "get-header-value-multiline", headers: []Header{{"My-Header1", "value1"}, {"My-Header1", "value2"}, {"My-Header1", "value3"}},
		signed: "host;my-header1;x-amz-date", signature: "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
	},
	{name: "post-vanilla", method: "POST", signed: "host;x-amz-date", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{name: "post-vanilla-query", method: "POST", query: "Param1=value1", signed: "host;x-amz-date", signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{
		name: "post-header-key-sort", method: "POST", headers: []Header{{"My-Header1", "value1"}},
		signed: "host;my-header1;x-amz-date", signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	},
	{
		name: "post-x-www-form-urlencoded", method: "POST", body: "Param1=value1",
		headers: []Header{
			{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Length", "13"},
			{"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"},
		},
		signed:    "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
	},
}

const unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func TestVectors(t *testing.T) {
	for _, test := range vectors {
		r := &Request{Method: "GET", Path: "/", Query: test.query, Body: []byte(test.body)}
		if test.method != "" {
			r.Method = test.method
		}
		if test.path != "" {
			r.Path = test.path
		}
		r.Headers = append([]Header{{"Host", "example.amazonaws.com"}}, test.headers...)
		credentials := Credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", test.token}
		credentials.Sign(r, "us-east-1", "service", time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
			test.signed + ", Signature=" + test.signature
		if got := r.Headers[len(r.Headers)-1]; got != (Header{"authorization", want}) {
			t.Errorf("%s: got %v, want %s", test.name, got, want)
		}
	}
}

// The key that AWS's documentation derives as an example.
// https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
func TestSigningKey(t *testing.T) {
	key := []byte("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	for _, step := range []struct{ part, want string }{
		{"20120215", "969fbb94feb542b71ede6f87fe4d5fa29c789342b0f407474670f0c2489e0a0d"},
		{"us-east-1", "69daa0209cd9c5ff5c8ced464a696fd4252e981430b10e3d3fd8e2f197d7a70c"},
		{"iam", "f72cfd46f26bc4643f06a11eabb6c0ba18780c19a8da0c31ace671265e3c87fa"},
		{"aws4_request", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"},
	} {
		if key = sum(key, step.part); hex.EncodeToString(key) != step.want {
			t.Errorf("%s: got %x, want %s", step.part, key, step.want)
		}
	}
}

// The time is the same in any zone, and what was signed says it.
func TestDate(t *testing.T) {
	r := &Request{Method: "GET", Path: "/", Headers: []Header{{"host", "h"}}}
	Credentials{"id", "key", ""}.Sign(r, "eu-west-1", "ssm", time.Date(2026, 11, 22, 1, 30, 0, 0, time.FixedZone("", 2*60*60)))
	if r.Headers[1] != (Header{"x-amz-date", "20261121T233000Z"}) || !strings.Contains(r.Headers[2].Value, "id/20261121/eu-west-1/ssm/aws4_request") {
		t.Errorf("got %v", r.Headers)
	}
}
