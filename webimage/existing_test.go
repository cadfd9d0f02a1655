package webimage

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseURI(t *testing.T) {
	t.Parallel()
	private := func(name imageName) imageName {
		name.account, name.separator = cmp.Or(name.account, "123456789012"), cmp.Or(name.separator, ":")
		return name
	}
	for _, test := range []struct {
		uri  string
		want imageName
	}{
		{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4",
			private(imageName{partition: "aws", region: "eu-west-1", repository: "site", tagOrDigest: "1.4"})},
		{"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/team/site",
			private(imageName{partition: "aws-us-gov", region: "us-gov-west-1", repository: "team/site", tagOrDigest: "latest"})},
		{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/site@" + digest,
			private(imageName{partition: "aws-cn", region: "cn-north-1", repository: "site", separator: "@", tagOrDigest: digest})},
		{"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/site:1@" + digest,
			private(imageName{partition: "aws-eusc", region: "eusc-de-east-1", repository: "site", separator: "@", tagOrDigest: digest})},
		{"123456789012.dkr.ecr-fips.us-east-2.amazonaws.com/site:1",
			private(imageName{partition: "aws", region: "us-east-2", repository: "site", tagOrDigest: "1"})},
		{"123456789012.dkr-ecr.us-east-2.on.aws/site:1",
			private(imageName{partition: "aws", region: "us-east-2", repository: "site", tagOrDigest: "1"})},
		{"123456789012.dkr-ecr-fips.us-gov-east-1.on.aws/site:1",
			private(imageName{partition: "aws-us-gov", region: "us-gov-east-1", repository: "site", tagOrDigest: "1"})},
		{"${Token[AWS.AccountId.0]}.dkr.ecr.${Token[AWS.Region.7]}.amazonaws.com/site:1",
			private(imageName{account: "${Token[AWS.AccountId.0]}", region: "${Token[AWS.Region.7]}", repository: "site", tagOrDigest: "1"})},
		{"${Token[AWS.AccountId.0]}.dkr.ecr.eu-west-1.${Token[AWS.URLSuffix.2]}/site:${Token[TOKEN.9]}",
			private(imageName{account: "${Token[AWS.AccountId.0]}", partition: "aws", region: "eu-west-1", repository: "site", tagOrDigest: "${Token[TOKEN.9]}"})},
		{"public.ecr.aws/nginx/nginx:1.29", imageName{registry: ECRPublic, repository: "nginx/nginx", separator: ":", tagOrDigest: "1.29"}},
		{"ecr-public.aws.com/nginx/nginx", imageName{registry: ECRPublic, repository: "nginx/nginx", separator: ":", tagOrDigest: "latest"}},
		{"ghcr.io/team/site:1.4", imageName{registry: OtherRegistry, repository: "team/site", separator: ":", tagOrDigest: "1.4"}},
		{"docker.io/library/nginx@" + digest, imageName{registry: OtherRegistry, repository: "library/nginx", separator: "@", tagOrDigest: digest}},
		{"registry.example.com:5000/site", imageName{registry: OtherRegistry, repository: "site", separator: ":", tagOrDigest: "latest"}},
		{"localhost/site:1", imageName{registry: OtherRegistry, repository: "site", separator: ":", tagOrDigest: "1"}},
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
	for uri, repository := range map[string]string{"nginx": "nginx", "nginx:latest": "nginx", "team/site": "team/site"} {
		got, err := parseURI(uri)
		check(t, err)
		if want := (imageName{registry: OtherRegistry, repository: repository, separator: ":", tagOrDigest: "latest"}); got != want {
			t.Errorf("%s: got %+v, want %+v", uri, got, want)
		}
	}
}

func TestParseURIErrors(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"":                     "name must be that of an image, such as",
		"ghcr.io/":             `got repository ""`,
		"ghcr.io/Team/site:1":  `in lower case, got repository "Team/site"`,
		"https://ghcr.io/a":    "name must be that of an image",
		"public.ecr.aws/nginx": "name in Amazon ECR Public must be public.ecr.aws/ALIAS/NAME:TAG, got no alias",
		"12.dkr.ecr.eu-west-1.amazonaws.com/site":                     `must start with an account's 12 digits, got "12"`,
		"123456789012.dkr.ecr.europe.amazonaws.com/site":              `must name a region such as eu-west-1, got "europe"`,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.co/site":            "in eu-west-1 must end in .amazonaws.com, got .amazonaws.co",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com/site":          "in cn-north-1 must end in .amazonaws.com.cn, got .amazonaws.com",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/":               `got repository ""`,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:a b":       `got "a b"`,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@sha256:12": `got "sha256:12"`,
		"${Token[TOKEN.12]}":        "must start with a registry that is known before deployment, got the CDK token",
		"${Token[TOKEN.12]}/site:1": "an ECR repository of the app is webimage.ECR",
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			wantError(t, URI(uri, nil).Validate(), fmt.Sprintf("webimage.URI(%q): ", uri), want)
		})
	}
}

