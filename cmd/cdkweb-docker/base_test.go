package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layerOf is a layer with some files. A name that ends in a slash is a folder, and a content that
// begins with -> a symbolic link.
func layerOf(t *testing.T, entries ...string) v1.Layer {
	t.Helper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: entries[i], Mode: 0o644, Size: int64(len(entries[i+1]))}
		if link, ok := strings.CutPrefix(entries[i+1], "->"); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, link, 0
		} else if strings.HasSuffix(entries[i], "/") {
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			io.WriteString(archive, entries[i+1])
		}
	}
	archive.Close()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// imageOf is an image for a CPU.
func imageOf(t *testing.T, architecture string, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	image, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", architecture, config
	if image, err = mutate.ConfigFile(image, file); err != nil {
		t.Fatal(err)
	}
	return image
}

// TestBase builds on images of a registry: with links for folders, files that are gone, users, and
// what they want done by those built on them.
func TestBase(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	base := imageOf(t, "amd64", v1.Config{
		Env: []string{"LANG=C", "PATH=/usr/bin"}, Cmd: []string{"sh"}, User: "web", WorkingDir: "/srv",
		Labels: map[string]string{"a": "base", "b": "base"}, OnBuild: []string{"COPY on.txt /bin/", "ENV BUILT=on"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}},
	},
		layerOf(t, "usr/", "", "usr/bin/", "", "usr/bin/sh", "shell", "bin", "->usr/bin", "etc/passwd", "web:x:33:44::/:/x\n",
			"gone/a", "a", "gone/b", "b", "dir/a", "a", "lib", "->/usr/lib"),
		layerOf(t, "gone/.wh.a", "", ".wh.dir", "", "etc/group", "staff:x:50:\n"),
	)
	name := r.push(t, "base:1", base)
	dir := files(t, map[string]string{
		"Dockerfile": "FROM " + name + ` AS web
COPY --chown=web:staff x /bin/x
COPY x /lib/y
WORKDIR made
LABEL b=own
ENTRYPOINT ["/bin/x"]
FROM scratch AS tools
COPY --from=` + name + ` /bin/sh /tools/
COPY --from=web /gone /gone
FROM web
COPY --from=tools /tools /usr/tools
COPY --from=tools /gone /gone-too
`,
		"x": "x", "on.txt": "on",
	})
	m.must("build", "--tag", r.host+"/app:1", "--platform", "linux/amd64", dir)
	r.count("")
	m.must("push", r.host+"/app:1")
	image := r.image(t, "app:1")

	got := contents(t, image)
	for file, want := range map[string]string{
		"usr/bin/x":      "- 0644 33:50 2d711642",
		"usr/bin/on.txt": "- 0644 0:0 b8d31e85",
		"usr/lib/y":      "- 0644 0:0 2d711642",
		"srv/made":       "d 0755 33:44",
		"usr/tools/sh":   "- 0644 0:0 ce635c4e",
		"gone-too/b":     "- 0644 0:0 3e23e816",
		"bin":            "l 0644 0:0 -> usr/bin",
		"gone-too/a":     "",
		"bin/x":          "",
	} {
		if got[file] != want {
			t.Errorf("%s is %q, want %q", file, got[file], want)
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(config.Config)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Entrypoint":["/bin/x"],"Env":["LANG=C","PATH=/usr/bin","BUILT=on"],"Labels":{"a":"base","b":"own"},` +
		`"User":"web","WorkingDir":"/srv/made","ExposedPorts":{"80/tcp":{}}}`; string(encoded) != want {
		t.Errorf("the configuration is %s, want %s", encoded, want)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	original, err := base.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for i, layer := range original.Layers {
		if manifest.Layers[i].Digest != layer.Digest {
			t.Errorf("layer %d is not the base image's", i)
		}
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		t.Errorf("the configuration has %d layers, the manifest %d", len(config.RootFS.DiffIDs), len(manifest.Layers))
	}
	// What is here is not fetched again.
	r.count("")
	m.must("build", "--tag", "again", "--platform", "linux/amd64", dir)
	if got := r.count("GET /v2/base/blobs/"); got > 1 {
		t.Errorf("the second build fetched %d parts of the base image, want its configuration alone", got)
	}
}

// TestPlatforms takes the image of the CPU that is asked for.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	var index v1.ImageIndex = empty.Index
	for _, architecture := range []string{"amd64", "arm64"} {
		image := imageOf(t, architecture, v1.Config{}, layerOf(t, architecture, "x"))
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	index = mutate.IndexMediaType(index, types.OCIImageIndex)
	name := r.pushIndex(t, "base:1", index)
	dir := files(t, map[string]string{"Dockerfile": "FROM " + name + "\nARG TARGETARCH\nENV FOR=$TARGETARCH\n"})
	for _, architecture := range []string{"amd64", "arm64"} {
		m.must("build", "--tag", architecture, "--platform", "linux/"+architecture, dir)
		if got := m.must("inspect", "--format", "{{.Architecture}} {{.Config.Env}}", architecture); !strings.HasPrefix(got, architecture+" ") ||
			!strings.Contains(got, "FOR="+architecture) {
			t.Errorf("the image for %s is of %s", architecture, got)
		}
		if got := contents(t, saved(t, m, architecture)); got[architecture] == "" {
			t.Errorf("the image for %s has %q", architecture, got)
		}
	}
	m.fails(1, "pull "+name+": it has no image for linux/riscv64", "build", "--platform", "linux/riscv64", dir)
	m.fails(1, "pull "+r.host+"/none: the registry "+r.host+" does not have it",
		"build", files(t, map[string]string{"Dockerfile": "FROM " + r.host + "/none\n"}))
}

// TestDockerConfig pulls and pushes as whom Docker's configuration says, which is not written.
func TestDockerConfig(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config func(host string) string
	}{
		{"a password", func(host string) string {
			return `{"auths":{"` + host + `":{"auth":"bWU6c2VjcmV0"}}}` // me:secret
		}},
		{"a helper for the registry", func(host string) string { return `{"credHelpers":{"` + host + `":"test"}}` }},
		{"a store of credentials", func(host string) string { return `{"credsStore":"test"}` }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, false), newMachine(t)
			base := r.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x")))
			r.protect("me", "secret")
			helper := "#!/bin/sh\necho '{\"Username\":\"me\",\"Secret\":\"secret\"}'\n"
			if err := script(filepath.Join(m.path, "docker-credential-test"), helper); err != nil {
				t.Fatal(err)
			}
			dir := files(t, map[string]string{"Dockerfile": "FROM " + base + "\nCOPY Dockerfile /\n"})
			build := []string{"build", "--tag", r.host + "/app:1", "--platform", "linux/amd64", dir}
			m.fails(1, "there is no login for "+r.host+" in this run", build...)

			config := files(t, map[string]string{"config.json": test.config(r.host)})
			m.must(append([]string{"--config", config}, build...)...) // as the CDK gives it
			got := m.fails(1, "there is no login for "+r.host+" in this run", "push", r.host+"/app:1")
			if strings.Contains(got.stderr, "use GET") {
				t.Errorf("got %q, which is advice for programmers", got.stderr)
			}
			m.environment = append(m.environment, "DOCKER_CONFIG="+config)
			m.must("push", r.host+"/app:1")

			content, err := os.ReadFile(filepath.Join(config, "config.json"))
			entries, err2 := os.ReadDir(config)
			if err != nil || err2 != nil || string(content) != test.config(r.host) || len(entries) != 1 {
				t.Errorf("the configuration is now %s, %v", content, entries)
			}
		})
	}
	t.Run("a helper that is missing", func(t *testing.T) {
		t.Parallel()
		r, m := newRegistry(t, false), newMachine(t)
		config := files(t, map[string]string{"config.json": `{"credsStore":"none"}`})
		m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
		m.fails(1, "docker-credential-none", "--config", config, "push", r.host+"/app:1")
	})
}

