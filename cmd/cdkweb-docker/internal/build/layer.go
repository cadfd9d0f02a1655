package build

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	mode "github.com/tonistiigi/dchapes-mode"
	"github.com/ulikunitz/xz"
	"golang.org/x/sync/errgroup"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/progress"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/rootfs"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// layer is a layer of an image, in the store.
type layer struct {
	digest, diffID v1.Hash
	size           int64
	kind           types.MediaType
	source         string // repository that it was pulled from; empty if it was made here
}

// compression is the level of new layers. With the version of the package in go.mod it decides
// which bytes a layer has, whatever Go compiled this program.
const compression = 6

// newLayer writes what has changed in a stage.
func (r *run) newLayer(s *stage) (layer, error) {
	blob, err := r.Store.NewBlob()
	if err != nil {
		return layer{}, err
	}
	defer blob.Close()
	plain := sha256.New()
	zipped, err := gzip.NewWriterLevel(blob, compression)
	if err != nil {
		return layer{}, err
	}
	written := map[string]*rootfs.File{}
	out := contextWriter{r.ctx, io.MultiWriter(plain, zipped)}
	err = s.tree.WriteLayer(out, func(name string, file *rootfs.File) {
		written[name] = file
	})
	if err != nil {
		return layer{}, err
	}
	if err := zipped.Close(); err != nil {
		return layer{}, err
	}
	for _, name := range sortedKeys(written) {
		s.note(name, written[name])
	}
	digest, size, err := blob.Keep()
	kind := types.OCILayer
	if s.docker {
		kind = types.DockerLayer
	}
	diffID := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(plain.Sum(nil))}
	return layer{digest: digest, diffID: diffID, size: size, kind: kind}, err
}

// base is an image that stages are built from.
type base struct {
	tree   *rootfs.Tree
	config v1.ConfigFile
	layers []layer
	docker bool
}

// base returns an image of a registry.
func (r *run) base(image string, platform v1.Platform) (*base, error) {
	key := image + " " + platform.String()
	if found, ok := r.pulled[key]; ok {
		return found, nil
	}
	if image == "scratch" {
		found := &base{tree: rootfs.New()}
		r.pulled[key] = found
		return found, nil
	}
	r.Log("pulling %s", image)
	pulled, err := r.Pull(r.ctx, image, platform)
	if err != nil {
		return nil, err
	}
	config, err := pulled.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", image, err)
	}
	if err := baseNeedsDocker(image, pulled); err != nil {
		return nil, err
	}
	kind, err := pulled.MediaType()
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", image, err)
	}
	found := &base{
		config: *config.DeepCopy(),
		docker: kind == types.DockerManifestSchema2,
	}
	layers, err := pulled.Layers()
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", image, err)
	}
	repository, err := repositoryOf(image)
	if err != nil {
		return nil, err
	}
	for again := true; found.tree == nil; {
		if found.layers, err = r.takeAll(layers); err != nil {
			return nil, fmt.Errorf("pull %s: %w", image, err)
		}
		tree := rootfs.New()
		at, err := r.applyAll(tree, found.layers)
		switch {
		case err == nil:
			found.tree = tree
		case again && r.ctx.Err() == nil && r.heal(image, at):
			again = false
		default:
			return nil, fmt.Errorf("read layer %s of %s: %w", at.digest, image, err)
		}
	}
	for i := range found.layers {
		found.layers[i].source = repository
	}
	found.tree.Keep()
	r.pulled[key] = found
	return found, nil
}

// applyAll unpacks layers, up to the one that cannot be read, which it returns with the reason.
func (r *run) applyAll(tree *rootfs.Tree, layers []layer) (layer, error) {
	for _, l := range layers {
		if err := r.apply(tree, l); err != nil {
			return l, err
		}
	}
	return layer{}, nil
}

// heal reports whether a layer could not be read because it is damaged in the store. It is not there
// any more then, so that it is pulled again.
func (r *run) heal(image string, l layer) bool {
	removed, err := r.Store.RemoveIfDamaged(l.digest)
	if err != nil || !removed {
		return false
	}
	r.Log("layer %s of %s is damaged on this machine: pulling it again", l.digest, image)
	return true
}

// baseNeedsDocker reports what an image says and the images made here could not.
func baseNeedsDocker(image string, pulled v1.Image) error {
	content, err := pulled.RawConfigFile()
	if err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	var said struct {
		Config struct{ Healthcheck struct{ StartInterval int64 } } `json:"config"`
	}
	if err := json.Unmarshal(content, &said); err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	if said.Config.Healthcheck.StartInterval != 0 {
		return &NeedsDocker{fmt.Sprintf("the health check of %s has a start interval", image)}
	}
	return nil
}

