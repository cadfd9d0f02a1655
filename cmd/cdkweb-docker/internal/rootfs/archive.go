package rootfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Keeper says where the content of a file in an archive is found later. It may read it, once; n
// counts the regular files of the archive.
type Keeper func(n int, header *tar.Header, content io.Reader) (*Content, error)

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// Apply takes over a layer of an image that exists: an archive in which names that begin with .wh.
// say what is gone.
func (t *Tree) Apply(archive *tar.Reader, keep Keeper) error {
	own := map[string]bool{} // names of this layer, and of the folders above them
	return each(archive, keep, func(header *tar.Header, content *Content) error {
		name := clean(header.Name)
		dir, base := path.Split(name)
		if base == opaque {
			hide(path.Clean(dir), t.Lookup(dir), own)
			return nil
		}
		if hidden, ok := strings.CutPrefix(base, whiteout); ok {
			if hidden == "" || hidden == "." || hidden == ".." {
				return fmt.Errorf("the layer takes %q away, which is no name", header.Name)
			}
			t.remove(path.Join(dir, hidden))
			return nil
		}
		for above := name; above != "." && !own[above]; above = path.Dir(above) {
			own[above] = true
		}
		// A layer names the folders that it goes through, but need not.
		if err := t.mkdirParents(name); err != nil {
			return err
		}
		return t.extract(name, header, content, "", nil)
	})
}

// hide takes away what a folder holds, but for what the layer itself has put there.
func hide(name string, folder *File, own map[string]bool) {
	if !folder.isDir() {
		return
	}
	for base, child := range folder.children {
		if inside := path.Join(name, base); own[inside] {
			hide(inside, child, own)
		} else {
			delete(folder.children, base)
		}
	}
}

// mkdirParents makes the folders above a name that are missing. What is none and in the way gives
// way, as in the layers of an image.
func (t *Tree) mkdirParents(name string) error {
	at := ""
	for part := range strings.SplitSeq(strings.TrimSuffix(path.Dir("/" + name)[1:], "/"), "/") {
		if part == "" {
			continue
		}
		at = path.Join(at, part)
		if !t.Lookup(at).isDir() {
			if err := t.put(at, newDir(0o755, Owner{})); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unpack does what Docker's ADD does with an archive: what it holds gets the owners, modes and
// times that it says, below a folder. If there is an owner, everything is given to that one.
func (t *Tree) Unpack(archive *tar.Reader, to string, owner *Owner, keep Keeper) error {
	to, err := t.Resolve(to)
	if err != nil {
		return err
	}
	given := Owner{}
	if owner != nil {
		given = *owner
	}
	if err := t.MkdirAll(to, 0o755, given); err != nil {
		return err
	}
	return each(archive, keep, func(header *tar.Header, content *Content) error {
		if strings.HasPrefix(path.Clean(header.Name), "../") || path.Clean(header.Name) == ".." {
			return fmt.Errorf("the archive holds %q, which lies outside of it", header.Name)
		}
		name := path.Join(to, clean(header.Name))
		if name == to {
			if t.Lookup(to).isDir() {
				return nil // "./" says nothing about a folder that is there
			}
		}
		dir, err := t.Resolve(path.Dir("/" + name))
		if err != nil {
			return err
		}
		if err := t.MkdirAll(dir, 0o755, Owner{}); err != nil {
			return err
		}
		return t.extract(path.Join(dir, path.Base(name)), header, content, to, owner)
	})
}

// each reads an archive and hands on what it holds.
func each(archive *tar.Reader, keep Keeper, take func(*tar.Header, *Content) error) error {
	for n := 0; ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var content *Content
		switch header.Typeflag {
		case tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
			header.Typeflag = tar.TypeReg
			if content, err = keep(n, header, archive); err != nil {
				return err
			}
			n++
		}
		if err := take(header, content); err != nil {
			return err
		}
	}
}

// extract puts an entry of an archive at a name whose folder exists. Names of hard links start at
// the folder root.
func (t *Tree) extract(
	name string, header *tar.Header, content *Content, root string, owner *Owner,
) error {
	existing := t.Lookup(name)
	file := &File{
		Type: header.Typeflag, Mode: header.Mode & 0o7777, UID: header.Uid, GID: header.Gid,
		Time: header.ModTime, Link: header.Linkname, Major: header.Devmajor, Minor: header.Devminor,
		Content: content,
	}
	for key, value := range header.PAXRecords {
		if attribute, ok := strings.CutPrefix(key, xattrRecord); ok {
			if file.Xattrs == nil {
				file.Xattrs = map[string]string{}
			}
			file.Xattrs[attribute] = value
		}
	}
	switch header.Typeflag {
	case tar.TypeDir:
		file.children = map[string]*File{}
		if existing.isDir() {
			file.children = existing.children
		}
	case tar.TypeSymlink:
		file.Mode = 0o777 // Linux knows no other
	case tar.TypeReg, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
	case tar.TypeLink:
		target := path.Join(root, clean(header.Linkname))
		dir, err := t.Resolve(path.Dir("/" + target))
		if err != nil {
			return err
		}
		target = path.Join(dir, path.Base(target))
		linked := t.Lookup(target)
		if linked == nil || linked.isDir() {
			return fmt.Errorf("the archive has a hard link %q to %q, which is not before it",
				header.Name, header.Linkname)
		}
		// Both names are of one file, to which the last entry gives its owner and mode.
		linked.Mode, linked.UID, linked.GID = file.Mode, file.UID, file.GID
		if owner != nil {
			linked.UID, linked.GID = owner.UID, owner.GID
		}
		t.changed[target] = true
		file = linked.clone()
	default:
		return fmt.Errorf("the archive holds %q, which is of a kind that images cannot have (%q)",
			header.Name, header.Typeflag)
	}
	if owner != nil {
		file.UID, file.GID = owner.UID, owner.GID
	}
	if existing != nil && !(existing.isDir() && file.isDir()) {
		t.remove(name)
	}
	return t.put(name, file)
}

// EachFile reads the regular files of an archive, which it counts as a [Keeper] is told.
func EachFile(
	archive *tar.Reader, read func(n int, header *tar.Header, content io.Reader) error,
) error {
	keep := func(n int, header *tar.Header, content io.Reader) (*Content, error) {
		return nil, read(n, header, content)
	}
	return each(archive, keep, func(*tar.Header, *Content) error { return nil })
}
