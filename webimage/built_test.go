package webimage_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// newStack has a resource, because a template without one is not valid.
func newStack(t *testing.T) awscdk.Stack {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	awssqs.NewQueue(stack, new("Queue"), nil)
	return stack
}

// folder makes a folder with the files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func bind(t *testing.T, stack awscdk.Stack, image webimage.Image, port int) *webimage.Bound {
	t.Helper()
	bound, err := image.Bind(stack, port)
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

// Equal images of one stack are staged and published once; what differs is another image.
func TestBindOnce(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	stack := newStack(t)
	image := webimage.Dockerfile(dir, nil)
	first := bind(t, stack, image, 8080)
	if again := bind(t, stack, image, 8080); again != first {
		t.Error("the same image was bound twice")
	}
	if equal := bind(t, stack, webimage.Dockerfile(dir, nil), 8080); equal.Asset != first.Asset {
		t.Error("an equal image got an asset of its own")
	}
	if other := bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{BuildArgs: map[string]string{"V": "1"}}), 8080); other.URI == first.URI {
		t.Error("another build argument made the same image")
	}
	if n := len(hostingtest.ImageHashes(t, stack)); n != 2 {
		t.Errorf("got %d images, want 2", n)
	}
	if elsewhere := bind(t, newStack(t), image, 8080); elsewhere.Asset == first.Asset {
		t.Error("another stack got the first one's asset")
	}
}

// The port is written into the image of a Go program, so it is part of what makes images equal.
func TestBindPort(t *testing.T) {
	image := webimage.Go(folder(t, map[string]string{"go.mod": "module example.com/a\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() {}\n"}), nil)
	stack := newStack(t)
	if one, two := bind(t, stack, image, 8080), bind(t, stack, image, 9090); one.URI == two.URI {
		t.Error("two ports made one image")
	}
}

// The images of an app are no part of each other, in whatever order its stages are made and
// whatever the synth before left.
func TestContextWithoutTheOutput(t *testing.T) {
	const module = "module example.com/a\n\ngo 1.22\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		image func(dir string) webimage.Image
	}{
		{"a Dockerfile", map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n"},
			func(dir string) webimage.Image { return webimage.Dockerfile(dir, nil) }},
		{"files included in a Go program", map[string]string{"go.mod": module, "server/main.go": "package main\n\nfunc main() {}\n"},
			func(dir string) webimage.Image {
				return webimage.Go(filepath.Join(dir, "server"), &webimage.GoOptions{Include: []string{".."}})
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			output := filepath.Join(dir, "cdk.out")
			synth := func(stages ...string) {
				app := awscdk.NewApp(&awscdk.AppProps{Outdir: &output})
				bindNew := func(scope constructs.Construct) {
					stack := awscdk.NewStack(scope, new("Stack"), nil)
					awssqs.NewQueue(stack, new("Queue"), nil)
					bind(t, stack, test.image(dir), 8080)
				}
				bindNew(app)
				for _, name := range stages {
					bindNew(awscdk.NewStage(app, &name, nil))
				}
				app.Synth(nil)
			}
			synth("Test", "Live")
			synth("Test", "Live")
			synth()
			hashes, err := filepath.Glob(filepath.Join(output, "asset.*"))
			if err != nil {
				t.Fatal(err)
			}
			if len(hashes) != 1 {
				t.Errorf("got %q, want one image", hashes)
			}
		})
	}
}