// takeAll brings layers into the store, some at a time.
func (r *run) takeAll(layers []v1.Layer) ([]layer, error) {
	const together = 3 // as Docker does
	taken := make([]layer, len(layers))
	var total int64
	for _, l := range layers {
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		total += size
	}
	var fetched progress.Meter
	defer fetched.Report(progress.Every, r.Log, "pulled", total)()
	group, ctx := errgroup.WithContext(r.ctx)
	group.SetLimit(together)
	for i, l := range layers {
		group.Go(func() (err error) {
			taken[i], err = r.take(ctx, l, &fetched)
			return err
		})
	}
	return taken, group.Wait()
}

// take brings a layer of a registry into the store, unless it is there.
func (r *run) take(ctx context.Context, l v1.Layer, fetched *progress.Meter) (layer, error) {
	var taken layer
	var err error
	if taken.digest, err = l.Digest(); err != nil {
		return taken, err
	}
	if taken.diffID, err = l.DiffID(); err != nil {
		return taken, err
	}
	if taken.size, err = l.Size(); err != nil {
		return taken, err
	}
	if taken.kind, err = l.MediaType(); err != nil {
		return taken, err
	}
	if r.Store.Has(taken.digest, taken.size) {
		return taken, nil
	}
	in, err := l.Compressed()
	if err != nil {
		return taken, err
	}
	defer in.Close()
	blob, err := r.Store.NewBlob()
	if err != nil {
		return taken, err
	}
	defer blob.Close()
	if _, err := io.Copy(blob, fetched.Reader(contextReader{ctx, in})); err != nil {
		return taken, err
	}
	// The registry's words were checked while they were read, and so is what is written now.
	got, _, err := blob.Keep()
	if err == nil && got != taken.digest {
		err = fmt.Errorf("layer %s has the sum %s", taken.digest, got)
	}
	return taken, err
}

// apply adds a layer to a file system. Contents are read only if something needs them.
func (r *run) apply(tree *rootfs.Tree, l layer) error {
	open := func() (io.ReadCloser, error) {
		in, err := r.Store.OpenBlob(l.digest)
		if err != nil {
			return nil, err
		}
		return decompress(in)
	}
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	later := &laterContent{run: r, open: open}
	return tree.Apply(tar.NewReader(contextReader{r.ctx, in}), later.keep)
}

// laterContent is what a layer holds. Once something of it is needed, all of it is unpacked.
type laterContent struct {
	run      *run
	open     func() (io.ReadCloser, error)
	once     sync.Once
	contents []*rootfs.Content
	err      error
}

func (l *laterContent) keep(n int, header *tar.Header, _ io.Reader) (*rootfs.Content, error) {
	return &rootfs.Content{Size: header.Size, Open: func() (io.ReadCloser, error) {
		l.once.Do(l.unpack)
		if l.err != nil {
			return nil, l.err
		}
		if n >= len(l.contents) {
			return nil, errors.New("a layer changed while it was read")
		}
		return l.contents[n].Open()
	}}, nil
}

func (l *laterContent) unpack() {
	in, err := l.open()
	if err != nil {
		l.err = err
		return
	}
	defer in.Close()
	kept, err := l.run.spool()
	if err != nil {
		l.err = err
		return
	}
	archive := tar.NewReader(contextReader{l.run.ctx, in})
	l.err = rootfs.EachFile(archive, func(n int, header *tar.Header, content io.Reader) error {
		found, err := kept.keep(n, header, content)
		l.contents = append(l.contents, found)
		return err
	})
}

// spool keeps contents in one file, one after the other.
type spool struct {
	file *os.File
	end  int64
}

func (r *run) spool() (*spool, error) {
	file, err := os.CreateTemp(r.folder, "contents-")
	if err != nil {
		return nil, err
	}
	s := &spool{file: file}
	r.spools = append(r.spools, s)
	return s, nil
}

func (r *run) closeSpools() {
	for _, s := range r.spools {
		s.file.Close()
	}
}

func (s *spool) keep(_ int, _ *tar.Header, content io.Reader) (*rootfs.Content, error) {
	start := s.end
	size, err := io.Copy(s.file, content)
	if err != nil {
		return nil, err
	}
	s.end += size
	return &rootfs.Content{Size: size, Open: func() (io.ReadCloser, error) {
		return section{io.NewSectionReader(s.file, start, size)}, nil
	}}, nil
}

// section is a part of a file, which somebody else closes.
type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

// contextReader ends with a context.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (c contextReader) Read(into []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(into)
}

// contextWriter ends with a context.
type contextWriter struct {
	ctx context.Context
	out io.Writer
}

