package build

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/rootfs"
)

// program is a file of an image that was compiled by Go, and of what.
type program struct {
	path   string
	sha256 string
	info   *debug.BuildInfo
}

// SPDX is the type of a list of what is in an image.
const SPDX = "application/spdx+json"

// describe finds the Go programs that the build put into an image, and sets the labels that say
// what the image starts, unless the Dockerfile has set them.
func (r *run) describe(s *stage, config *v1.ConfigFile) ([]program, error) {
	var programs []program
	for _, name := range sortedKeys(s.programs) {
		file := s.tree.Lookup(name)
		if file == nil || file.Content != s.programs[name] {
			continue // something else took its place
		}
		found, err := readProgram("/"+name, file.Content)
		if err != nil {
			return nil, err
		}
		if found.info != nil {
			programs = append(programs, found)
		}
	}
	started := config.Config.Entrypoint
	if len(started) == 0 {
		started = config.Config.Cmd
	}
	if len(started) == 0 {
		return programs, nil
	}
	i := slices.IndexFunc(
		programs,
		func(p program) bool { return p.path == path.Clean(started[0]) },
	)
	if i < 0 {
		return programs, nil
	}
	set := func(key, value string) {
		if _, taken := config.Config.Labels[key]; taken || value == "" {
			return
		}
		if config.Config.Labels == nil {
			config.Config.Labels = map[string]string{}
		}
		config.Config.Labels[key] = value
	}
	info := programs[i].info
	set("org.opencontainers.image.title", info.Path)
	set("org.opencontainers.image.version", version(info.Main))
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			set("org.opencontainers.image.revision", setting.Value)
		}
	}
	return programs, nil
}

// readProgram reads of what a program was compiled. The info is nil if not by Go.
func readProgram(name string, content *rootfs.Content) (program, error) {
	in, err := content.Open()
	if err != nil {
		return program{}, err
	}
	defer in.Close()
	at, ok := in.(io.ReaderAt)
	if !ok {
		all, err := io.ReadAll(in)
		if err != nil {
			return program{}, err
		}
		at = bytes.NewReader(all)
	}
	info, err := buildinfo.Read(at)
	if err != nil {
		return program{}, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(at, 0, content.Size)); err != nil {
		return program{}, err
	}
	return program{name, hex.EncodeToString(sum.Sum(nil)), info}, nil
}

// version is that of a module; empty for one that was compiled from a folder.
func version(module debug.Module) string {
	if module.Version == "(devel)" {
		return ""
	}
	return module.Version
}

