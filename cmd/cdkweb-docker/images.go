package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/build"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/registry"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// unnamed begins the names of images that were built without one.
const unnamed = "<none>@"

// familiar is a name as people write it: without the registry that Docker assumes.
func familiar(full string) string {
	full = strings.TrimPrefix(full, name.DefaultRegistry+"/")
	return strings.TrimPrefix(full, "library/")
}

// find returns an image by its name or its id.
func (p *program) find(image string) (store.Named, bool, error) {
	if full, err := build.FullName(image); err == nil {
		found, ok, err := p.store.Find(full)
		if err != nil || ok {
			return store.Named{Name: full, Descriptor: found}, ok, err
		}
	}
	wanted := strings.TrimPrefix(image, "sha256:")
	if len(wanted) < 12 || strings.Trim(wanted, "0123456789abcdef") != "" {
		return store.Named{}, false, nil
	}
	images, err := p.store.Images()
	if err != nil {
		return store.Named{}, false, err
	}
	for _, candidate := range images {
		d, ok, err := p.store.Find(candidate.Name)
		if err != nil {
			return store.Named{}, false, err
		}
		if !ok {
			continue
		}
		id, _, err := p.config(d.Digest)
		if err != nil {
			return store.Named{}, false, err
		}
		if strings.HasPrefix(id.Hex, wanted) {
			return candidate, true, nil
		}
	}
	return store.Named{}, false, nil
}

// config returns the id and the configuration of an image.
func (p *program) config(digest v1.Hash) (v1.Hash, *v1.ConfigFile, error) {
	image, err := p.store.Image(digest)
	if err != nil {
		return v1.Hash{}, nil, err
	}
	id, err := image.ConfigName()
	if err != nil {
		return v1.Hash{}, nil, err
	}
	config, err := image.ConfigFile()
	return id, config, err
}

// inspected is what docker inspect says of an image, as far as it can be said here.
type inspected struct {
	ID           string `json:"Id"`
	RepoTags     []string
	RepoDigests  []string
	Created      string
	Author       string
	Architecture string
	Variant      string `json:",omitempty"`
	Os           string
	Size         int64
	Config       v1.Config
	RootFS       inspectedRoot
}

type inspectedRoot struct {
	Type   string
	Layers []v1.Hash
}

func (p *program) inspect(args []string) error {
	format, names, err := formatFlag("inspect", args)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return usageError{errors.New("inspect takes the names of images")}
	}
	all := []inspected{}
	var absent []string
	for _, wanted := range names {
		image, ok, err := p.find(wanted)
		if err != nil {
			return err
		}
		if !ok {
			built, err := p.builtOutside(wanted)
			if err != nil {
				return err
			}
			if _, err := findDocker(); built && err == nil && len(names) == 1 {
				return p.docker(p.asked("inspect", args...))
			}
			absent = append(absent, wanted)
			continue
		}
		said, err := p.describe(image)
		if err != nil {
			return err
		}
		all = append(all, said)
	}
	if format == nil {
		content, err := json.MarshalIndent(all, "", "    ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.out, "%s\n", content); err != nil {
			return err
		}
	} else {
		for _, said := range all {
			if err := execute(p.out, format, said); err != nil {
				return err
			}
		}
	}
	if len(absent) > 0 {
		return missing(strings.Join(absent, ", "))
	}
	return nil
}

func (p *program) describe(image store.Named) (inspected, error) {
	id, config, err := p.config(image.Digest)
	if err != nil {
		return inspected{}, err
	}
	said := inspected{
		ID: id.String(), RepoTags: []string{}, RepoDigests: []string{},
		Created: config.Created.UTC().Format("2006-01-02T15:04:05Z"), Author: config.Author,
		Architecture: config.Architecture, Variant: config.Variant, Os: config.OS,
		Config: config.Config, RootFS: inspectedRoot{config.RootFS.Type, config.RootFS.DiffIDs},
	}
	content, err := p.store.Image(image.Digest)
	if err != nil {
		return inspected{}, err
	}
	manifest, err := content.Manifest()
	if err != nil {
		return inspected{}, err
	}
	for _, layer := range manifest.Layers {
		said.Size += layer.Size
	}
	images, err := p.store.Images()
	if err != nil {
		return inspected{}, err
	}
	for _, other := range images {
		if other.Digest == image.Digest && !strings.HasPrefix(other.Name, unnamed) {
			said.RepoTags = append(said.RepoTags, familiar(other.Name))
		}
	}
	return said, nil
}

// formatFlag takes --format out of arguments.
func formatFlag(command string, args []string) (*template.Template, []string, error) {
	var rest []string
	var format *template.Template
	for i := 0; i < len(args); i++ {
		text, ok := strings.CutPrefix(args[i], "--format=")
		switch {
		case ok:
		case args[i] == "--format" || args[i] == "-f":
			if i++; i == len(args) {
				return nil, nil, usageError{errors.New("--format must be followed by a template")}
			}
			text = args[i]
		case args[i] == "--type" || args[i] == "--type=image":
			if args[i] == "--type" {
				i++
			}
			continue
		case strings.HasPrefix(args[i], "-") && command == "inspect":
			return nil, nil, usageError{fmt.Errorf("%s has no flag %s", command, args[i])}
		default:
			rest = append(rest, args[i])
			continue
		}
		var err error
		functions := template.FuncMap{"json": func(value any) (string, error) {
			content, err := json.Marshal(value)
			return string(content), err
		}, "join": strings.Join, "lower": strings.ToLower, "upper": strings.ToUpper}
		if format, err = template.New("--format").Funcs(functions).Parse(text); err != nil {
			return nil, nil, usageError{fmt.Errorf("--format: %w", err)}
		}
	}
	return format, rest, nil
}