func (c contextWriter) Write(content []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.out.Write(content)
}

// stream reads what another reader was opened for.
type stream struct {
	io.Reader
	closers []io.Closer
}

func (s *stream) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// decompress reads what may be compressed in one of the ways that Docker knows. It closes in.
func decompress(in io.ReadCloser) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	start, err := buffered.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		in.Close()
		return nil, err
	}
	s := &stream{Reader: buffered, closers: []io.Closer{in}}
	err = nil
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b, 8}):
		s.Reader, err = gzip.NewReader(buffered)
	case bytes.HasPrefix(start, []byte("BZh")):
		s.Reader = bzip2.NewReader(buffered)
	case bytes.HasPrefix(start, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		s.Reader, err = xz.NewReader(buffered)
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(buffered); err == nil {
			closer := decoder.IOReadCloser()
			s.Reader, s.closers = closer, append([]io.Closer{closer}, s.closers...)
		}
	}
	if err != nil {
		s.closers[len(s.closers)-1].Close()
		return nil, err
	}
	return s, nil
}

// archive is an archive that is read.
type archive struct {
	*tar.Reader
	io.Closer
}

// openArchive opens an archive. It reports false for what is none, as Docker finds out: its first
// entry cannot be read.
func openArchive(open func() (io.ReadCloser, error)) (archive, bool, error) {
	probe, err := open()
	if errors.Is(err, fs.ErrNotExist) {
		return archive{}, false, err
	}
	if err != nil {
		return archive{}, false, nil // it begins as if it were compressed, and is not
	}
	_, err = tar.NewReader(probe).Next()
	probe.Close()
	if err != nil {
		return archive{}, false, nil
	}
	in, err := open()
	if err != nil {
		return archive{}, false, err
	}
	return archive{tar.NewReader(in), in}, true, nil
}

// applyMode does what a mode in letters says.
func applyMode(set mode.Set, old int64, dir bool) int64 {
	bits := fs.FileMode(old & 0o777)
	if dir {
		bits |= fs.ModeDir
	}
	for value, bit := range map[int64]fs.FileMode{
		0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky,
	} {
		if old&value != 0 {
			bits |= bit
		}
	}
	bits = set.Apply(bits)
	result := int64(bits.Perm())
	for value, bit := range map[int64]fs.FileMode{
		0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky,
	} {
		if bits&bit != 0 {
			result |= value
		}
	}
	return result
}

// finish writes the configuration and the manifest of a stage.
func (r *run) finish(s *stage) (*Image, error) {
	config := s.config
	config.OS, config.Architecture = r.options.Platform.OS, r.options.Platform.Architecture
	config.Variant = r.options.Platform.Variant
	config.Created = v1.Time{Time: rootfs.Epoch}
	config.Container, config.Config.Image, config.Config.Hostname = "", "", ""
	config.RootFS = v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}}
	if len(r.options.Labels) > 0 && config.Config.Labels == nil {
		config.Config.Labels = map[string]string{}
	}
	maps.Copy(config.Config.Labels, r.options.Labels)

	image := &Image{}
	programs, err := r.describe(s, &config)
	if err != nil {
		return nil, err
	}
	manifest := v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Layers:        []v1.Descriptor{},
	}
	configKind := types.OCIConfigJSON
	if s.docker {
		manifest.MediaType, configKind = types.DockerManifestSchema2, types.DockerConfigJSON
	}
	for _, l := range s.layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.diffID)
		manifest.Layers = append(
			manifest.Layers,
			v1.Descriptor{MediaType: l.kind, Size: l.size, Digest: l.digest},
		)
	}
	configuration, err := r.addJSON(config)
	if err != nil {
		return nil, err
	}
	configuration.MediaType = configKind
	manifest.Config = configuration
	if image.Descriptor, err = r.addJSON(manifest); err != nil {
		return nil, err
	}
	image.MediaType = manifest.MediaType
	image.Platform = &r.options.Platform
	for _, l := range s.layers {
		if l.source != "" {
			image.Descriptor = store.WithSource(image.Descriptor, l.digest, l.source)
		}
	}
	image.ID, image.Config = configuration.Digest, config
	if err := r.attach(image, programs); err != nil {
		return nil, err
	}
	return image, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// addJSON adds a value to the store.
func (r *run) addJSON(value any) (v1.Descriptor, error) { return addJSON(r.Store, value) }

func addJSON(kept *store.Store, value any) (v1.Descriptor, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return v1.Descriptor{}, err
	}
	digest, size, err := kept.Add(content)
	return v1.Descriptor{Digest: digest, Size: size}, err
}