// The parts of an SPDX document, version 2.3, that are used.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		License       string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Describes     []string           `json:"documentDescribes"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID         string          `json:"SPDXID"`
		Name       string          `json:"name"`
		Version    string          `json:"versionInfo,omitempty"`
		Location   string          `json:"downloadLocation"`
		Analyzed   bool            `json:"filesAnalyzed"`
		Checksums  []spdxChecksum  `json:"checksums,omitempty"`
		Purpose    string          `json:"primaryPackagePurpose,omitempty"`
		FileName   string          `json:"packageFileName,omitempty"`
		Source     string          `json:"sourceInfo,omitempty"`
		References []spdxReference `json:"externalRefs,omitempty"`
		Concluded  string          `json:"licenseConcluded"`
		Declared   string          `json:"licenseDeclared"`
		Copyright  string          `json:"copyrightText"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxReference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

const noAssertion = "NOASSERTION"

// newSPDX lists the Go programs of an image with the modules that they were compiled of.
func newSPDX(image v1.Hash, programs []program) spdxDocument {
	const root = "SPDXRef-Image"
	d := spdxDocument{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: image.String(),
		Namespace: "https://github.com/cdkweb/cdkweb/spdx/" + image.Hex,
		// The same image has the same list, whenever it was made.
		Creation: spdxCreation{
			rootfs.Epoch.Format("2006-01-02T15:04:05Z"),
			[]string{"Tool: cdkweb-docker"},
		},
		Describes: []string{root},
	}
	add := func(p spdxPackage) {
		p.Location, p.Concluded = noAssertion, noAssertion
		p.Declared, p.Copyright = noAssertion, noAssertion
		d.Packages = append(d.Packages, p)
	}
	relate := func(from, kind, to string) {
		d.Relationships = append(d.Relationships, spdxRelationship{from, kind, to})
	}
	add(spdxPackage{
		ID: root, Name: image.String(), Purpose: "CONTAINER",
		Checksums: []spdxChecksum{{"SHA256", image.Hex}},
	})
	relate(d.ID, "DESCRIBES", root)

	known := map[string]string{} // ids of modules
	module := func(name, version, sum string) string {
		key := name + "@" + version
		if id, ok := known[key]; ok {
			return id
		}
		id := fmt.Sprintf("SPDXRef-Module-%d", len(known)+1)
		known[key] = id
		p := spdxPackage{ID: id, Name: name, Version: version, Purpose: "LIBRARY"}
		if sum != "" {
			p.Source = "go.sum has " + sum
		}
		p.References = []spdxReference{{"PACKAGE-MANAGER", "purl", purl(name, version)}}
		add(p)
		return id
	}
	for i, p := range programs {
		id := fmt.Sprintf("SPDXRef-Program-%d", i+1)
		add(spdxPackage{
			ID: id, Name: p.info.Path, Version: version(p.info.Main), FileName: p.path,
			Purpose: "APPLICATION", Checksums: []spdxChecksum{{"SHA256", p.sha256}},
			References: []spdxReference{
				{"PACKAGE-MANAGER", "purl", purl(p.info.Main.Path, version(p.info.Main))},
			},
		})
		relate(root, "CONTAINS", id)
		goVersion, _, _ := strings.Cut(strings.TrimPrefix(p.info.GoVersion, "go"), " ")
		relate(id, "DEPENDS_ON", module("stdlib", goVersion, ""))
		for _, dependency := range p.info.Deps {
			if dependency.Replace != nil {
				dependency = dependency.Replace
			}
			relate(id, "DEPENDS_ON", module(dependency.Path, version(*dependency), dependency.Sum))
		}
	}
	return d
}

// purl is how package URLs name a module of Go.
func purl(module, version string) string {
	var parts []string
	for part := range strings.SplitSeq(module, "/") {
		parts = append(parts, url.PathEscape(part))
	}
	name := "pkg:golang/" + strings.Join(parts, "/")
	if version != "" {
		name += "@" + url.PathEscape(version)
	}
	return name
}

// artifact is a manifest of what belongs to an image.
type artifact struct {
	SchemaVersion int             `json:"schemaVersion"`
	MediaType     types.MediaType `json:"mediaType"`
	ArtifactType  string          `json:"artifactType"`
	Config        v1.Descriptor   `json:"config"`
	Layers        []v1.Descriptor `json:"layers"`
	Subject       v1.Descriptor   `json:"subject"`
}

// attach puts the list of an image's programs into the store.
func (r *run) attach(image *Image, programs []program) error {
	if len(programs) == 0 {
		return nil
	}
	content, err := json.MarshalIndent(newSPDX(image.Digest, programs), "", "  ")
	if err != nil {
		return err
	}
	digest, size, err := r.Store.Add(content)
	if err != nil {
		return err
	}
	empty, emptySize, err := r.Store.Add([]byte("{}"))
	if err != nil {
		return err
	}
	subject := v1.Descriptor{MediaType: image.MediaType, Size: image.Size, Digest: image.Digest}
	manifest, err := r.addJSON(artifact{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: SPDX,
		Config: v1.Descriptor{
			MediaType: "application/vnd.oci.empty.v1+json", Size: emptySize, Digest: empty,
			Data: []byte("{}"),
		},
		Layers:  []v1.Descriptor{{MediaType: SPDX, Size: size, Digest: digest}},
		Subject: subject,
	})
	if err != nil {
		return err
	}
	manifest.MediaType, manifest.ArtifactType = types.OCIManifestSchema1, SPDX
	return r.Store.Attach(image.Digest, manifest)
}
