package rootfs

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"github.com/moby/patternmatcher"
)

// FromFolder returns what a build sees of a folder: all but what patterns hide. Everything is
// root's and has the same time, as the machines on which a folder lies differ in both.
func FromFolder(
	ctx context.Context, folder string, ignored *patternmatcher.PatternMatcher,
) (*Tree, error) {
	r := &folderReader{tree: New(), ctx: ctx, folder: folder, ignored: ignored}
	if err := r.read("", patternmatcher.MatchInfo{}); err != nil {
		return nil, err
	}
	r.tree.Keep()
	return r.tree, nil
}

type folderReader struct {
	tree    *Tree
	ctx     context.Context
	folder  string
	ignored *patternmatcher.PatternMatcher
}

// read reads what a folder holds. Docker matches a name together with how the patterns matched the
// folders above it.
func (r *folderReader) read(name string, above patternmatcher.MatchInfo) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(r.folder, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		child, hidden, match := path.Join(name, entry.Name()), false, above
		if r.ignored != nil {
			hidden, match, err = r.ignored.MatchesUsingParentResults(child, above)
			if err != nil {
				return err
			}
		}
		if hidden && !(entry.IsDir() && r.ignored.Exclusions()) {
			continue
		}
		if !hidden {
			if err := r.add(child, entry); err != nil {
				return err
			}
		}
		if entry.IsDir() {
			if err := r.read(child, match); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds an entry. The folders above it, which patterns may hide, come with it.
func (r *folderReader) add(name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	above := path.Dir("/" + name)[1:]
	if above != "" && r.tree.Lookup(above) == nil {
		folder := filepath.Join(r.folder, filepath.FromSlash(above))
		info, err := os.Lstat(folder)
		if err != nil {
			return err
		}
		if err := r.add(above, fs.FileInfoToDirEntry(info)); err != nil {
			return err
		}
	}
	source := filepath.Join(r.folder, filepath.FromSlash(name))
	file := &File{Mode: unixMode(info.Mode()), Time: Epoch}
	switch {
	case entry.IsDir():
		file.Type, file.children = tar.TypeDir, map[string]*File{}
	case info.Mode().IsRegular():
		file.Type = tar.TypeReg
		file.Content = &Content{
			Size: info.Size(),
			Open: func() (io.ReadCloser, error) { return open(r.ctx, source) },
		}
	case info.Mode()&fs.ModeSymlink != 0:
		file.Type, file.Mode = tar.TypeSymlink, 0o777
		if file.Link, err = os.Readlink(source); err != nil {
			return err
		}
		file.Link = filepath.ToSlash(file.Link)
	default:
		return nil // a socket or a device: Docker does not send these either
	}
	return r.tree.put(name, file)
}

// unixMode returns the mode that a file of this machine has in an image. Windows has none, and
// Docker makes everything executable there.
func unixMode(mode fs.FileMode) int64 {
	if runtime.GOOS == "windows" {
		return 0o755
	}
	unix := int64(mode.Perm())
	for bit, value := range map[fs.FileMode]int64{
		fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000,
	} {
		if mode&bit != 0 {
			unix |= value
		}
	}
	return unix
}

// open opens a file whose reading ends with the context.
func open(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return &interruptible{ctx, file}, nil
}

// interruptible has no method of the file but these: io.Copy would call WriteTo in place of Read.
type interruptible struct {
	ctx  context.Context
	file *os.File
}

func (i *interruptible) Close() error { return i.file.Close() }

func (i *interruptible) Read(into []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, errors.Join(err, context.Cause(i.ctx))
	}
	return i.file.Read(into)
}
