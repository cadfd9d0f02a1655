// Package rootfs holds the file system of an image while it is built: names and modes in memory,
// contents where they are. [New] makes an empty one; [Tree.Apply], [Tree.Unpack], [Tree.Copy] and
// [Tree.MkdirAll] change it as Docker would, and [Tree.WriteLayer] writes what they changed.
//
// Names are those of the image, with slashes; a leading slash does not matter.
package rootfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Epoch is the time of what a build makes, and of all files that come from its context: 1980, the
// earliest that every archive can express. Equal files make equal layers on every machine.
var Epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// File is a file, a folder or what else has a name.
type File struct {
	Type         byte  // of tar: TypeReg, TypeDir, TypeSymlink, TypeChar, TypeBlock, TypeFifo
	Mode         int64 // permissions, setuid, setgid and sticky
	UID, GID     int
	Time         time.Time
	Link         string // target of a symbolic link
	Major, Minor int64  // of a device
	Xattrs       map[string]string
	Content      *Content // of a regular file; hard links share one

	children map[string]*File
}

// Content is what a regular file holds.
type Content struct {
	Size int64
	Open func() (io.ReadCloser, error)
}

// Owner is a user with a group.
type Owner struct{ UID, GID int }

func (f *File) isDir() bool { return f != nil && f.Type == tar.TypeDir }

func newDir(mode int64, owner Owner) *File {
	return &File{
		Type: tar.TypeDir, Mode: mode, UID: owner.UID, GID: owner.GID, Time: Epoch,
		children: map[string]*File{},
	}
}

// clone copies a file, and all below a folder.
func (f *File) clone() *File {
	copied := *f
	if f.children != nil {
		copied.children = make(map[string]*File, len(f.children))
		for name, child := range f.children {
			copied.children[name] = child.clone()
		}
	}
	return &copied
}

// Tree is a file system. What WriteLayer has not written yet is remembered by name.
type Tree struct {
	root    *File
	changed map[string]bool
}

// New returns a file system that holds nothing but its root.
func New() *Tree { return &Tree{root: newDir(0o755, Owner{}), changed: map[string]bool{}} }

// Clone returns a copy for another stage.
func (t *Tree) Clone() *Tree {
	return &Tree{root: t.root.clone(), changed: maps.Clone(t.changed)}
}

// clean returns a name without slashes around it; that of the root is empty.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Lookup returns what has a name, without following symbolic links; nil if nothing has.
func (t *Tree) Lookup(name string) *File {
	at := t.root
	for part := range strings.SplitSeq(clean(name), "/") {
		if part == "" {
			continue
		}
		if at = at.children[part]; at == nil {
			return nil
		}
	}
	return at
}

// links is how many symbolic links a name may lead through, as Linux has it.
const links = 40

// Resolve returns a name without symbolic links, which start at the image's root. What does not
// exist stays as it is named.
func (t *Tree) Resolve(name string) (string, error) { return t.resolve(name, true) }

// resolve follows the last part of the name, too, if last is true.
func (t *Tree) resolve(name string, last bool) (string, error) {
	rest := strings.Split(clean(name), "/")
	var done []string
	for followed := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = done[:max(0, len(done)-1)]
			continue
		}
		done = append(done, part)
		found := t.Lookup(strings.Join(done, "/"))
		if found == nil || found.Type != tar.TypeSymlink || len(rest) == 0 && !last {
			continue
		}
		if followed++; followed > links {
			return "", fmt.Errorf("/%s leads through too many symbolic links", clean(name))
		}
		done = done[:len(done)-1]
		if path.IsAbs(found.Link) {
			done = nil
		}
		rest = append(strings.Split(found.Link, "/"), rest...)
	}
	return strings.Join(done, "/"), nil
}

// put gives a file a name in a folder that exists.
func (t *Tree) put(name string, file *File) error {
	name = clean(name)
	if name == "" {
		t.root = file
	} else {
		dir := t.Lookup(path.Dir("/" + name))
		if !dir.isDir() {
			return fmt.Errorf("%s is not a folder", path.Dir("/"+name))
		}
		dir.children[path.Base(name)] = file
	}
	t.changed[name] = true
	return nil
}

// remove takes a name away, with all below it. Its place is taken by something else at once, so
// that no layer has to say that it is gone.
func (t *Tree) remove(name string) {
	name = clean(name)
	if dir := t.Lookup(path.Dir("/" + name)); dir.isDir() && name != "" {
		delete(dir.children, path.Base(name))
	}
	maps.DeleteFunc(t.changed, func(other string, _ bool) bool {
		return other == name || strings.HasPrefix(other, name+"/")
	})
}

