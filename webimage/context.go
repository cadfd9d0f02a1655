package webimage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// buildContext copies what a Docker build sees of a folder. Symbolic links stay links, as Docker
// sends them. The ignore file itself is not copied: it has done its work, and in the copy it could
// hide what is added.
type buildContext struct {
	from, to string
	ignored  *patternmatcher.PatternMatcher
	without  omitted // whatever the ignore file says
}

// copyContext copies the files that .dockerignore leaves to the build.
func (d *dockerfile) copyContext(dir, context string, output omitted) error {
	ignored, err := d.ignored(dir)
	if err != nil {
		return err
	}
	secrets, err := d.secretFiles()
	if err != nil {
		return err
	}
	c := &buildContext{from: dir, to: context, ignored: ignored, without: append(omit(secrets...), output...)}
	return c.folder("", patternmatcher.MatchInfo{})
}

// folder copies what a folder holds. Docker matches a name together with how the patterns matched
// the folders above it, so an exception for a folder does not let in what another pattern names in
// it.
func (c *buildContext) folder(name string, above patternmatcher.MatchInfo) error {
	entries, err := os.ReadDir(filepath.Join(c.from, name))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		child := filepath.Join(name, entry.Name())
		if child == ignoreFile || c.without.holds(filepath.Join(c.from, child), entry) {
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
func (c *buildContext) copyFolderMode(name string) error {
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

// hasExceptionBelow reports whether a pattern that starts with "!" may let in something that lies
// in a folder.
func (c *buildContext) hasExceptionBelow(folder string) bool {
	folder += string(filepath.Separator)
	return slices.ContainsFunc(c.ignored.Patterns(), func(pattern *patternmatcher.Pattern) bool {
		name := pattern.String()
		wildcard := strings.IndexAny(name, `*?[\^`)
		return pattern.Exclusion() &&
			(strings.HasPrefix(name, folder) || wildcard >= 0 && strings.HasPrefix(folder, name[:wildcard]))
	})
}

// copy copies one entry, and makes the folders above it.
func (c *buildContext) copy(name string, entry fs.DirEntry) error {
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

// ignored returns the patterns of what the build may not see.
func (d *dockerfile) ignored(dir string) (*patternmatcher.PatternMatcher, error) {
	content, err := os.ReadFile(inside(dir, d.options.File+ignoreFile))
	if errors.Is(err, os.ErrNotExist) {
		content, err = os.ReadFile(filepath.Join(dir, ignoreFile))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ignoreFile, err)
	}
	excluded, err := d.excluded()
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(append(patterns, excluded...))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ignoreFile, err)
	}
	return matcher, nil
}

// omitted are files and folders that become part of no image: build secrets, and what this or an
// earlier synth wrote, on which the image would depend otherwise.
type omitted []fs.FileInfo

func omit(names ...string) omitted {
	var o omitted
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			o = append(o, info)
		}
	}
	return o
}

// holds reports whether an entry is left out. So is every folder that `cdk synth` wrote.
func (o omitted) holds(file string, entry fs.DirEntry) bool {
	if entry.IsDir() && isCloudAssembly(file) {
		return true
	}
	info, err := os.Stat(file)
	return err == nil && slices.ContainsFunc(o, func(other fs.FileInfo) bool { return os.SameFile(info, other) })
}

// isCloudAssembly reports whether `cdk synth` wrote a folder: it marks them with a file, which holds
// the version of the format as JSON.
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

// writeFile writes a file that everybody may read, whatever the umask is.
func writeFile(name string, content []byte) error {
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}
