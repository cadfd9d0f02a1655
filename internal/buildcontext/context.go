// Package buildcontext copies what a Docker build sees of a folder: the files that its ignore file
// leaves, with their modes.
package buildcontext

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// IgnoreFile is the file that says what a build does not see of a folder. The copy holds none: it
// has done its work, and could hide what is added.
const IgnoreFile = ".dockerignore"

// Patterns reads the lines of an ignore file.
func Patterns(content string) (*patternmatcher.PatternMatcher, error) {
	patterns, err := ignorefile.ReadAll(strings.NewReader(content))
	if err != nil {
		return nil, err
	}
	return patternmatcher.New(patterns)
}

// Copy copies what a build sees of a folder into another. Symbolic links stay links, as Docker
// sends them. What is omitted is no part of the copy, whatever the patterns say.
func Copy(from, to string, ignored *patternmatcher.PatternMatcher, without Omitted) error {
	c := &copier{from: from, to: to, ignored: ignored, without: without}
	return c.folder("", patternmatcher.MatchInfo{})
}

type copier struct {
	from, to string
	ignored  *patternmatcher.PatternMatcher
	without  Omitted
}

// folder copies what a folder holds. Docker matches a name together with how the patterns matched
// the folders above it, so an exception for a folder does not let in what another pattern names in
// it.
func (c *copier) folder(name string, above patternmatcher.MatchInfo) error {
	entries, err := os.ReadDir(filepath.Join(c.from, name))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		child := filepath.Join(name, entry.Name())
		if child == IgnoreFile || c.without.Holds(filepath.Join(c.from, child), entry) {
			continue
		}
		hidden, match, err := c.ignored.MatchesUsingParentResults(child, above)
		if err != nil {
			return err
		}
		if !hidden {
			if err := c.copy(child, entry); err != nil {
				return err
			}
		}
		if entry.IsDir() && (!hidden || c.hasExceptionBelow(child)) {
			if err := c.folder(child, match); err != nil {
				return err
			}
			if err := c.copyFolderMode(child); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyFolderMode gives a folder that was copied its mode, once it is filled. Its owner may always
// write, because `cdk deploy` and who cleans up afterwards has to.
func (c *copier) copyFolderMode(name string) error {
	info, err := os.Stat(filepath.Join(c.from, name))
	if err != nil {
		return err
	}
	err = os.Chmod(filepath.Join(c.to, name), info.Mode()|0o700)
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing in it is part of the build
	}
	return err
}

// hasExceptionBelow reports whether Docker looks into a hidden folder for files that a pattern which
// starts with "!" lets in. It goes by the names of these patterns without a glob at their end; if
// one of them has another wildcard, it looks into every folder.
func (c *copier) hasExceptionBelow(folder string) bool {
	const separator = string(filepath.Separator)
	below := false
	for _, pattern := range c.ignored.Patterns() {
		if !pattern.Exclusion() {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(pattern.String(), separator+"**"), separator+"*")
		if strings.ContainsAny(name, "*[]?^") {
			return true
		}
		below = below || strings.HasPrefix(name+separator, folder+separator)
	}
	return below
}

// copy copies one entry, and makes the folders above it.
func (c *copier) copy(name string, entry fs.DirEntry) error {
	source, target := filepath.Join(c.from, name), filepath.Join(c.to, name)
	if entry.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	switch {
	case entry.Type() == fs.ModeSymlink:
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	case entry.Type().IsRegular():
		return copyFile(source, target)
	}
	return nil // a socket or a device: Docker does not send these either
}

// Omitted are files and folders that become part of no image: build secrets, and what this or an
// earlier synth wrote, on which the image would depend otherwise.
type Omitted []fs.FileInfo

// Omit returns the given files and folders, as far as they exist.
func Omit(names ...string) Omitted {
	var o Omitted
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			o = append(o, info)
		}
	}
	return o
}

// Holds reports whether an entry is left out. So is every folder that `cdk synth` wrote.
func (o Omitted) Holds(file string, entry fs.DirEntry) bool {
	return o.Has(file) || entry.IsDir() && isCloudAssembly(file)
}

// Has reports whether a file or a folder is one of those given to [Omit].
func (o Omitted) Has(file string) bool {
	info, err := os.Stat(file)
	return err == nil && slices.ContainsFunc(o, func(other fs.FileInfo) bool {
		return os.SameFile(info, other)
	})
}

const cloudAssembly = "cdk.out" // the file that marks a folder which `cdk synth` wrote

// isCloudAssembly reports whether `cdk synth` wrote a folder: it marks them with a file, which
// holds the version of the format as JSON.
func isCloudAssembly(dir string) bool {
	content, err := os.ReadFile(filepath.Join(dir, cloudAssembly))
	if err != nil {
		return false
	}
	var marker struct{ Version string }
	return json.Unmarshal(content, &marker) == nil && marker.Version != ""
}

// copyFile copies a file with its mode, whatever the umask is.
func copyFile(source, target string) error {
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Chmod(target, info.Mode()) // last, because writing takes setuid away
}

// WriteFile writes a file that everybody may read, whatever the umask is.
func WriteFile(name string, content []byte) error {
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}

// CopyModes gives the folders below a folder, and the files whose modes hold more than permissions,
// the modes that they have in another: who copied it let the umask change them.
func CopyModes(from, to string) error {
	return filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		const bits = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
		special := entry.Type().IsRegular() && info.Mode()&bits != 0
		if file == from || !entry.IsDir() && !special {
			return nil
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		err = os.Chmod(filepath.Join(to, name), info.Mode())
		if errors.Is(err, os.ErrNotExist) {
			return nil // not copied
		}
		return err
	})
}

// Executables returns the names of the files below a folder that their owner may execute, one a
// line: of all modes the one that version control keeps.
func Executables(folder string) (string, error) {
	var names strings.Builder
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&0o100 == 0 {
			return err
		}
		name, err := filepath.Rel(folder, file)
		names.WriteString(filepath.ToSlash(name) + "\n")
		return err
	})
	return names.String(), err
}
