package webimage_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

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
		for ; file != dir; file = filepath.Dir(file) { // whatever the umask is
			mode := fs.FileMode(0o755)
			if file == filepath.Join(dir, name) {
				mode = 0o644
			}
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func bind(t *testing.T, stack awscdk.Stack, image webimage.Image) *webimage.Bound {
	t.Helper()
	bound, err := image.Bind(stack)
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
	first := bind(t, stack, image)
	if again := bind(t, stack, image); again.Asset != first.Asset {
		t.Error("the same image was bound twice")
	}
	if equal := bind(t, stack, webimage.Dockerfile(dir, nil)); equal.Asset != first.Asset {
		t.Error("an equal image got an asset of its own")
	}
	if other := bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{BuildArgs: map[string]string{"V": "1"}})); other.URI == first.URI {
		t.Error("another build argument made the same image")
	}
	if n := len(imageHashes(t, stack)); n != 2 {
		t.Errorf("got %d images, want 2", n)
	}
	if elsewhere := bind(t, newStack(t), image); elsewhere.Asset == first.Asset {
		t.Error("another stack got the first one's asset")
	}
}

// The stacks and stages of an app share what is staged, even if a source changes between two of
// them; another app reads the sources again.
func TestStageOnce(t *testing.T) {
	for _, context := range []map[string]any{nil, {"aws:cdk:disable-asset-staging": true}} {
		dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "run.sh": "one"})
		if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o755); err != nil {
			t.Fatal(err)
		}
		temporary := t.TempDir()
		t.Setenv("TMPDIR", temporary)
		synth := func() (hashes, folders []string) {
			app := awscdk.NewApp(&awscdk.AppProps{Outdir: new(t.TempDir()), Context: &context})
			var stacks []awscdk.Stack
			for i, scope := range []constructs.Construct{app, app, awscdk.NewStage(app, new("Test"), nil), awscdk.NewStage(app, new("Live"), nil)} {
				if err := os.WriteFile(filepath.Join(dir, "run.sh"), []byte(strconv.Itoa(i)), 0o755); err != nil {
					t.Fatal(err)
				}
				stack := awscdk.NewStack(scope, new("Stack"+strconv.Itoa(i)), nil)
				awssqs.NewQueue(stack, new("Queue"), nil)
				bind(t, stack, webimage.Dockerfile(dir, nil))
				stacks = append(stacks, stack)
			}
			for _, stack := range stacks {
				read := readManifest(t, stack)
				for hash, image := range read.DockerImages {
					hashes = append(hashes, hash)
					folders = append(folders, filepath.Join(*awscdk.Stage_Of(stack).Outdir(), image.Source["directory"].(string)))
				}
			}
			return hashes, folders
		}
		hashes, folders := synth()
		if len(hashes) != 4 || len(slices.Compact(hashes)) != 1 {
			t.Errorf("%v: got hashes %q, want one four times", context, hashes)
		}
		if context == nil {
			content, err := os.ReadFile(filepath.Join(folders[3], "run.sh"))
			if err != nil || string(content) != "0" {
				t.Errorf("the last stage's image holds %q (%v), want the first one's file", content, err)
			}
			if left, err := os.ReadDir(temporary); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "cdkweb-") }) {
				t.Errorf("%v is left (%v)", left, err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if again, _ := synth(); again[0] == hashes[0] {
			t.Errorf("%v: another app got the first one's image", context)
		}
	}
}

// The CDK's command line says in CDK_OUTDIR where the app is written to, relative to the app's
// working directory.
func TestStageOnceIntoARelativeFolder(t *testing.T) {
	working, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	output, err := filepath.Rel(working, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &output})
	image := webimage.Dockerfile(folder(t, map[string]string{"Dockerfile": "FROM scratch\n"}), nil)
	one := bind(t, awscdk.NewStack(app, new("One"), nil), image)
	two := bind(t, awscdk.NewStack(app, new("Two"), nil), image)
	if one.TagOrDigest != two.TagOrDigest {
		t.Errorf("got images %s and %s, want one", one.TagOrDigest, two.TagOrDigest)
	}
}

