package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// Loaded is an image of an archive.
type Loaded struct {
	Image
	Names []string // as the archive has them; an image may have none
}

// errNoArchive is the error of what docker save has not written.
var errNoArchive = errors.New("it is no archive of docker save")

// Load takes the images of an archive of docker save, which may be compressed, into a store.
func Load(ctx context.Context, kept *store.Store, archive io.Reader) ([]Loaded, error) {
	folder, remove, err := kept.Temporary()
	if err != nil {
		return nil, err
	}
	defer remove()
	open, err := plain(ctx, filepath.Join(folder, "archive"), archive)
	if err != nil {
		return nil, err
	}
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoArchive, err)
	}
	if len(manifest) == 0 {
		return nil, errNoArchive
	}
	var all []Loaded
	for _, described := range manifest {
		var tag *name.Tag
		if len(described.RepoTags) > 0 {
			first, err := name.NewTag(described.RepoTags[0])
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errNoArchive, err)
			}
			tag = &first
		} else if len(manifest) > 1 {
			return nil, errors.New("it has several images, of which one has no name; save that alone")
		}
		image, err := tarball.Image(open, tag)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoArchive, err)
		}
		taken, err := takeImage(ctx, kept, image)
		if err != nil {
			return nil, err
		}
		all = append(all, Loaded{*taken, described.RepoTags})
	}
	return all, nil
}

// plain writes an archive to a file, not compressed, and returns what opens it.
func plain(ctx context.Context, file string, archive io.Reader) (tarball.Opener, error) {
	in, err := decompress(io.NopCloser(contextReader{ctx, archive}))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoArchive, err)
	}
	defer in.Close()
	out, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return nil, err
	}
	return func() (io.ReadCloser, error) { return os.Open(file) }, nil
}

// takeImage brings an image into a store. Its layers are checked, and compressed as others are.
func takeImage(ctx context.Context, kept *store.Store, image v1.Image) (*Image, error) {
	config, err := image.RawConfigFile()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.DockerManifestSchema2, Layers: []v1.Descriptor{},
	}
	for _, l := range layers {
		taken, err := takeLayer(ctx, kept, l)
		if err != nil {
			return nil, err
		}
		manifest.Layers = append(manifest.Layers, taken)
	}
	digest, size, err := kept.Add(config)
	if err != nil {
		return nil, err
	}
	manifest.Config = v1.Descriptor{MediaType: types.DockerConfigJSON, Digest: digest, Size: size}
	taken := &Image{ID: digest}
	if taken.Descriptor, err = addJSON(kept, manifest); err != nil {
		return nil, err
	}
	taken.MediaType = manifest.MediaType
	return taken, nil
}

func takeLayer(ctx context.Context, kept *store.Store, l v1.Layer) (v1.Descriptor, error) {
	taken := v1.Descriptor{MediaType: types.DockerLayer}
	want, err := l.DiffID()
	if err != nil {
		return taken, err
	}
	in, err := l.Uncompressed()
	if err != nil {
		return taken, err
	}
	defer in.Close()
	blob, err := kept.NewBlob()
	if err != nil {
		return taken, err
	}
	defer blob.Close()
	zipped, err := gzip.NewWriterLevel(blob, compression)
	if err != nil {
		return taken, err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(sum, zipped), contextReader{ctx, in}); err != nil {
		return taken, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.Hex {
		return taken, fmt.Errorf("its layer %s has the sum %s", want, got)
	}
	if err := zipped.Close(); err != nil {
		return taken, err
	}
	taken.Digest, taken.Size, err = blob.Keep()
	return taken, err
}