// What the manifest says is how `cdk deploy` builds.
func TestManifest(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch AS web\nFROM scratch\n"})
	stack := newStack(t)
	bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{
		Target: "web", Architecture: webimage.ARM64, BuildArgs: map[string]string{"V": "1"},
		BuildSecrets: map[string]webimage.BuildSecret{"token": webimage.SecretEnv("TOKEN")},
	}), 8080)
	hash := hostingtest.ImageHashes(t, stack)[0]
	content, err := os.ReadFile(filepath.Join(*stack.Node().Root().(awscdk.App).Outdir(), "Stack.assets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		DockerImages map[string]struct {
			DisplayName string
			Source      map[string]any
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	image := manifest.DockerImages[hash]
	got, err := json.Marshal(image.Source)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"directory":"asset.` + hash + `","dockerBuildArgs":{"V":"1"},"dockerBuildSecrets":{"token":"env=TOKEN"},` +
		`"dockerFile":".cdkweb/Dockerfile","platform":"linux/arm64"}`
	if string(got) != want || image.DisplayName != dir {
		t.Errorf("got %s, shown as %s\nwant %s", got, image.DisplayName, want)
	}
}

// Where a secret lies on this machine is not part of the image.
func TestSecretsAreNoPartOfTheHash(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	var hashes []string
	for _, file := range []string{"/home/one/.npmrc", "/home/two/.npmrc"} {
		stack := newStack(t)
		bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{BuildSecrets: map[string]webimage.BuildSecret{"npm": webimage.SecretFile(file)}}), 8080)
		hashes = append(hashes, hostingtest.ImageHashes(t, stack)...)
	}
	if len(hashes) != 2 || hashes[0] != hashes[1] {
		t.Errorf("got hashes %q, want one twice", hashes)
	}
}

// A file that changes changes the hash, within one process too.
func TestHashFollowsFiles(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /\n", "a": "one"})
	hash := func() string {
		stack := newStack(t)
		bind(t, stack, webimage.Dockerfile(dir, nil), 8080)
		return hostingtest.ImageHashes(t, stack)[0]
	}
	first := hash()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if second := hash(); second == first {
		t.Error("a changed file left the hash as it was")
	}
}

// Nothing is left in the folder for temporary files.
func TestStagingIsRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	bind(t, newStack(t), webimage.Dockerfile(dir, nil), 8080)
	left, err := filepath.Glob(filepath.Join(temporary, "cdkweb-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left (%v)", left, err)
	}
}

// resolve returns what a string with tokens becomes in the template.
func resolve(t *testing.T, stack awscdk.Stack, s string) string {
	t.Helper()
	text, err := json.Marshal(stack.Resolve(s))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBindExisting(t *testing.T) {
	stack := newStack(t)
	repository := awsecr.NewRepository(stack, new("Repository"), nil)
	asset := awsecrassets.NewDockerImageAsset(stack, new("Asset"), &awsecrassets.DockerImageAssetProps{
		Directory: new(folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})),
		Platform:  awsecrassets.Platform_LINUX_AMD64(),
	})
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, test := range []struct {
		name       string
		image      webimage.Image
		uri        string
		tag        string
		repository bool
	}{
		{"a repository", webimage.ECR(repository, ""), *repository.RepositoryUriForTag(new("latest")), "latest", true},
		{"a repository, by digest", webimage.ECR(repository, digest), *repository.RepositoryUriForDigest(new(digest)), digest, true},
		{"a private URI", webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site"), "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:latest", "latest", true},
		{"a private URI, by digest", webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@" + digest), "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@" + digest, digest, true},
		{"a public URI", webimage.URI("public.ecr.aws/nginx/nginx:1.29"), "public.ecr.aws/nginx/nginx:1.29", "1.29", false},
		{"an asset", webimage.Asset(asset), *asset.ImageUri(), *asset.ImageTag(), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.image.Validate(); err != nil {
				t.Fatal(err)
			}
			bound := bind(t, stack, test.image, 8080)
			if got, want := resolve(t, stack, bound.URI), resolve(t, stack, test.uri); got != want || bound.TagOrDigest != test.tag {
				t.Errorf("got %s (%s), want %s (%s)", got, bound.TagOrDigest, want, test.tag)
			}
			if got := bound.RepositoryARN != ""; got != test.repository {
				t.Errorf("has a repository: %v, want %v", got, test.repository)
			}
		})
	}
	if facts := webimage.ECR(repository, "").Facts(); facts.Region != "" || facts.Account != "" {
		t.Errorf("the place of a repository in a stack without one is known: %+v", facts)
	}
	imported := awsecr.Repository_FromRepositoryArn(stack, new("Imported"), new("arn:aws:ecr:eu-west-1:123456789012:repository/site"))
	if facts := webimage.ECR(imported, "").Facts(); facts.Region != "eu-west-1" || facts.Account != "123456789012" {
		t.Errorf("got %+v, want the imported repository's place", facts)
	}
	if !slices.Equal(hostingtest.ImageHashes(t, stack), []string{*asset.AssetHash()}) {
		t.Error("an existing image made an asset")
	}
}