// MkdirAll makes a folder and those above it, as far as they are missing. Symbolic links are
// followed.
func (t *Tree) MkdirAll(name string, mode int64, owner Owner) error {
	name, err := t.Resolve(name)
	if err != nil {
		return err
	}
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		at = path.Join(at, part)
		switch found := t.Lookup(at); {
		case found == nil:
			if err := t.put(at, newDir(mode, owner)); err != nil {
				return err
			}
		case !found.isDir():
			return fmt.Errorf("/%s is not a folder", at)
		}
	}
	return nil
}

// walk calls visit for a file and all below it, folders first, in the order of names.
func walk(name string, file *File, visit func(name string, file *File) error) error {
	if err := visit(name, file); err != nil {
		return err
	}
	for _, child := range slices.Sorted(maps.Keys(file.children)) {
		if err := walk(path.Join(name, child), file.children[child], visit); err != nil {
			return err
		}
	}
	return nil
}

// Walk calls visit for everything but the root, folders first, in the order of names.
func (t *Tree) Walk(visit func(name string, file *File) error) error {
	return walk("", t.root, func(name string, file *File) error {
		if name == "" {
			return nil
		}
		return visit(name, file)
	})
}

// Changed reports whether there is anything for WriteLayer to write.
func (t *Tree) Changed() bool { return len(t.changed) > 0 }

// Keep forgets what has changed: it is in a layer already.
func (t *Tree) Keep() { clear(t.changed) }

const xattrRecord = "SCHILY.xattr."

// WriteLayer writes what has changed as an archive, with the folders above it, sorted by name, and
// calls written for each regular file.
func (t *Tree) WriteLayer(out io.Writer, written func(name string, file *File)) error {
	needed := map[string]bool{}
	for name := range t.changed {
		for ; name != "" && name != "." && !needed[name]; name = path.Dir(name) {
			needed[name] = true
		}
	}
	if t.changed[""] {
		needed["."] = true // the root itself
	}
	archive := tar.NewWriter(out)
	type link struct {
		content *Content
		mode    int64
		owner   Owner
	}
	first := map[link]string{}
	err := walk("", t.root, func(name string, file *File) error {
		if name == "" {
			name = "."
		}
		if !needed[name] {
			return nil
		}
		header := &tar.Header{
			Typeflag: file.Type, Name: name, Mode: file.Mode, Uid: file.UID, Gid: file.GID,
			ModTime: file.Time, Linkname: file.Link, Devmajor: file.Major, Devminor: file.Minor,
		}
		for key, value := range file.Xattrs {
			if header.PAXRecords == nil {
				header.PAXRecords = map[string]string{}
			}
			header.PAXRecords[xattrRecord+key] = value
		}
		switch file.Type {
		case tar.TypeDir:
			header.Name += "/"
		case tar.TypeReg:
			key := link{file.Content, file.Mode, Owner{file.UID, file.GID}}
			if other, ok := first[key]; ok && file.Content.Size > 0 {
				header.Typeflag, header.Linkname = tar.TypeLink, other
				return archive.WriteHeader(header)
			}
			first[key] = name
			header.Size = file.Content.Size
			if written != nil {
				written(name, file)
			}
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("/%s: %w", name, err)
		}
		if file.Type != tar.TypeReg {
			return nil
		}
		return writeContent(archive, name, file.Content)
	})
	if err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	t.Keep()
	return nil
}

func writeContent(out io.Writer, name string, content *Content) error {
	in, err := content.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(out, in)
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != content.Size {
		return fmt.Errorf("/%s changed while it was read; build it again", name)
	}
	return err
}

// ReadFile returns what a file holds, at most limit bytes of it. Symbolic links are followed.
func (t *Tree) ReadFile(name string, limit int64) ([]byte, error) {
	resolved, err := t.Resolve(name)
	if err != nil {
		return nil, err
	}
	file := t.Lookup(resolved)
	if file == nil || file.Type != tar.TypeReg {
		return nil, fmt.Errorf("the image has no file %s", name)
	}
	in, err := file.Content.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, limit))
}

// AddFile adds a file of root's, and the folders above it.
func (t *Tree) AddFile(name string, mode int64, content []byte) error {
	if err := t.MkdirAll(path.Dir("/"+name), 0o755, Owner{}); err != nil {
		return err
	}
	return t.put(name, &File{
		Type: tar.TypeReg, Mode: mode, Time: Epoch,
		Content: &Content{Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(content)), nil
		}},
	})
}
