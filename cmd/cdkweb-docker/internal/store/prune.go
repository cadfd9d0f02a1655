package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Prune removes what was not used for longer than age and then, until the rest is smaller than
// limit bytes, what was used longest ago, but nothing of the last hour, which may still have to be
// pushed. If another process works in the store it removes nothing.
func (s *Store) Prune(limit int64, age time.Duration) error {
	if err := lock(s.used, true, false); err != nil {
		if errors.Is(err, errLocked) {
			return lock(s.used, false, true) // to ask for more may have cost the lock that it had
		}
		return err
	}
	defer lock(s.used, false, true)

	blobs, err := s.blobs()
	if err != nil {
		return err
	}
	index, _, err := s.read()
	for damaged := (*damagedError)(nil); errors.As(err, &damaged); index, _, err = s.read() {
		if err := os.Remove(filepath.Join(s.dir, damaged.file)); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	var total int64
	for _, b := range blobs {
		total += b.size
	}
	now := time.Now()
	gone := map[v1.Hash]bool{}
	remove := func(digest v1.Hash) error {
		b, ok := blobs[digest]
		if !ok || gone[digest] {
			return nil
		}
		gone[digest] = true
		total -= b.size
		return os.Remove(s.blob(digest))
	}
	// What images share is used whenever one of them is, as Find looks at every part. So the parts
	// that were used longest ago belong to the images that were.
	order := make([]v1.Hash, 0, len(blobs))
	for digest := range blobs {
		order = append(order, digest)
	}
	slices.SortFunc(order, func(a, b v1.Hash) int { return blobs[a].used.Compare(blobs[b].used) })
	for _, digest := range order {
		unused := now.Sub(blobs[digest].used)
		if unused > age || unused > recently && total > limit {
			if err := remove(digest); err != nil {
				return err
			}
		}
	}
	// An image without one of its parts is none.
	lost := map[v1.Hash]bool{}
	for _, d := range index.Manifests {
		parts, err := s.parts(d)
		lost[d.Digest] = err != nil || slices.ContainsFunc(parts, func(part v1.Descriptor) bool {
			_, there := blobs[part.Digest]
			return !there || gone[part.Digest]
		})
	}
	err = s.change(func(index *v1.IndexManifest, outside map[string]time.Time) {
		index.Manifests = slices.DeleteFunc(index.Manifests, func(d v1.Descriptor) bool {
			return lost[d.Digest]
		})
		for name, tagged := range outside {
			if now.Sub(tagged) > age {
				delete(outside, name)
			}
		}
	})
	return errors.Join(err, s.sweep(now))
}

// recently is what a deployment takes at most from building an image to pushing it.
const recently = time.Hour

type blobInfo struct {
	size int64
	used time.Time
}

func (s *Store) blobs() (map[v1.Hash]blobInfo, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "blobs", "sha256"))
	if err != nil {
		return nil, err
	}
	blobs := map[v1.Hash]blobInfo{}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		blobs[v1.Hash{Algorithm: "sha256", Hex: entry.Name()}] = blobInfo{
			info.Size(),
			info.ModTime(),
		}
	}
	return blobs, nil
}

// sweep removes what processes left behind that were killed.
func (s *Store) sweep(now time.Time) error {
	entries, err := os.ReadDir(filepath.Join(s.dir, temporary))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if now.Sub(info.ModTime()) > temporaryAge {
			if err := os.RemoveAll(filepath.Join(s.dir, temporary, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
