// Package store keeps images between the calls that build and push them: an OCI image layout in a
// folder, which [Open] opens. Blobs are named by what they hold. Everything is written under
// another name first and takes its own when it is whole and on the disk, so that what has a name is
// whole.
//
// Processes share a store. Whoever works in it holds it open, and [Store.Prune] removes nothing as
// long as another process does.
package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Store is an open store.
type Store struct {
	dir  string
	used *os.File // locked as long as the store is open
}

const (
	layoutFile   = "oci-layout"
	indexFile    = "index.json"
	outsideFile  = "docker.json"
	refName      = "org.opencontainers.image.ref.name"
	subjectOf    = "com.github.cdkweb.subject"
	sourceOf     = "com.github.cdkweb.source." // and the digest of a layer
	temporary    = "tmp"
	temporaryAge = 24 * time.Hour
)

// Open opens the store in a folder, which is made if it is missing.
func Open(dir string) (*Store, error) {
	for _, sub := range []string{filepath.Join("blobs", "sha256"), temporary} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	used, err := os.OpenFile(filepath.Join(dir, "used"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(used, false, true); err != nil {
		used.Close()
		return nil, fmt.Errorf("lock %s: %w", used.Name(), err)
	}
	s := &Store{dir: dir, used: used}
	if _, err := os.Stat(filepath.Join(dir, layoutFile)); errors.Is(err, fs.ErrNotExist) {
		err := s.replace(layoutFile, []byte(`{"imageLayoutVersion":"1.0.0"}`))
		if err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close lets others prune the store.
func (s *Store) Close() error { return s.used.Close() }

// Temporary returns a new folder on the store's disk, and what removes it.
func (s *Store) Temporary() (dir string, remove func(), err error) {
	dir, err = s.Folder()
	return dir, func() { os.RemoveAll(dir) }, err
}

// Folder returns a new folder on the store's disk that nobody else may read. The caller removes it;
// if it is killed, another process does, later.
func (s *Store) Folder() (string, error) {
	return os.MkdirTemp(filepath.Join(s.dir, temporary), "")
}

func (s *Store) blob(digest v1.Hash) string {
	return filepath.Join(s.dir, "blobs", digest.Algorithm, digest.Hex)
}

// Has reports whether there is a blob of this size. It counts as a use of it.
func (s *Store) Has(digest v1.Hash, size int64) bool {
	info, err := os.Stat(s.blob(digest))
	if err != nil || info.Size() != size {
		return false
	}
	now := time.Now()
	os.Chtimes(s.blob(digest), now, now) // only Prune looks at it
	return true
}

// OpenBlob opens a blob for reading.
func (s *Store) OpenBlob(digest v1.Hash) (io.ReadCloser, error) { return os.Open(s.blob(digest)) }

// Writer writes a blob.
type Writer struct {
	store *Store
	file  *os.File
	hash  hash.Hash
	size  int64
}

// NewBlob starts a blob. The caller calls Close, whatever happens, and Keep before it.
func (s *Store) NewBlob() (*Writer, error) {
	file, err := os.CreateTemp(filepath.Join(s.dir, temporary), "blob-")
	if err != nil {
		return nil, err
	}
	return &Writer{store: s, file: file, hash: sha256.New()}, nil
}

func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	return n, err
}

// Keep makes what was written a blob of the store.
func (w *Writer) Keep() (v1.Hash, int64, error) {
	digest := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(w.hash.Sum(nil))}
	if err := w.file.Sync(); err != nil {
		return digest, 0, err
	}
	if err := w.file.Close(); err != nil {
		return digest, 0, err
	}
	return digest, w.size, rename(w.file.Name(), w.store.blob(digest))
}

// Close removes what was not kept.
func (w *Writer) Close() {
	w.file.Close()
	os.Remove(w.file.Name()) // gone if it was kept
}

// Add makes a blob of bytes.
func (s *Store) Add(content []byte) (v1.Hash, int64, error) {
	w, err := s.NewBlob()
	if err != nil {
		return v1.Hash{}, 0, err
	}
	defer w.Close()
	if _, err := w.Write(content); err != nil {
		return v1.Hash{}, 0, err
	}
	return w.Keep()
}

// replace writes a file of the store as a whole.
func (s *Store) replace(name string, content []byte) error {
	file, err := os.CreateTemp(filepath.Join(s.dir, temporary), name+"-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return rename(file.Name(), filepath.Join(s.dir, name))
}

// rename gives a file its name. On Windows that fails while another process looks at the old one.
func rename(from, to string) (err error) {
	for range 50 {
		if err = os.Rename(from, to); err == nil || !errors.Is(err, fs.ErrPermission) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// change reads the list of names, has it changed and writes it, while no other process does.
func (s *Store) change(edit func(index *v1.IndexManifest, outside map[string]time.Time)) error {
	file, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := lock(file, true, true); err != nil {
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	index, outside, err := s.read()
	if err != nil {
		return err
	}
	edit(index, outside)
	content, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	names, err := json.Marshal(outside)
	if err != nil {
		return err
	}
	return errors.Join(s.replace(indexFile, content), s.replace(outsideFile, names))
}

// damagedError is the error of a file of the store that cannot be read as JSON.
type damagedError struct {
	file string
	err  error
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("%s is damaged (%v); cdkweb-docker prune repairs it, without its images",
		e.file, e.err)
}

func (s *Store) read() (*v1.IndexManifest, map[string]time.Time, error) {
	index := &v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	outside := map[string]time.Time{}
	for name, into := range map[string]any{indexFile: index, outsideFile: &outside} {
		content, err := os.ReadFile(filepath.Join(s.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal(content, into); err != nil {
			return nil, nil, &damagedError{name, err}
		}
	}
	if outside == nil {
		outside = map[string]time.Time{}
	}
	return index, outside, nil
}

// Tag gives an image a name. Whatever had it has it no longer.
func (s *Store) Tag(name string, image v1.Descriptor) error {
	annotations := map[string]string{refName: name}
	for digest, repository := range Sources(image) {
		annotations[sourceOf+digest] = repository
	}
	image.Annotations = annotations
	return s.change(func(index *v1.IndexManifest, outside map[string]time.Time) {
		delete(outside, name)
		index.Manifests = slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
			return d.Annotations[refName] == name
		})
		index.Manifests = append(index.Manifests, image)
	})
}

// WithSource returns an image of which a layer was pulled from a repository.
func WithSource(image v1.Descriptor, layer v1.Hash, repository string) v1.Descriptor {
	image.Annotations = maps.Clone(image.Annotations)
	if image.Annotations == nil {
		image.Annotations = map[string]string{}
	}
	image.Annotations[sourceOf+layer.String()] = repository
	return image
}

// Sources returns the repositories that layers of an image were pulled from, by their digests.
func Sources(image v1.Descriptor) map[string]string {
	sources := map[string]string{}
	for key, repository := range image.Annotations {
		if digest, ok := strings.CutPrefix(key, sourceOf); ok {
			sources[digest] = repository
		}
	}
	return sources
}

// TagOutside remembers that a name is one that docker has given to an image of its own.
func (s *Store) TagOutside(name string) error {
	return s.change(func(index *v1.IndexManifest, outside map[string]time.Time) {
		outside[name] = time.Now().UTC()
		index.Manifests = slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
			return d.Annotations[refName] == name
		})
	})
}

// Outside reports whether a name is one that docker has given.
func (s *Store) Outside(name string) (bool, error) {
	_, outside, err := s.read()
	_, ok := outside[name]
	return ok, err
}

// Attach remembers that a manifest belongs to an image.
func (s *Store) Attach(image v1.Hash, manifest v1.Descriptor) error {
	manifest.Annotations = map[string]string{subjectOf: image.String()}
	return s.change(func(index *v1.IndexManifest, _ map[string]time.Time) {
		index.Manifests = slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
			return d.Digest == manifest.Digest && d.Annotations[subjectOf] != ""
		})
		index.Manifests = append(index.Manifests, manifest)
	})
}

// Attached returns the manifests that belong to an image.
func (s *Store) Attached(image v1.Hash) ([]v1.Descriptor, error) {
	index, _, err := s.read()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
		return d.Annotations[subjectOf] != image.String()
	}), nil
}

