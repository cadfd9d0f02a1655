package webimage

import (
	"strings"
	"testing"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseURI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		uri  string
		want imageName
	}{
		{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4",
			imageName{account: "123456789012", partition: "aws", region: "eu-west-1", repository: "site", separator: ":", tagOrDigest: "1.4"}},
		{"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/team/site",
			imageName{account: "123456789012", partition: "aws-us-gov", region: "us-gov-west-1", repository: "team/site", separator: ":", tagOrDigest: "latest"}},
		{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/site@" + digest,
			imageName{account: "123456789012", partition: "aws-cn", region: "cn-north-1", repository: "site", separator: "@", tagOrDigest: digest}},
		{"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/site:1@" + digest,
			imageName{account: "123456789012", partition: "aws-eusc", region: "eusc-de-east-1", repository: "site", separator: "@", tagOrDigest: digest}},
		{"public.ecr.aws/nginx/nginx:1.29", imageName{public: true, repository: "nginx/nginx", separator: ":", tagOrDigest: "1.29"}},
		{"${Token[AWS.AccountId.0]}.dkr.ecr.${Token[AWS.Region.7]}.amazonaws.com/site:1",
			imageName{account: "${Token[AWS.AccountId.0]}", partition: "aws", region: "${Token[AWS.Region.7]}", repository: "site", separator: ":", tagOrDigest: "1"}},
		{"${Token[AWS.AccountId.0]}.dkr.ecr.eu-west-1.${Token[AWS.URLSuffix.2]}/site:${Token[TOKEN.9]}",
			imageName{account: "${Token[AWS.AccountId.0]}", region: "eu-west-1", repository: "site", separator: ":", tagOrDigest: "${Token[TOKEN.9]}"}},
	} {
		t.Run(test.uri, func(t *testing.T) {
			t.Parallel()
			got, err := parseURI(test.uri)
			check(t, err)
			test.want.host, _, _ = strings.Cut(test.uri, "/")
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestParseURIErrors(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"":                      "must lie in private ECR",
		"nginx":                 "must lie in private ECR",
		"docker.io/nginx/nginx": "must lie in private ECR",
		"ghcr.io/me/site:1":     "push it to one of them, or build it with webimage.Dockerfile",
		"public.ecr.aws/nginx":  "public.ecr.aws/ALIAS/NAME:TAG",
		"public.ecr.aws/a/B:1":  "must lie in private ECR",
		"12.dkr.ecr.eu-west-1.amazonaws.com/site":                     "must lie in private ECR",
		"123456789012.dkr.ecr.europe.amazonaws.com/site":              "must lie in private ECR",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.co/site":            "must lie in private ECR",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/":               "must lie in private ECR",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:a b":       `got "a b"`,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@sha256:12": `got "sha256:12"`,
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			wantError(t, URI(uri).Validate(), want)
		})
	}
}

func TestExistingValidate(t *testing.T) {
	t.Parallel()
	wantError(t, ECR(nil, "a b").Validate(), "repository must not be nil", `got "a b"`)
	wantError(t, Asset(nil).Validate(), "asset must not be nil")
	wantError(t, ForArchitecture(nil, ARM64).Validate(), "image must not be nil")
	wantError(t, ForArchitecture(Go("./server", nil), ARM64).Validate(), `set Architecture in the options of webimage.Go("./server")`)
	wantError(t, ForArchitecture(URI("public.ecr.aws/a/b"), "mips").Validate(), "Architecture must be")
}

func TestFacts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		image Image
		want  Facts
	}{
		{"a Go program", Go("./server", nil), Facts{Architecture: X86_64}},
		{"a Dockerfile for arm64", Dockerfile("./server", &DockerfileOptions{Architecture: ARM64, Adapter: NoAdapter}), Facts{Architecture: ARM64, Adapter: NoAdapter}},
		{"a private URI", URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site"),
			Facts{Architecture: X86_64, Account: "123456789012", Region: "eu-west-1", Adapter: OwnAdapter}},
		{"a private URI with tokens", URI("${Token[AWS.AccountId.0]}.dkr.ecr.${Token[AWS.Region.7]}.amazonaws.com/site:1"),
			Facts{Architecture: X86_64, Adapter: OwnAdapter}},
		{"a public URI", URI("public.ecr.aws/a/b"), Facts{Architecture: X86_64, Public: true, Adapter: OwnAdapter}},
		{"an existing arm64 image", ForArchitecture(URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site"), ARM64),
			Facts{Architecture: ARM64, Account: "123456789012", Region: "eu-west-1", Adapter: OwnAdapter}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.image.Facts(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestFactsPlace(t *testing.T) {
	t.Parallel()
	facts := Facts{Account: "1", Region: "a"}
	for _, test := range []struct {
		name string
		got  bool
		want bool
	}{
		{"same account", facts.InAccount("1"), true},
		{"other account", facts.InAccount("2"), false},
		{"account of the stack not known", facts.InAccount(""), true},
		{"account of the image not known", Facts{}.InAccount("1"), true},
		{"other region", facts.InRegion("b"), false},
		{"region of the stack not known", facts.InRegion(""), true},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %v", test.name, test.got)
		}
	}
}
