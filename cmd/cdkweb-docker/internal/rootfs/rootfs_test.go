package rootfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests write file systems as lines, one for each name:
//
//	d 0755 0:0 folder
//	- 0644 1:2 folder/file: what it holds
//	l 0777 0:0 link -> target
//	h 0644 0:0 other = folder/file
//
// Mode and owner may be left out.

// entry reads a line as the header of an archive, and what the file holds.
func entry(t *testing.T, line string) (*tar.Header, string) {
	t.Helper()
	fields := strings.SplitN(line, " ", 2)
	header := &tar.Header{ModTime: time.Unix(1e9, 0)}
	rest := fields[1]
	var mode int64
	var uid, gid int
	if n, err := fmt.Sscanf(rest, "%o %d:%d ", &mode, &uid, &gid); err == nil && n == 3 {
		rest = strings.SplitN(rest, " ", 3)[2]
	} else {
		mode, uid, gid = map[string]int64{"d": 0o755, "-": 0o644, "l": 0o777, "h": 0o644}[fields[0]], 0, 0
	}
	header.Mode, header.Uid, header.Gid = mode, uid, gid
	content := ""
	switch fields[0] {
	case "d":
		header.Typeflag, header.Name = tar.TypeDir, rest+"/"
	case "-":
		header.Typeflag = tar.TypeReg
		header.Name, content, _ = strings.Cut(rest, ": ")
		header.Size = int64(len(content))
	case "l":
		header.Typeflag = tar.TypeSymlink
		header.Name, header.Linkname, _ = strings.Cut(rest, " -> ")
	case "h":
		header.Typeflag = tar.TypeLink
		header.Name, header.Linkname, _ = strings.Cut(rest, " = ")
	case "c":
		header.Typeflag, header.Name, header.Devmajor, header.Devminor = tar.TypeChar, rest, 1, 3
	default:
		t.Fatalf("%q is no line of a file system", line)
	}
	return header, content
}

// packed is an archive of lines.
func packed(t *testing.T, lines ...string) *tar.Reader {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, line := range lines {
		header, content := entry(t, line)
		if err := archive.WriteHeader(header); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := io.WriteString(archive, content); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return tar.NewReader(&out)
}

// keepAll keeps what files hold in memory.
func keepAll(_ int, _ *tar.Header, content io.Reader) (*Content, error) {
	all, err := io.ReadAll(content)
	return &Content{Size: int64(len(all)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(all)), nil
	}}, err
}

// tree is a file system of lines, of which nothing counts as changed.
func tree(t *testing.T, lines ...string) *Tree {
	t.Helper()
	made := New()
	if err := made.Apply(packed(t, lines...), keepAll); err != nil {
		t.Fatal(err)
	}
	made.Keep()
	return made
}

// line writes a file as a line.
func line(t *testing.T, name string, file *File) string {
	t.Helper()
	start := fmt.Sprintf(" %04o %d:%d %s", file.Mode, file.UID, file.GID, name)
	switch file.Type {
	case tar.TypeDir:
		return "d" + start
	case tar.TypeSymlink:
		return "l" + start + " -> " + file.Link
	case tar.TypeChar:
		return "c" + start
	}
	in, err := file.Content.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	content, err := io.ReadAll(in)
	if err != nil || int64(len(content)) != file.Content.Size {
		t.Fatalf("%s holds %d bytes, %v; want %d", name, len(content), err, file.Content.Size)
	}
	return "-" + start + ": " + string(content)
}