// cdk ls and cdk destroy need no program that compiles.
func TestNothingIsBuiltForAName(t *testing.T) {
	broken := map[string]string{"go.mod": "module example.com/a\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() { undefined() }\n"}
	image := webimage.Go(folder(t, broken), nil)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: new(t.TempDir()), Context: &map[string]any{"aws:cdk:bundling-stacks": []string{"Wanted"}}})
	unwanted, wanted := awscdk.NewStack(app, new("Unwanted"), nil), awscdk.NewStack(app, new("Wanted"), nil)
	for _, stack := range []awscdk.Stack{unwanted, wanted} {
		awssqs.NewQueue(stack, new("Queue"), nil)
	}
	if bound := bind(t, unwanted, image); bound.URI == "" || len(imageHashes(t, unwanted)) != 1 {
		t.Error("a stack that is not deployed has no image")
	}

	_, err := image.Bind(wanted)
	var failed *webimage.BuildError
	if !errors.As(err, &failed) || !strings.HasPrefix(failed.Image, "webimage.Go(") || !strings.Contains(failed.Err.Error(), "undefined: undefined") {
		t.Errorf("got %v, want a BuildError with the compiler's words", err)
	}
}

// A file that may be executed makes another image than one that may not, and other modes do not.
func TestHashFollowsExecutables(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY run.sh /\n", "run.sh": "#!/bin/sh\n"})
	hash := func(mode os.FileMode) string {
		if err := os.Chmod(filepath.Join(dir, "run.sh"), mode); err != nil {
			t.Fatal(err)
		}
		stack := newStack(t)
		bind(t, stack, webimage.Dockerfile(dir, nil))
		return imageHashes(t, stack)[0]
	}
	plain, executable := hash(0o644), hash(0o755)
	if plain == executable {
		t.Error("chmod +x left the hash as it was")
	}
	if hash(0o600) != plain || hash(0o700) != executable {
		t.Error("the modes of others changed the hash")
	}
}

// What the umask is changes neither the image nor the modes of its files.
func TestUmask(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "site/index.html": ""})
	var hashes []string
	for _, umask := range []int{0o022, 0o077} {
		stack := newStack(t)
		before := syscall.Umask(umask)
		bound := bind(t, stack, webimage.Dockerfile(dir, nil))
		syscall.Umask(before)
		hashes = append(hashes, *bound.Asset.AssetHash())
		output := filepath.Join(*stack.Node().Root().(awscdk.App).Outdir(), "asset."+*bound.Asset.AssetHash())
		for name, want := range map[string]os.FileMode{"site": 0o755, "site/index.html": 0o644, ".cdkweb": 0o755, ".cdkweb/Dockerfile": 0o644} {
			if info, err := os.Stat(filepath.Join(output, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("umask %03o: %s has mode %v (%v), want %v", umask, name, info.Mode(), err, want)
			}
		}
	}
	if hashes[0] != hashes[1] {
		t.Errorf("got hashes %q, want one twice", hashes)
	}
}

