package rootfs

import (
	"archive/tar"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
)

// CopyOptions are the flags of COPY and ADD.
type CopyOptions struct {
	Owner   *Owner                           // --chown; without, files keep theirs
	Chmod   func(mode int64, dir bool) int64 // --chmod; nil leaves modes alone
	Dirs    int64                            // mode of folders that are made on the way; 0 is 0755
	Exclude []string                         // --exclude
}

func (o CopyOptions) dirs() int64 {
	if o.Dirs == 0 {
		return 0o755
	}
	return o.Dirs
}

func (o CopyOptions) owner() Owner {
	if o.Owner != nil {
		return *o.Owner
	}
	return Owner{}
}

// Match returns the names that a source of COPY means, sorted: itself without wildcards, and
// otherwise what matches, which may be nothing.
func (t *Tree) Match(source string) ([]string, error) {
	before, pattern := splitWildcards(clean(source))
	if pattern == "" {
		return []string{before}, nil
	}
	base, err := t.Resolve(before)
	if err != nil {
		return nil, err
	}
	folder := t.Lookup(base)
	if folder == nil {
		return nil, fmt.Errorf("/%s does not exist", base)
	}
	var names []string
	err = walk("", folder, func(name string, _ *File) error {
		// A folder that matched stands for all in it.
		if len(names) > 0 && strings.HasPrefix(path.Join(base, name), names[len(names)-1]+"/") {
			return nil
		}
		matched, err := path.Match(pattern, name)
		if matched && name != "" {
			names = append(names, path.Join(base, name))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the pattern %q is malformed", source)
	}
	return names, nil
}

// splitWildcards splits a name before the first part that has a wildcard.
func splitWildcards(name string) (before, pattern string) {
	parts := strings.Split(name, "/")
	first := slices.IndexFunc(parts, hasWildcard)
	if first < 0 {
		return name, ""
	}
	return strings.Join(parts[:first], "/"), strings.Join(parts[first:], "/")
}

func hasWildcard(part string) bool {
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// Copy does what Docker's COPY does with one source, whose name has no wildcards: a folder's
// contents go into to, and a file becomes to, or lies in it if to is a folder or ends in a slash.
func (t *Tree) Copy(from *Tree, source, to string, options CopyOptions) error {
	isDir := strings.HasSuffix(to, "/") || path.Base(to) == "."
	resolved, err := from.Resolve(source)
	if err != nil {
		return err
	}
	file := from.Lookup(resolved)
	if file == nil {
		return fmt.Errorf("%s does not exist", path.Join("/", source))
	}
	target, err := t.Resolve(to)
	if err != nil {
		return err
	}
	if isDir {
		if err := t.MkdirAll(target, options.dirs(), options.owner()); err != nil {
			return err
		}
	} else if err := t.mkdirAbove(target, options); err != nil {
		return err
	}
	existing := t.Lookup(target)
	c := &copier{t: t, options: options}
	if len(options.Exclude) > 0 {
		if c.exclude, err = patternmatcher.New(options.Exclude); err != nil {
			return fmt.Errorf("--exclude: %w", err)
		}
	}
	if file.isDir() {
		if existing != nil && !existing.isDir() {
			return fmt.Errorf("/%s is a file, and a folder would be copied over it", target)
		}
		if err := t.MkdirAll(target, options.dirs(), options.owner()); err != nil {
			return err
		}
		return c.contents(file, "", target, patternmatcher.MatchInfo{})
	}
	if existing.isDir() {
		target = path.Join(target, path.Base(clean(source)))
	}
	return c.file(file, target)
}

// mkdirAbove makes the folders above a name.
func (t *Tree) mkdirAbove(name string, options CopyOptions) error {
	return t.MkdirAll(path.Dir("/"+name), options.dirs(), options.owner())
}

type copier struct {
	t       *Tree
	options CopyOptions
	exclude *patternmatcher.PatternMatcher
}

// contents copies what a folder holds into one that exists. The name is relative to the source.
func (c *copier) contents(from *File, name, to string, above patternmatcher.MatchInfo) error {
	for _, base := range sortedNames(from) {
		child, target, inside := from.children[base], path.Join(to, base), path.Join(name, base)
		info, excluded := above, false
		if c.exclude != nil {
			var err error
			excluded, info, err = c.exclude.MatchesUsingParentResults(inside, above)
			if err != nil {
				return err
			}
		}
		if !child.isDir() {
			if !excluded {
				if err := c.file(child, target); err != nil {
					return err
				}
			}
			continue
		}
		if excluded && !c.exclude.Exclusions() {
			continue
		}
		if !excluded {
			if err := c.folder(child, target); err != nil {
				return err
			}
		} else if !c.holdsAny(child, inside, info) {
			continue
		} else if err := c.folder(child, target); err != nil {
			return err
		}
		if err := c.contents(child, inside, target, info); err != nil {
			return err
		}
	}
	return nil
}

// holdsAny reports whether an excluded folder holds a file that another pattern lets in.
func (c *copier) holdsAny(from *File, name string, above patternmatcher.MatchInfo) bool {
	for _, base := range sortedNames(from) {
		child, inside := from.children[base], path.Join(name, base)
		excluded, info, err := c.exclude.MatchesUsingParentResults(inside, above)
		if err == nil && !excluded || child.isDir() && c.holdsAny(child, inside, info) {
			return true
		}
	}
	return false
}

func sortedNames(folder *File) []string {
	names := make([]string, 0, len(folder.children))
	for name := range folder.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// folder copies a folder itself. One that exists gets the mode and the owner of the copied one.
func (c *copier) folder(from *File, to string) error {
	existing := c.t.Lookup(to)
	if existing != nil && !existing.isDir() {
		return fmt.Errorf("/%s is not a folder, and one would be copied over it", to)
	}
	copied := *from
	copied.children = map[string]*File{}
	if existing != nil {
		copied.children = existing.children
	}
	c.apply(&copied)
	return c.t.put(to, &copied)
}

// file copies what is no folder.
func (c *copier) file(from *File, to string) error {
	if c.t.Lookup(to).isDir() {
		return fmt.Errorf("/%s is a folder, and a file would be copied over it", to)
	}
	copied := *from
	c.apply(&copied)
	return c.t.put(to, &copied)
}

// apply does what --chown and --chmod say.
func (c *copier) apply(file *File) {
	if c.options.Owner != nil {
		file.UID, file.GID = c.options.Owner.UID, c.options.Owner.GID
	}
	if c.options.Chmod != nil && file.Type != tar.TypeSymlink {
		file.Mode = c.options.Chmod(file.Mode, file.isDir())
	}
}