// TestCDKCredentials builds on an image of a registry whose credentials stand in
// .cdk/cdk-docker-creds.json: the CDK makes a configuration for the build that names its own helper,
// which lies in PATH, and pushes with a login and without that configuration.
func TestCDKCredentials(t *testing.T) {
	t.Parallel()
	bases, r, m := newRegistry(t, false), newRegistry(t, false), newMachine(t)
	base := bases.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x")))
	bases.protect("user", "secret-of-bases")
	r.protect("AWS", "secret-of-ecr")
	// What the helper does: a domain on standard input, and the credentials in JSON.
	helper := `#!/bin/sh
read domain
test "$1" = get && test "$domain" = ` + bases.host + ` || { echo "unknown $1 $domain" >&2; exit 1; }
echo '{"Username":"user","Secret":"secret-of-bases"}'
`
	if err := os.WriteFile(filepath.Join(m.path, "docker-credential-cdk-assets"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	config := files(t, map[string]string{"config.json": `{"credHelpers":{"` + bases.host + `":"cdk-assets"}}`})
	dir := files(t, map[string]string{"Dockerfile": "FROM " + base + "\nCOPY Dockerfile /\n"})
	build := []string{"build", "--tag", "cdkasset-1", "--platform", "linux/amd64", dir}
	m.fails(1, "there is no login for "+bases.host+" in this run", build...)
	m.fails(1, "there is no image cdkasset-1 here", "--config", config, "inspect", "cdkasset-1")
	m.must(append([]string{"--config", config}, build...)...)
	m.must("--config", config, "tag", "cdkasset-1", r.host+"/assets:1")
	if got := m.call("secret-of-ecr", "login", "--username", "AWS", "--password-stdin", r.host); got.status != 0 {
		t.Fatalf("login: %+v", got)
	}
	m.must("push", r.host+"/assets:1")
}

// TestReferrers pushes the list of what is in an image to registries that keep track of such.
func TestReferrers(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(os.Args[0]) // one that Go compiled, with modules
	if err != nil {
		t.Fatal(err)
	}
	dir := files(t, map[string]string{
		"Dockerfile": "FROM scratch AS compiled\nCOPY --chmod=755 server /out/server\n" +
			"FROM scratch\nCOPY --from=compiled /out /app\nENTRYPOINT [\"/app/server\"]\n",
		"server": string(program),
	})
	m := newMachine(t)
	m.must("build", "--tag", "local", dir)
	for _, keeps := range []bool{true, false} {
		r := newRegistry(t, keeps)
		m.must("tag", "local", r.host+"/app:1")
		if got := m.must("inspect", "--format", `{{index .Config.Labels "org.opencontainers.image.title"}}`, r.host+"/app:1"); !strings.Contains(got, "cdkweb-docker") {
			t.Errorf("the title is %q", got)
		}
		pushed := m.call("", "push", r.host+"/app:1")
		if pushed.status != 0 || strings.Contains(pushed.stderr, "attached") != keeps {
			t.Errorf("push to a registry that keeps track (%v): %+v", keeps, pushed)
		}
		digest, err := r.image(t, "app:1").Digest()
		if err != nil {
			t.Fatal(err)
		}
		if !keeps {
			if got := r.get(t, "/v2/app/tags/list"); strings.Contains(got, "sha256") {
				t.Errorf("the registry has the names %s", got)
			}
			continue
		}
		var list v1.IndexManifest
		if err := json.Unmarshal([]byte(r.get(t, "/v2/app/referrers/"+digest.String())), &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Manifests) != 1 {
			t.Fatalf("the image has %+v", list.Manifests)
		}
		var manifest v1.Manifest
		if err := json.Unmarshal([]byte(r.get(t, "/v2/app/manifests/"+list.Manifests[0].Digest.String())), &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest.ArtifactType != "application/spdx+json" || manifest.Subject.Digest != digest {
			t.Errorf("the list is a %s of %s", manifest.ArtifactType, manifest.Subject.Digest)
		}
		checkSPDX(t, r.get(t, "/v2/app/blobs/"+manifest.Layers[0].Digest.String()), digest)
		m.must("push", r.host+"/app:1") // again
		r.ask(func(w http.ResponseWriter, request *http.Request) bool {
			if !strings.Contains(request.URL.Path, "/referrers/") {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			return true
		})
		m.must("push", r.host+"/app:1")
	}
}

// get asks a registry.
func (f *fakeRegistry) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get("http://" + f.host + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", path, response.Status, err)
	}
	return string(content)
}

// checkSPDX wants what SPDX 2.3 asks for, and the modules of this program.
func checkSPDX(t *testing.T, content string, image v1.Hash) {
	t.Helper()
	var list struct {
		SPDXVersion, DataLicense, SPDXID, Name, DocumentNamespace string
		CreationInfo                                              struct {
			Created  string
			Creators []string
		}
		DocumentDescribes []string
		Packages          []struct {
			SPDXID, Name, VersionInfo, DownloadLocation string
			ExternalRefs                                []struct{ ReferenceLocator string }
		}
		Relationships []struct{ SpdxElementID, RelationshipType, RelatedSpdxElement string }
	}
	if err := json.Unmarshal([]byte(content), &list); err != nil {
		t.Fatal(err)
	}
	if list.SPDXVersion != "SPDX-2.3" || list.DataLicense != "CC0-1.0" || list.SPDXID != "SPDXRef-DOCUMENT" ||
		list.Name != image.String() || !strings.HasSuffix(list.DocumentNamespace, image.Hex) ||
		list.CreationInfo.Created != "1980-01-01T00:00:00Z" || len(list.CreationInfo.Creators) != 1 {
		t.Errorf("the document begins with %.400s", content)
	}
	ids, purls := map[string]bool{"SPDXRef-DOCUMENT": true}, map[string]bool{}
	for _, p := range list.Packages {
		if ids[p.SPDXID] || p.Name == "" || p.DownloadLocation == "" {
			t.Errorf("the package %+v", p)
		}
		ids[p.SPDXID] = true
		for _, reference := range p.ExternalRefs {
			purls[reference.ReferenceLocator] = true
		}
	}
	for _, r := range list.Relationships {
		if !ids[r.SpdxElementID] || !ids[r.RelatedSpdxElement] || r.RelationshipType == "" {
			t.Errorf("the relationship %+v", r)
		}
	}
	found := func(start string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(purls)), func(p string) bool { return strings.HasPrefix(p, start) })
	}
	for _, start := range []string{"pkg:golang/stdlib@1.", "pkg:golang/github.com/moby/buildkit@v", "pkg:golang/golang.org/x/sys@v"} {
		if !found(start) {
			t.Errorf("there is no %s in %q", start, slices.Sorted(maps.Keys(purls)))
		}
	}
}