// Named is an image with a name.
type Named struct {
	Name string
	v1.Descriptor
}

// Images returns all images that have names, sorted by name.
func (s *Store) Images() ([]Named, error) {
	index, _, err := s.read()
	if err != nil {
		return nil, err
	}
	var images []Named
	for _, d := range index.Manifests {
		if name := d.Annotations[refName]; name != "" {
			images = append(images, Named{name, d})
		}
	}
	slices.SortFunc(images, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return images, nil
}

// Find returns the image that has a name. It reports false if there is none, or if a part of it is
// missing or has another size.
func (s *Store) Find(name string) (v1.Descriptor, bool, error) {
	images, err := s.Images()
	if err != nil {
		return v1.Descriptor{}, false, err
	}
	i := slices.IndexFunc(images, func(n Named) bool { return n.Name == name })
	if i < 0 {
		return v1.Descriptor{}, false, nil
	}
	found := images[i].Descriptor
	return found, s.complete(found), nil
}

// complete reports whether all of an image is there.
func (s *Store) complete(image v1.Descriptor) bool {
	parts, err := s.parts(image)
	return err == nil && !slices.ContainsFunc(parts, func(d v1.Descriptor) bool {
		return !s.Has(d.Digest, d.Size)
	})
}

// parts returns what an image is made of, itself too.
func (s *Store) parts(image v1.Descriptor) ([]v1.Descriptor, error) {
	content, err := os.ReadFile(s.blob(image.Digest))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != image.Digest.Hex {
		return nil, fmt.Errorf("the manifest %s is damaged", image.Digest)
	}
	manifest := v1.Manifest{}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, err
	}
	return append(manifest.Layers, manifest.Config, image), nil
}

// RemoveDamaged removes the parts of an image that are not what their names say, so that a build
// makes them anew. It is an error if there are such.
func (s *Store) RemoveDamaged(ctx context.Context, image v1.Descriptor) error {
	parts, err := s.parts(image)
	if err != nil {
		return err
	}
	var errs []error
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		removed, err := s.RemoveIfDamaged(part.Digest)
		if removed {
			err = fmt.Errorf("its part %s is damaged on this machine, and was "+
				"removed; build the image again", part.Digest)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// RemoveIfDamaged removes a blob whose bytes are not those that its name says.
func (s *Store) RemoveIfDamaged(digest v1.Hash) (removed bool, err error) {
	sum, err := s.sum(digest)
	if err != nil || sum == digest.Hex {
		return false, err
	}
	if err := os.Remove(s.blob(digest)); err != nil {
		return false, err
	}
	return true, nil
}

// sum returns the checksum of what a blob holds.
func (s *Store) sum(digest v1.Hash) (string, error) {
	in, err := s.OpenBlob(digest)
	if err != nil {
		return "", err
	}
	defer in.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, in)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// Image returns an image of the store.
func (s *Store) Image(digest v1.Hash) (v1.Image, error) {
	return layout.Path(s.dir).Image(digest)
}