func TestExistingValidate(t *testing.T) {
	t.Parallel()
	wantError(t, ECR(nil, "a b", nil).Validate(), "webimage.ECR: repository must not be nil", `got "a b"`)
	wantError(t, Asset(nil, nil).Validate(), "webimage.Asset: asset must not be nil")
	wantError(t, URI("nginx", &ExistingOptions{Architecture: "mips", Adapter: "both"}).Validate(),
		`webimage.URI("nginx"): Architecture must be`, `webimage.URI("nginx"): Adapter must be`)
	for _, image := range []Image{ECR(nil, "", nil), Asset(nil, nil)} {
		if got := image.Facts().Architecture; got != X86_64 {
			t.Errorf("%T of nothing: got architecture %q", image, got)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": "FROM a\nEXPOSE 8080\n", "variable/Dockerfile": "FROM a\nARG PORT\nEXPOSE $PORT\n"})
	const private = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site"
	for _, test := range []struct {
		name  string
		image Image
		want  Facts
	}{
		{"a Go program", Go("./server", nil), Facts{Architecture: X86_64, Adapter: WithAdapter, Built: true, NotRoot: true}},
		{"a Dockerfile for arm64", Dockerfile(dir, &DockerfileOptions{Architecture: ARM64, Adapter: NoAdapter}),
			Facts{Architecture: ARM64, Adapter: NoAdapter, Built: true, Exposed: []int{8080}}},
		{"a Dockerfile that exposes what a build argument says", Dockerfile(dir+"/variable", &DockerfileOptions{BuildArgs: map[string]string{"PORT": "80"}}),
			Facts{Architecture: X86_64, Adapter: WithAdapter, Built: true, Exposed: []int{80}}},
		{"a Dockerfile that exposes what nobody knows", Dockerfile(dir+"/variable", nil), Facts{Architecture: X86_64, Adapter: WithAdapter, Built: true}},
		{"a Dockerfile that is not there", Dockerfile(dir+"/nowhere", nil), Facts{Architecture: X86_64, Adapter: WithAdapter, Built: true}},
		{"a private URI", URI(private, nil), Facts{Architecture: X86_64, Account: "123456789012", Region: "eu-west-1"}},
		{"a private URI by digest", URI(private+"@"+digest, nil),
			Facts{Architecture: X86_64, Account: "123456789012", Region: "eu-west-1", ByDigest: true}},
		{"a private URI with tokens", URI("${Token[AWS.AccountId.0]}.dkr.ecr.${Token[AWS.Region.7]}.amazonaws.com/site:1", nil), Facts{Architecture: X86_64}},
		{"a public URI", URI("public.ecr.aws/a/b", nil), Facts{Architecture: X86_64, Registry: ECRPublic}},
		{"an image of Docker Hub", URI("nginx:1.29", nil), Facts{Architecture: X86_64, Registry: OtherRegistry}},
		{"an existing image that this library built, for arm64", URI(private, &ExistingOptions{Architecture: ARM64, Adapter: WithAdapter}),
			Facts{Architecture: ARM64, Account: "123456789012", Region: "eu-west-1", Adapter: WithAdapter}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := test.image.Facts()
			got.EntryPoint, got.Cmd, got.StartKnown, got.StartUnknown, got.StartFix = nil, nil, false, "", "" // see TestFactsOfTheStart
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// What an image starts is known, or there is a sentence that says why not and one that says what to do.
func TestFactsOfTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"Dockerfile":        "ARG BASE=a\nFROM $BASE AS web\nENTRYPOINT [\"/web\"]\nCMD [\"-v\"]\nFROM b\nCMD [\"/b\"]\n",
		"broken/Dockerfile": "FROM a b\n",
	})
	const (
		existing = "the entry point and the command of an image that exists are not known"
		inspect  = "set EntryPoint and Cmd in its webimage.ExistingOptions to what docker inspect --format " +
			"'{{json .Config.Entrypoint}} {{json .Config.Cmd}}' IMAGE prints"
	)
	for _, test := range []struct {
		name  string
		image Image
		want  Facts
	}{
		{"a Go program", Go("./server", nil), Facts{EntryPoint: []string{"/app/server"}, StartKnown: true}},
		{"a Dockerfile's target", Dockerfile(dir, &DockerfileOptions{Target: "web"}), Facts{EntryPoint: []string{"/web"}, Cmd: []string{"-v"}, StartKnown: true}},
		{"a Dockerfile with a build argument", Dockerfile(dir, &DockerfileOptions{Target: "web", BuildArgs: map[string]string{"BASE": "scratch"}}),
			Facts{EntryPoint: []string{"/web"}, Cmd: []string{"-v"}, StartKnown: true}},
		{"a Dockerfile without an entry point", Dockerfile(dir, nil), Facts{
			StartUnknown: "the Dockerfile has CMD but no ENTRYPOINT, which FROM b may bring",
			StartFix: "write the ENTRYPOINT of that image above CMD, or ENTRYPOINT [] if it has none; " +
				"docker inspect --format '{{json .Config.Entrypoint}}' b prints it",
		}},
		{"a Dockerfile that cannot be read", Dockerfile(dir+"/broken", nil), Facts{
			StartUnknown: "the Dockerfile cannot be read (line 1: FROM must be followed by an image, or by IMAGE AS NAME)",
			StartFix:     "check it with docker build",
		}},
		{"a URI", URI("nginx", nil), Facts{StartUnknown: existing, StartFix: inspect}},
		{"a repository", ECR(nil, "1", nil), Facts{StartUnknown: existing, StartFix: inspect}},
		{"an asset", Asset(nil, nil), Facts{StartUnknown: existing, StartFix: inspect}},
		{"a URI, with both", URI("nginx", &ExistingOptions{EntryPoint: []string{"/e"}, Cmd: []string{"nginx", ""}}),
			Facts{EntryPoint: []string{"/e"}, Cmd: []string{"nginx", ""}, StartKnown: true}},
		{"a repository, with a command", ECR(nil, "1", &ExistingOptions{Cmd: []string{"nginx"}}), Facts{Cmd: []string{"nginx"}, StartKnown: true}},
		{"an asset, with an entry point", Asset(nil, &ExistingOptions{EntryPoint: []string{"/e"}}), Facts{EntryPoint: []string{"/e"}, StartKnown: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all := test.image.Facts()
			got := Facts{EntryPoint: all.EntryPoint, Cmd: all.Cmd, StartKnown: all.StartKnown, StartUnknown: all.StartUnknown, StartFix: all.StartFix}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}

	options := &ExistingOptions{Cmd: []string{"a"}}
	image := URI("nginx", options)
	options.Cmd[0] = "b"
	if got := image.Facts().Cmd[0]; got != "a" {
		t.Errorf("got %q of options that were changed later", got)
	}
}

func TestExistingStartValidate(t *testing.T) {
	t.Parallel()
	wantError(t, URI("nginx", &ExistingOptions{EntryPoint: []string{"", "b\x00"}, Cmd: []string{"", "\xff"}}).Validate(),
		`webimage.URI("nginx"): EntryPoint[0] must be the program to start, got ""; leave EntryPoint out if the image has none`,
		`webimage.URI("nginx"): EntryPoint[1] must be UTF-8 text without NUL, got "b\x00"`,
		`webimage.URI("nginx"): Cmd[1] must be UTF-8 text without NUL, got "\xff"`)
	wantError(t, URI("nginx", &ExistingOptions{Cmd: []string{""}}).Validate(),
		`Cmd[0] must be the program to start, got ""; leave Cmd out if the image has none`)
	if err := URI("nginx", &ExistingOptions{EntryPoint: []string{"/e", ""}, Cmd: []string{""}}).Validate(); err != nil {
		t.Errorf("got %v", err)
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