// An app in another folder has the same construct ids.
func TestIDIsTheSameEverywhere(t *testing.T) {
	var ids []string
	for range 2 {
		root := folder(t, map[string]string{"cdk.json": "{}", "server/Dockerfile": "FROM scratch\n"})
		t.Chdir(root)
		for _, image := range []webimage.Image{webimage.Dockerfile("./server", nil), webimage.Dockerfile(filepath.Join(root, "server"), nil)} {
			ids = append(ids, *bind(t, newStack(t), image).Asset.Node().Id())
		}
	}
	if len(slices.Compact(ids)) != 1 {
		t.Errorf("got ids %q, want one four times", ids)
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
					bind(t, stack, test.image(dir))
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

// manifest is what `cdk deploy` reads of a stack's assets.
type manifest struct {
	DockerImages map[string]struct {
		DisplayName string
		Source      map[string]any
	}
}

func readManifest(t *testing.T, stack awscdk.Stack) manifest {
	t.Helper()
	stack.Node().Root().(awscdk.App).Synth(&awscdk.StageSynthesisOptions{Force: new(true)})
	output := *awscdk.Stage_Of(stack).Outdir()
	content, err := os.ReadFile(filepath.Join(output, *stack.ArtifactId()+".assets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read manifest
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// imageHashes returns the images of a stack.
func imageHashes(t *testing.T, stack awscdk.Stack) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(readManifest(t, stack).DockerImages))
}

// What the manifest says is how `cdk deploy` builds.
func TestManifest(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch AS web\nFROM scratch\n"})
	stack := newStack(t)
	bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{
		Target: "web", Architecture: webimage.ARM64, BuildArgs: map[string]string{"V": "1"},
		BuildSecrets:  map[string]webimage.BuildSecret{"token": webimage.SecretEnv("TOKEN")},
		CacheDisabled: true,
		CacheFrom:     []webimage.DockerCache{{Type: "inline"}, {Type: "registry", Params: map[string]string{"ref": "example.com/cache"}}},
		CacheTo:       &webimage.DockerCache{Type: "gha", Params: map[string]string{"mode": "max"}},
	}))
	hash := imageHashes(t, stack)[0]
	manifest := readManifest(t, stack)
	image := manifest.DockerImages[hash]
	got, err := json.Marshal(image.Source)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"cacheDisabled":true,"cacheFrom":[{"type":"inline"},{"params":{"ref":"example.com/cache"},"type":"registry"}],` +
		`"cacheTo":{"params":{"mode":"max"},"type":"gha"},"directory":"asset.` + hash + `","dockerBuildArgs":{"V":"1"},"dockerBuildSecrets":{"token":"env=TOKEN"},` +
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
		bind(t, stack, webimage.Dockerfile(dir, &webimage.DockerfileOptions{BuildSecrets: map[string]webimage.BuildSecret{"npm": webimage.SecretFile(file)}}))
		hashes = append(hashes, imageHashes(t, stack)...)
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
		bind(t, stack, webimage.Dockerfile(dir, nil))
		return imageHashes(t, stack)[0]
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
	bind(t, newStack(t), webimage.Dockerfile(dir, nil))
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
		{"a repository", webimage.ECR(repository, "", nil), *repository.RepositoryUriForTag(new("latest")), "latest", true},
		{"a repository, by digest", webimage.ECR(repository, digest, nil), *repository.RepositoryUriForDigest(new(digest)), digest, true},
		{"a private URI", webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site", nil), "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:latest", "latest", true},
		{"a private URI, by digest", webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@"+digest, nil), "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@" + digest, digest, true},
		{"a private URI whose region is a token", webimage.URI("123456789012.dkr.ecr."+*stack.Region()+".amazonaws.com/site:1", nil), "123456789012.dkr.ecr." + *stack.Region() + ".amazonaws.com/site:1", "1", true},
		{"Docker Hub", webimage.URI("nginx", nil), "nginx:latest", "latest", false},
		{"another registry", webimage.URI("ghcr.io/team/site@"+digest, nil), "ghcr.io/team/site@" + digest, digest, false},
		{"a public URI", webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil), "public.ecr.aws/nginx/nginx:1.29", "1.29", false},
		{"an asset", webimage.Asset(asset, nil), *asset.ImageUri(), *asset.ImageTag(), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.image.Validate(); err != nil {
				t.Fatal(err)
			}
			bound := bind(t, stack, test.image)
			if got, want := resolve(t, stack, bound.URI), resolve(t, stack, test.uri); got != want || bound.TagOrDigest != test.tag {
				t.Errorf("got %s (%s), want %s (%s)", got, bound.TagOrDigest, want, test.tag)
			}
			if got := bound.RepositoryARN != ""; got != test.repository {
				t.Errorf("has a repository: %v, want %v", got, test.repository)
			}
		})
	}
	ofToken := bind(t, stack, webimage.URI("123456789012.dkr.ecr."+*stack.Region()+".amazonaws.com/site:1", nil))
	if got, want := resolve(t, stack, ofToken.RepositoryARN), `"arn:",{"Ref":"AWS::Partition"},":ecr:",{"Ref":"AWS::Region"},":123456789012:repository/site"`; !strings.Contains(got, want) {
		t.Errorf("got the ARN %s, want the stack's partition: %s", got, want)
	}
	abroad := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Abroad"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("210987654321"), Region: new("us-east-1")}})
	awssqs.NewQueue(abroad, new("Queue"), nil)
	assetAbroad := awsecrassets.NewDockerImageAsset(abroad, new("Asset"), &awsecrassets.DockerImageAssetProps{
		Directory: new(folder(t, map[string]string{"Dockerfile": "FROM scratch\n"}))})
	if facts := webimage.Asset(assetAbroad, nil).Facts(); facts.Region != "us-east-1" || facts.Account != "210987654321" {
		t.Errorf("got %+v, want the place of the stack that holds the asset", facts)
	}
	if facts := webimage.Asset(asset, nil).Facts(); facts.Region != "" || facts.Account != "" {
		t.Errorf("got %+v, want no place for an asset of a stack without one", facts)
	}
	if facts := webimage.ECR(repository, "", nil).Facts(); facts.Region != "" || facts.Account != "" {
		t.Errorf("the place of a repository in a stack without one is known: %+v", facts)
	}
	imported := awsecr.Repository_FromRepositoryArn(stack, new("Imported"), new("arn:aws:ecr:eu-west-1:123456789012:repository/site"))
	if facts := webimage.ECR(imported, "", nil).Facts(); facts.Region != "eu-west-1" || facts.Account != "123456789012" {
		t.Errorf("got %+v, want the imported repository's place", facts)
	}
	if !slices.Equal(imageHashes(t, stack), []string{*asset.AssetHash()}) {
		t.Error("an existing image made an asset")
	}
}