// lines are a file system.
func lines(t *testing.T, of *Tree) []string {
	t.Helper()
	var all []string
	if err := of.Walk(func(name string, file *File) error {
		all = append(all, line(t, name, file))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// full writes lines with mode and owner, as lines does.
func full(t *testing.T, short []string) []string {
	t.Helper()
	var all []string
	for _, text := range short {
		header, content := entry(t, text)
		start := fmt.Sprintf(" %04o %d:%d ", header.Mode, header.Uid, header.Gid)
		switch name := strings.TrimSuffix(header.Name, "/"); header.Typeflag {
		case tar.TypeReg:
			all = append(all, "-"+start+name+": "+content)
		case tar.TypeSymlink:
			all = append(all, "l"+start+name+" -> "+header.Linkname)
		case tar.TypeLink:
			all = append(all, "h"+start+name+" = "+header.Linkname)
		default:
			all = append(all, text[:1]+start+name)
		}
	}
	return all
}

// wantLines compares a file system with lines.
func wantLines(t *testing.T, of *Tree, want ...string) {
	t.Helper()
	if got, want := lines(t, of), full(t, want); !slices.Equal(got, want) {
		t.Errorf("the file system is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantError wants an error with some words, or none for no words.
func wantError(t *testing.T, err error, words string) {
	t.Helper()
	if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %v, want %q", err, words)
	}
}

// TestApply puts layers over one another.
func TestApply(t *testing.T) {
	t.Parallel()
	base := []string{"d etc", "- etc/a: 1", "- etc/b: 2", "d etc/sub", "- etc/sub/c: 3", "l lib -> usr/lib", "d usr", "d usr/lib"}
	for _, test := range []struct {
		name  string
		layer []string
		want  []string
		err   string
	}{
		{"nothing", nil, base, ""},
		{"a file over one", []string{"- 0600 7:8 etc/a: new"},
			[]string{"d etc", "- 0600 7:8 etc/a: new", "- etc/b: 2", "d etc/sub", "- etc/sub/c: 3", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"a folder keeps what it holds", []string{"d 0700 5:6 etc"},
			[]string{"d 0700 5:6 etc", "- etc/a: 1", "- etc/b: 2", "d etc/sub", "- etc/sub/c: 3", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"a file over a folder", []string{"- etc: file"}, []string{"- etc: file", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"a folder over a file", []string{"d etc/a", "- etc/a/x: y"},
			[]string{"d etc", "d etc/a", "- etc/a/x: y", "- etc/b: 2", "d etc/sub", "- etc/sub/c: 3", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"a folder over a link", []string{"d lib", "- lib/x: y"},
			[]string{"d etc", "- etc/a: 1", "- etc/b: 2", "d etc/sub", "- etc/sub/c: 3", "d lib", "- lib/x: y", "d usr", "d usr/lib"}, ""},
		{"folders that are not named", []string{"- new/deep/x: y", "- /abs: z", "- ./dot: w"}, append([]string{"- abs: z", "- dot: w"},
			append(slices.Clone(base[:6]), "d new", "d new/deep", "- new/deep/x: y", "d usr", "d usr/lib")...), ""},
		{"a file is gone", []string{"- etc/.wh.a"}, slices.Delete(slices.Clone(base), 1, 2), ""},
		{"a folder is gone", []string{"- etc/.wh.sub"}, slices.Delete(slices.Clone(base), 3, 5), ""},
		{"what is gone was never there", []string{"- etc/.wh.none", "- none/.wh.none"}, base, ""},
		{"all of a folder is gone", []string{"d etc", "- etc/.wh..wh..opq", "- etc/new: n"},
			[]string{"d etc", "- etc/new: n", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"all of a folder is gone, said last", []string{"d etc", "- etc/+new: n", "d etc/sub", "- etc/sub/d: 4", "- etc/.wh..wh..opq"},
			[]string{"d etc", "- etc/+new: n", "d etc/sub", "- etc/sub/d: 4", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"all of nothing is gone", []string{"- none/.wh..wh..opq", "- etc/a/.wh..wh..opq"}, base, ""},
		{"gone, and here again", []string{"- etc/.wh.sub", "d etc/sub", "- etc/sub/n: n"},
			[]string{"d etc", "- etc/a: 1", "- etc/b: 2", "d etc/sub", "- etc/sub/n: n", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"no name is gone", []string{"- etc/sub/.wh."}, nil, `takes "etc/sub/.wh." away`},
		{"the folder is gone", []string{"- etc/sub/.wh.."}, nil, `takes "etc/sub/.wh.." away`},
		{"the folder above is gone", []string{"- etc/sub/.wh..."}, nil, `takes "etc/sub/.wh..." away`},
		{"names that lead out", []string{"- ../../x: y"}, append(slices.Clone(base), "- x: y"), ""},
		{"a hard link", []string{"h 0640 1:2 etc/h = etc/a"},
			[]string{"d etc", "- 0640 1:2 etc/a: 1", "- etc/b: 2", "- 0640 1:2 etc/h: 1", "d etc/sub", "- etc/sub/c: 3", "l lib -> usr/lib", "d usr", "d usr/lib"}, ""},
		{"a hard link to nothing", []string{"h etc/h = etc/none"}, nil, `hard link "etc/h" to "etc/none", which is not before it`},
		{"a hard link to a folder", []string{"h etc/h = etc/sub"}, nil, "which is not before it"},
		{"a device", []string{"c 0666 0:5 null"}, append(slices.Clone(base[:6]), "c 0666 0:5 null", "d usr", "d usr/lib"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			made := tree(t, base...)
			err := made.Apply(packed(t, test.layer...), keepAll)
			wantError(t, err, test.err)
			if err == nil {
				wantLines(t, made, test.want...)
			}
		})
	}
	// What is changed later changes no copy.
	made := tree(t, base...)
	copied := made.Clone()
	if err := copied.Apply(packed(t, "- etc/.wh.sub", "- etc/a: new"), keepAll); err != nil {
		t.Fatal(err)
	}
	wantLines(t, made, base...)
}

// TestUnpack does what ADD does with an archive.
func TestUnpack(t *testing.T) {
	t.Parallel()
	base := []string{"d app", "- app/old: 0", "l link -> app", "l out -> /../../etc", "- taken: t"}
	for _, test := range []struct {
		name    string
		to      string
		archive []string
		owner   *Owner
		want    []string
		err     string
	}{
		{"with modes and owners", "/app", []string{"d 0700 1:2 d", "- 04755 3:4 d/x: y"}, nil,
			[]string{"d app", "d 0700 1:2 app/d", "- 4755 3:4 app/d/x: y", "- app/old: 0", "l link -> app", "l out -> /../../etc", "- taken: t"}, ""},
		{"given to somebody, links too", "/new", []string{"- x: y", "l s -> x", "h h = x"}, &Owner{9, 8},
			[]string{"d app", "- app/old: 0", "l link -> app", "d 0755 9:8 new", "- 0644 9:8 new/h: y", "l 0777 9:8 new/s -> x", "- 0644 9:8 new/x: y", "l out -> /../../etc", "- taken: t"}, ""},
		{"by way of a link", "/link", []string{"- x: y"}, nil,
			[]string{"d app", "- app/old: 0", "- app/x: y", "l link -> app", "l out -> /../../etc", "- taken: t"}, ""},
		{"by way of a link that leads out", "/out", []string{"- x: y"}, nil,
			[]string{"d app", "- app/old: 0", "d etc", "- etc/x: y", "l link -> app", "l out -> /../../etc", "- taken: t"}, ""},
		{"by way of a link in it", "/app", []string{"l s -> ../../../..", "- s/x: y"}, nil,
			[]string{"d app", "- app/old: 0", "l app/s -> ../../../..", "l link -> app", "l out -> /../../etc", "- taken: t", "- x: y"}, ""},
		{"its root says nothing", "/app", []string{"d 0700 1:2 .", "- ./x: y"}, nil,
			[]string{"d app", "- app/old: 0", "- app/x: y", "l link -> app", "l out -> /../../etc", "- taken: t"}, ""},
		{"hard links below a folder", "/new", []string{"- 0600 0:0 x: y", "h 0600 0:0 h = x"}, nil,
			[]string{"d app", "- app/old: 0", "l link -> app", "d new", "- 0600 0:0 new/h: y", "- 0600 0:0 new/x: y", "l out -> /../../etc", "- taken: t"}, ""},
		{"out of the archive", "/app", []string{"- ../x: y"}, nil, nil, `holds "../x", which lies outside of it`},
		{"out of the archive, hidden", "/app", []string{"- a/../../x: y"}, nil, nil, "which lies outside of it"},
		{"the folder above", "/app", []string{"d .."}, nil, nil, "which lies outside of it"},
		{"a file is in the way", "/taken", []string{"- x: y"}, nil, nil, "/taken is not a folder"},
		{"a file is in the way in it", "/", []string{"- taken/x: y"}, nil, nil, "/taken is not a folder"},
		{"whiteouts are files there", "/app", []string{"- .wh.old: w"}, nil,
			[]string{"d app", "- app/.wh.old: w", "- app/old: 0", "l link -> app", "l out -> /../../etc", "- taken: t"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			made := tree(t, base...)
			err := made.Unpack(packed(t, test.archive...), test.to, test.owner, keepAll)
			wantError(t, err, test.err)
			if err == nil {
				wantLines(t, made, test.want...)
			}
		})
	}
}

// TestCopy does what COPY does.
func TestCopy(t *testing.T) {
	t.Parallel()
	source := []string{
		"- 0600 1:2 a: A", "d 0700 3:4 dir", "- 0755 5:6 dir/b: B", "l dir/l -> /else", "d 0750 0:0 dir/sub", "- dir/sub/c: C",
		"l folder -> dir", "l nowhere -> /none", "l out -> ../../../a",
	}
	for _, test := range []struct {
		name     string
		into     []string
		from, to string
		options  CopyOptions
		want     []string
		err      string
	}{
		{"a file by a new name", nil, "a", "/x", CopyOptions{}, []string{"- 0600 1:2 x: A"}, ""},
		{"a file into folders that are missing", nil, "/a", "/p/q/x", CopyOptions{}, []string{"d p", "d p/q", "- 0600 1:2 p/q/x: A"}, ""},
		{"a file into a folder that is missing", nil, "a", "/p/", CopyOptions{}, []string{"d p", "- 0600 1:2 p/a: A"}, ""},
		{"a file into a folder", []string{"d p"}, "a", "/p", CopyOptions{}, []string{"d p", "- 0600 1:2 p/a: A"}, ""},
		{"a file into dot", []string{"d p"}, "a", "/p/.", CopyOptions{}, []string{"d p", "- 0600 1:2 p/a: A"}, ""},
		{"a file over one", []string{"- x: old"}, "a", "/x", CopyOptions{}, []string{"- 0600 1:2 x: A"}, ""},
		{"a file over a link", []string{"l x -> y", "- y: old"}, "a", "/x", CopyOptions{}, []string{"l x -> y", "- 0600 1:2 y: A"}, ""},
		{"a file by way of a link", []string{"l x -> y", "d y"}, "a", "/x/z", CopyOptions{}, []string{"l x -> y", "d y", "- 0600 1:2 y/z: A"}, ""},
		{"a file by way of a link that leads out", []string{"l x -> ../../y"}, "a", "/x/z", CopyOptions{},
			[]string{"l x -> ../../y", "d y", "- 0600 1:2 y/z: A"}, ""},
		{"by way of links in a circle", []string{"l x -> y", "l y -> x"}, "a", "/x/z", CopyOptions{}, nil, "too many symbolic links"},
		{"a file below a file", []string{"- x: old"}, "a", "/x/z", CopyOptions{}, nil, "/x is not a folder"},
		{"a file over a folder", []string{"d p", "d p/a"}, "a", "/p/", CopyOptions{}, nil, "/p/a is a folder"},
		{"a folder's contents", nil, "dir", "/x", CopyOptions{},
			[]string{"d x", "- 0755 5:6 x/b: B", "l x/l -> /else", "d 0750 0:0 x/sub", "- x/sub/c: C"}, ""},
		{"a folder's contents into one", []string{"d 0711 9:9 x", "- x/b: old", "- x/keep: k", "d 0711 9:9 x/sub", "- x/sub/keep: s"}, "dir", "/x", CopyOptions{},
			[]string{"d 0711 9:9 x", "- 0755 5:6 x/b: B", "- x/keep: k", "l x/l -> /else", "d 0750 0:0 x/sub", "- x/sub/c: C", "- x/sub/keep: s"}, ""},
		{"a folder over a file", []string{"- x: old"}, "dir", "/x", CopyOptions{}, nil, "/x is a file, and a folder would be copied over it"},
		{"a folder over a file in it", []string{"d x", "- x/sub: old"}, "dir", "/x", CopyOptions{}, nil, "/x/sub is not a folder"},
		{"a folder by way of a link", nil, "folder/sub", "/x", CopyOptions{}, []string{"d x", "- x/c: C"}, ""},
		{"a link is followed", nil, "folder", "/x/", CopyOptions{},
			[]string{"d x", "- 0755 5:6 x/b: B", "l x/l -> /else", "d 0750 0:0 x/sub", "- x/sub/c: C"}, ""},
		{"a link that leads out", nil, "out", "/x", CopyOptions{}, []string{"- 0600 1:2 x: A"}, ""},
		{"a link to nothing", nil, "nowhere", "/x", CopyOptions{}, nil, "/nowhere does not exist"},
		{"nothing", nil, "none", "/x", CopyOptions{}, nil, "/none does not exist"},
		{"names that lead out", nil, "../../a", "/../../x", CopyOptions{}, []string{"- 0600 1:2 x: A"}, ""},
		{"with an owner", nil, "dir", "/p/x", CopyOptions{Owner: &Owner{7, 8}},
			[]string{"d 0755 7:8 p", "d 0755 7:8 p/x", "- 0755 7:8 p/x/b: B", "l 0777 7:8 p/x/l -> /else", "d 0750 7:8 p/x/sub", "- 0644 7:8 p/x/sub/c: C"}, ""},
		{"with a mode", nil, "dir", "/p/x", CopyOptions{Chmod: func(int64, bool) int64 { return 0o500 }, Dirs: 0o500},
			[]string{"d 0500 0:0 p", "d 0500 0:0 p/x", "- 0500 5:6 p/x/b: B", "l p/x/l -> /else", "d 0500 0:0 p/x/sub", "- 0500 0:0 p/x/sub/c: C"}, ""},
		{"without some", nil, "dir", "/x", CopyOptions{Exclude: []string{"sub", "l"}}, []string{"d x", "- 0755 5:6 x/b: B"}, ""},
		{"without all but one", nil, "dir", "/x", CopyOptions{Exclude: []string{"*", "!sub/c"}}, []string{"d x", "d 0750 0:0 x/sub", "- x/sub/c: C"}, ""},
		{"without a folder in which nothing is left", nil, "dir", "/x", CopyOptions{Exclude: []string{"*", "!b"}}, []string{"d x", "- 0755 5:6 x/b: B"}, ""},
		{"without what it is no pattern of", nil, "dir", "/x", CopyOptions{Exclude: []string{"["}}, nil, "--exclude"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from, made := tree(t, source...), tree(t, test.into...)
			err := made.Copy(from, test.from, test.to, test.options)
			wantError(t, err, test.err)
			if err == nil {
				wantLines(t, made, test.want...)
			}
			wantLines(t, from, source...)
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	of := tree(t, "- a.txt: 1", "- b.txt: 2", "d d", "- d/a.txt: 3", "d d/e", "- d/e/f.txt: 4", "- odd[1].txt: 5", "l s -> d")
	for pattern, want := range map[string]string{
		"a.txt": "a.txt", "none": "none", "*.txt": "a.txt b.txt odd[1].txt", "d/*": "d/a.txt d/e", "*": "a.txt b.txt d odd[1].txt s",
		"*/*.txt": "d/a.txt", "?.txt": "a.txt b.txt", "[ab].txt": "a.txt b.txt", "odd[[]1].txt": "odd[1].txt", "none*": "",
		"s/*.txt": "d/a.txt", "/../*.txt": "a.txt b.txt odd[1].txt", `odd\[1].txt`: `odd\[1].txt`,
	} {
		names, err := of.Match(pattern)
		if got := strings.Join(names, " "); got != want || err != nil {
			t.Errorf("%s means %q, %v; want %q", pattern, got, err, want)
		}
	}
	for pattern, words := range map[string]string{"[": "malformed", "none/*": "/none does not exist"} {
		_, err := of.Match(pattern)
		wantError(t, err, words)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	of := tree(t, "d usr", "d usr/lib", "l lib -> usr/lib", "l abs -> /usr", "l up -> ../../usr", "l chain -> lib",
		"l loop -> loop", "l usr/lib/back -> ..", "l empty -> ./",
		"l usr/lib/top -> /etc/x")
	for name, want := range map[string]string{
		"": "", "/": "", "/lib/x": "usr/lib/x", "abs/lib": "usr/lib", "up": "usr", "chain/y/z": "usr/lib/y/z", "none/none": "none/none",
		"lib/back/x": "usr/x", "lib/back/../x": "usr/lib/x", "/../../lib": "usr/lib", "empty/x": "x", "lib/top/y": "etc/x/y", "abs/../x": "x",
	} {
		got, err := of.Resolve(name)
		if got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
	_, err := of.Resolve("loop/x")
	wantError(t, err, "/loop/x leads through too many symbolic links")
	if found := of.Lookup("lib/x"); found != nil {
		t.Errorf("Lookup follows a link to %+v", found)
	}
	wantError(t, of.MkdirAll("/usr/new/deep", 0o700, Owner{1, 2}), "")
	wantError(t, of.MkdirAll("/lib/in", 0o700, Owner{1, 2}), "")
	if got := of.Lookup("usr/lib/in"); got == nil || line(t, "in", got) != "d 0700 1:2 in" {
		t.Errorf("MkdirAll made %+v", got)
	}
}

// written are the lines of a layer.
func written(t *testing.T, of *Tree) []string {
	t.Helper()
	var out bytes.Buffer
	var files []string
	if err := of.WriteLayer(&out, func(name string, file *File) { files = append(files, name) }); err != nil {
		t.Fatal(err)
	}
	var all []string
	for archive := tar.NewReader(&out); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		start := fmt.Sprintf(" %04o %d:%d %s", header.Mode, header.Uid, header.Gid, strings.TrimSuffix(header.Name, "/"))
		switch header.Typeflag {
		case tar.TypeDir:
			all = append(all, "d"+start)
		case tar.TypeReg:
			all = append(all, "-"+start+": "+string(content))
			if len(files) == 0 || files[0] != header.Name {
				t.Errorf("%s was written, and told was %q", header.Name, files)
				continue
			}
			files = files[1:]
		case tar.TypeSymlink:
			all = append(all, "l"+start+" -> "+header.Linkname)
		case tar.TypeLink:
			all = append(all, "h"+start+" = "+header.Linkname)
		}
	}
	if len(files) > 0 || of.Changed() {
		t.Errorf("after the layer %q are left, and changes: %v", files, of.Changed())
	}
	return all
}

// TestWriteLayer writes what has changed, and reads it again.
func TestWriteLayer(t *testing.T) {
	t.Parallel()
	base := []string{"d 0711 1:2 a", "- a/old: 0", "d a/b", "- a/b/old: 0", "d z", "- z/old: 0"}
	for _, test := range []struct {
		name   string
		change func(of *Tree) error
		want   []string
	}{
		{"nothing", func(*Tree) error { return nil }, nil},
		{"a file, with the folders above it", func(of *Tree) error { return of.AddFile("a/b/new", 0o600, []byte("n")) },
			[]string{"d 0711 1:2 a", "d a/b", "- 0600 0:0 a/b/new: n"}},
		{"sorted", func(of *Tree) error {
			return errors.Join(of.AddFile("z/2", 0o644, nil), of.AddFile("z/10", 0o644, nil), of.AddFile("b", 0o644, nil))
		}, []string{"- b: ", "d z", "- z/10: ", "- z/2: "}},
		{"one that was there", func(of *Tree) error { return of.AddFile("z/old", 0o644, []byte("1")) }, []string{"d z", "- z/old: 1"}},
		{"hard links", func(of *Tree) error {
			return of.Unpack(packed(t, "- x: X", "h y = x"), "/z", nil, keepAll)
		}, []string{"d z", "- z/x: X", "h z/y = z/x"}},
		{"hard links to an old one", func(of *Tree) error {
			return of.Unpack(packed(t, "h 0600 0:0 y = old"), "/z", nil, keepAll)
		}, []string{"d z", "- 0600 0:0 z/old: 0", "h 0600 0:0 z/y = z/old"}},
		{"empty files are no hard links", func(of *Tree) error {
			return of.Unpack(packed(t, "- x: ", "h y = x"), "/z", nil, keepAll)
		}, []string{"d z", "- z/x: ", "- z/y: "}},
		{"copies with other modes are no hard links", func(of *Tree) error {
			return errors.Join(of.Copy(of, "z/old", "/z/y", CopyOptions{Chmod: func(int64, bool) int64 { return 0o600 }}),
				of.Copy(of, "z/old", "/z/w", CopyOptions{Owner: &Owner{1, 1}}))
		}, []string{"d z", "- 0644 1:1 z/w: 0", "- 0600 0:0 z/y: 0"}},
		{"copies of which one has another mode are no hard links", func(of *Tree) error {
			return errors.Join(of.Copy(of, "z/old", "/z/y", CopyOptions{Chmod: func(int64, bool) int64 { return 0o600 }}),
				of.Copy(of, "z/old", "/z/w", CopyOptions{}))
		}, []string{"d z", "- z/w: 0", "- 0600 0:0 z/y: 0"}},
		{"the root", func(of *Tree) error { return of.Apply(packed(t, "d 0700 1:2 ."), keepAll) }, []string{"d 0700 1:2 ."}},
		{"nothing of what gave way", func(of *Tree) error {
			return errors.Join(of.AddFile("z/d/x", 0o644, nil), of.Unpack(packed(t, "- d: file"), "/z", nil, keepAll))
		}, []string{"d z", "- z/d: file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			of := tree(t, base...)
			if err := test.change(of); err != nil {
				t.Fatal(err)
			}
			if got, want := written(t, of), full(t, test.want); !slices.Equal(got, want) {
				t.Errorf("the layer is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
	// Extended attributes come along, and a file that changes meanwhile is found out.
	of := New()
	file := &File{Type: tar.TypeReg, Mode: 0o755, Time: Epoch, Xattrs: map[string]string{"security.capability": "cap"}}
	file.Content = &Content{Size: 3, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("abc")), nil }}
	if err := of.put("x", file); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := of.WriteLayer(&out, nil); err != nil {
		t.Fatal(err)
	}
	again := New()
	if err := again.Apply(tar.NewReader(&out), keepAll); err != nil || again.Lookup("x").Xattrs["security.capability"] != "cap" {
		t.Errorf("read again it is %+v, %v", again.Lookup("x"), err)
	}
	for _, size := range []int64{2, 4} {
		changed := *file
		changed.Content = &Content{Size: size, Open: file.Content.Open}
		if err := of.put("x", &changed); err != nil {
			t.Fatal(err)
		}
		wantError(t, of.WriteLayer(io.Discard, nil), "/x changed while it was read")
	}
}

// TestReadFile reads what files hold.
func TestReadFile(t *testing.T) {
	t.Parallel()
	of := tree(t, "d etc", "- etc/passwd: root", "l users -> etc/passwd", "l out -> ../../etc/passwd")
	for _, name := range []string{"/etc/passwd", "users", "out"} {
		if got, err := of.ReadFile(name, 3); string(got) != "roo" || err != nil {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"etc", "none", path.Join("etc", "passwd", "x")} {
		_, err := of.ReadFile(name, 3)
		wantError(t, err, "the image has no file "+name)
	}
}
