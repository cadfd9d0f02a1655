package webimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

// archive collects files for a layer of an image. Docker's ADD unpacks it. Modes and symbolic links
// are in the archive, so they survive whatever copies cdk.out from machine to machine, and equal
// files make equal bytes.
type archive struct {
	buffer bytes.Buffer
	gzip   *gzip.Writer
	tar    *tar.Writer
}

func newArchive() *archive {
	a := &archive{}
	a.gzip = gzip.NewWriter(&a.buffer)
	a.tar = tar.NewWriter(a.gzip)
	return a
}

// epoch is the time of every file: 1980, the earliest that zip, too, can express.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

func (a *archive) header(header tar.Header) error {
	header.ModTime = epoch
	header.Format = tar.FormatPAX
	return a.tar.WriteHeader(&header)
}

// file adds a file that root owns. The name has no leading slash.
func (a *archive) file(name string, mode int64, content []byte) error {
	header := tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}
	if err := a.header(header); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

// folder adds an empty folder that root owns.
func (a *archive) folder(name string, mode int64) error {
	return a.header(tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: mode})
}

// tree adds a file, or a folder with all that is in it but what is omitted, under a name. Symbolic
// links stay links. Everybody may read what is added, since the image's user owns none of it, and
// may execute what its owner may.
func (a *archive) tree(name, source string, without buildcontext.Omitted) error {
	source, err := filepath.EvalSymlinks(source) // the named thing itself may be a link
	if err != nil {
		return err
	}
	return filepath.WalkDir(source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, file)
		if err != nil {
			return err
		}
		target := path.Join(name, filepath.ToSlash(relative))
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		switch {
		case entry.IsDir() && file != source && without.Holds(file, entry):
			return filepath.SkipDir
		case entry.IsDir():
			return a.folder(target, 0o755)
		case entry.Type() == fs.ModeSymlink:
			link, err := os.Readlink(file)
			if err != nil {
				return err
			}
			link = filepath.ToSlash(link)
			header := tar.Header{
				Name:     target,
				Typeflag: tar.TypeSymlink,
				Mode:     0o777,
				Linkname: link,
			}
			return a.header(header)
		case entry.Type().IsRegular():
			header := tar.Header{Name: target, Typeflag: tar.TypeReg, Mode: mode, Size: info.Size()}
			if err := a.header(header); err != nil {
				return err
			}
			opened, err := os.Open(file)
			if err != nil {
				return err
			}
			defer opened.Close()
			_, err = io.Copy(a.tar, opened)
			return err
		}
		return fmt.Errorf("%s is neither a file, a folder nor a symbolic link", file)
	})
}

// bytes closes the archive and returns what it is.
func (a *archive) bytes() ([]byte, error) {
	if err := a.tar.Close(); err != nil {
		return nil, err
	}
	if err := a.gzip.Close(); err != nil {
		return nil, err
	}
	return a.buffer.Bytes(), nil
}