// execute writes what a template makes of something. It may use the names of JSON, as docker's do.
func execute(out io.Writer, format *template.Template, value any) error {
	var text strings.Builder
	if err := format.Execute(&text, value); err != nil {
		var generic any
		content, err2 := json.Marshal(value)
		if err2 = errors.Join(err2, json.Unmarshal(content, &generic)); err2 != nil {
			return err2
		}
		text.Reset()
		if format.Execute(&text, generic) != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, text.String())
	return err
}

// listed is a line of docker images.
type listed struct{ Repository, Tag, ID string }

func (p *program) images(args []string) error {
	format, rest, err := formatFlag("images", args)
	if err != nil {
		return err
	}
	var patterns []string
	quiet := false
	for i := 0; i < len(rest); i++ {
		filter, ok := strings.CutPrefix(rest[i], "--filter=")
		switch {
		case ok:
		case rest[i] == "--filter":
			if i++; i == len(rest) {
				return usageError{errors.New("--filter must be followed by reference=PATTERN")}
			}
			filter = rest[i]
		case rest[i] == "--quiet" || rest[i] == "-q":
			quiet = true
			continue
		case rest[i] == "--all" || rest[i] == "-a" || rest[i] == "--no-trunc":
			continue
		case strings.HasPrefix(rest[i], "-"):
			return usageError{fmt.Errorf("images has no flag %s", rest[i])}
		default:
			filter = "reference=" + rest[i]
		}
		pattern, ok := strings.CutPrefix(filter, "reference=")
		if !ok {
			return usageError{fmt.Errorf("--filter must be reference=PATTERN, got %q", filter)}
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return usageError{fmt.Errorf("--filter reference=%q is no pattern", pattern)}
		}
		patterns = append(patterns, pattern)
	}
	images, err := p.store.Images()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 3, ' ', 0)
	if format == nil && !quiet {
		fmt.Fprintln(table, "REPOSITORY\tTAG\tIMAGE ID")
	}
	for _, image := range images {
		found, ok, err := p.store.Find(image.Name)
		if err != nil {
			return err
		}
		short := familiar(image.Name)
		if !ok || len(patterns) > 0 && !slices.ContainsFunc(patterns, func(pattern string) bool {
			return matchesName(pattern, short)
		}) {
			continue
		}
		id, _, err := p.config(found.Digest)
		if err != nil {
			return err
		}
		line := listed{Repository: "<none>", Tag: "<none>", ID: id.Hex[:12]}
		if !strings.HasPrefix(image.Name, unnamed) {
			colon := strings.LastIndex(short, ":")
			line.Repository, line.Tag = short[:colon], short[colon+1:]
		}
		switch {
		case format != nil:
			err = execute(p.out, format, line)
		case quiet:
			_, err = fmt.Fprintln(p.out, line.ID)
		default:
			_, err = fmt.Fprintf(table, "%s\t%s\t%s\n", line.Repository, line.Tag, line.ID)
		}
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

// matchesName reports whether a pattern means a name, with its tag or without.
func matchesName(pattern, short string) bool {
	matched, err := path.Match(pattern, short)
	if err != nil || matched {
		return matched
	}
	matched, err = path.Match(pattern, short[:max(0, strings.LastIndex(short, ":"))])
	return err == nil && matched
}

// writeArchive writes images as docker save does.
func (p *program) writeArchive(out io.Writer, names []string) error {
	images := map[name.Reference]v1.Image{}
	for _, wanted := range names {
		found, ok, err := p.find(wanted)
		if err != nil {
			return err
		}
		if !ok {
			return missing(wanted)
		}
		ref, err := name.ParseReference(found.Name)
		if err != nil {
			return fmt.Errorf("%s has no name; give it one with tag", wanted)
		}
		if images[ref], err = p.store.Image(found.Digest); err != nil {
			return err
		}
	}
	return tarball.MultiRefWrite(images, out)
}

// attach pushes what belongs to an image, to registries that keep track of it. The image is there
// already, so that a registry which then refuses changes nothing for who runs it.
func (p *program) attach(client *registry.Client, image string, digest v1.Hash) error {
	attached, err := p.store.Attached(digest)
	if err != nil {
		return err
	}
	for _, manifest := range attached {
		content, err := p.store.Image(manifest.Digest)
		if err != nil {
			return err
		}
		taken, err := client.Attach(p.ctx, image, digest, manifest.Digest, content)
		switch {
		case p.ctx.Err() != nil:
			return p.ctx.Err()
		case err != nil:
			p.log("the list of what is in the image was not attached: %s", sentence(err))
		case taken:
			p.log("attached the list of what is in the image (SPDX)")
		}
	}
	return nil
}
