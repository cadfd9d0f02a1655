package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// asHelper makes the test's program be another process that works in a store.
const asHelper = "CDKWEB_STORE_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asHelper) == "" {
		os.Exit(m.Run())
	}
	if err := help(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// help does in a store what another process may do there.
func help(what, dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	switch what {
	case "tag": // many names, one after the other
		for n := range 5 {
			image, err := addImage(s, "shared")
			if err != nil {
				return err
			}
			if err := s.Tag(fmt.Sprintf("example.com/%d:%d", os.Getpid(), n), image); err != nil {
				return err
			}
		}
		return s.Close()
	case "write": // the start of a blob
		w, err := s.NewBlob()
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte("half")); err != nil {
			return err
		}
	case "lock": // the list of names
		file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := lock(file, true, true); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return err
}

// helper starts another process that works in a store, and returns once it does.
func helper(t *testing.T, what, dir string) (kill func()) {
	t.Helper()
	command := exec.Command(os.Args[0], what, dir)
	command.Env, command.Stderr = append(os.Environ(), asHelper+"=1"), os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	ended := false
	kill = func() {
		if !ended {
			ended = true
			in.Close()
			if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
			command.Wait()
		}
	}
	t.Cleanup(kill)
	return kill
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// addImage adds an image with a layer of its own for each text, and a configuration.
func addImage(s *Store, layers ...string) (v1.Descriptor, error) {
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.DockerManifestSchema2}
	for _, content := range layers {
		digest, size, err := s.Add([]byte(content))
		if err != nil {
			return v1.Descriptor{}, err
		}
		manifest.Layers = append(manifest.Layers, v1.Descriptor{Digest: digest, Size: size})
	}
	digest, size, err := s.Add([]byte(`{"of":"` + strings.Join(layers, " ") + `"}`))
	if err != nil {
		return v1.Descriptor{}, err
	}
	manifest.Config = v1.Descriptor{Digest: digest, Size: size}
	content, err := json.Marshal(manifest)
	if err != nil {
		return v1.Descriptor{}, err
	}
	digest, size, err = s.Add(content)
	return v1.Descriptor{MediaType: manifest.MediaType, Digest: digest, Size: size}, err
}

// tagged adds an image with a name.
func tagged(t *testing.T, s *Store, name string, layers ...string) v1.Descriptor {
	t.Helper()
	image, err := addImage(s, layers...)
	if err == nil {
		err = s.Tag(name, image)
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(content string) v1.Hash {
	sum := sha256.Sum256([]byte(content))
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// names are the images that are whole.
func names(t *testing.T, s *Store) string {
	t.Helper()
	images, err := s.Images()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, image := range images {
		if _, ok, err := s.Find(image.Name); err != nil {
			t.Fatal(err)
		} else if ok {
			all = append(all, image.Name)
		}
	}
	return strings.Join(all, " ")
}

// inside lists a folder of a store.
func inside(t *testing.T, s *Store, folder ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(append([]string{s.dir}, folder...)...))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

// aged makes a blob one that was used some time ago.
func aged(t *testing.T, s *Store, digest v1.Hash, by time.Duration) {
	t.Helper()
	then := time.Now().Add(-by)
	if err := os.Chtimes(s.blob(digest), then, then); err != nil {
		t.Fatal(err)
	}
}

// TestBlob wants a blob to have its name once it is whole, and not before.
func TestBlob(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	w, err := s.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"what ", "it ", "holds"} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := inside(t, s, "blobs", "sha256"); len(got) != 0 {
		t.Errorf("before it is whole there is %q", got)
	}
	digest, size, err := w.Keep()
	if want := digestOf("what it holds"); digest != want || size != 13 || err != nil {
		t.Errorf("it is %v of %d bytes, %v; want %v", digest, size, err, want)
	}
	w.Close()
	info, err := os.Stat(s.blob(digest))
	if err != nil || info.Mode().Perm() != 0o600 || !s.Has(digest, 13) || s.Has(digest, 12) || s.Has(digestOf("other"), 5) {
		t.Errorf("the blob is %v, %v", info, err)
	}
	in, err := s.OpenBlob(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if content, err := io.ReadAll(in); string(content) != "what it holds" || err != nil {
		t.Errorf("it holds %q, %v", content, err)
	}

	given, err := s.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := given.Write([]byte("given up")); err != nil {
		t.Fatal(err)
	}
	given.Close()
	if _, _, err := given.Keep(); err == nil {
		t.Error("a blob was kept that had been given up")
	}
	dir, remove, err := s.Temporary()
	if err != nil || !strings.HasPrefix(dir, s.dir) {
		t.Errorf("the folder %s, %v", dir, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remove()
	if left, blobs := inside(t, s, temporary), inside(t, s, "blobs", "sha256"); len(left) != 0 || len(blobs) != 1 {
		t.Errorf("there is %q and %q", left, blobs)
	}
}

// TestNames gives names, and takes them away.
func TestNames(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	first, second := tagged(t, s, "a", "1"), tagged(t, s, "b", "2")
	found, ok, err := s.Find("a")
	if found.Digest != first.Digest || !ok || err != nil {
		t.Errorf("a is %v, %v, %v", found, ok, err)
	}
	if _, ok, err := s.Find("none"); ok || err != nil {
		t.Errorf("what has no name was found: %v", err)
	}
	if err := errors.Join(s.Tag("a", second), s.Tag("c", second)); err != nil {
		t.Fatal(err)
	}
	if found, _, err := s.Find("a"); found.Digest != second.Digest || err != nil {
		t.Errorf("a is now %v, %v", found, err)
	}
	for range 2 { // the second time changes nothing
		if err := s.TagOutside("b"); err != nil {
			t.Fatal(err)
		}
	}
	outside, err := s.Outside("b")
	inner, err2 := s.Outside("a")
	if got := names(t, s); got != "a c" || !outside || inner || err != nil || err2 != nil {
		t.Errorf("there are %q; docker has b: %v, %v, and a: %v, %v", got, outside, err, inner, err2)
	}
	if err := s.Tag("b", first); err != nil {
		t.Fatal(err)
	}
	if outside, err := s.Outside("b"); outside || err != nil {
		t.Errorf("docker has b still: %v", err)
	}

	// What belongs to an image has no name, and where layers came from goes along with names.
	for range 2 {
		if err := s.Attach(first.Digest, second); err != nil {
			t.Fatal(err)
		}
	}
	attached, err := s.Attached(first.Digest)
	if len(attached) != 1 || attached[0].Digest != second.Digest || err != nil {
		t.Errorf("%+v belongs to the image, %v", attached, err)
	}
	if attached, err := s.Attached(second.Digest); len(attached) != 0 || err != nil {
		t.Errorf("%+v belongs to the other image, %v", attached, err)
	}
	if got := names(t, s); got != "a b c" {
		t.Errorf("there are %q", got)
	}
	pulled := WithSource(WithSource(first, digestOf("1"), "example.com/one"), digestOf("2"), "example.com/two")
	if len(Sources(first)) != 0 {
		t.Error("the image it was made of has sources")
	}
	if err := s.Tag("pulled", pulled); err != nil {
		t.Fatal(err)
	}
	if pulled, _, err = s.Find("pulled"); err != nil {
		t.Fatal(err)
	}
	if err := s.Tag("again", pulled); err != nil {
		t.Fatal(err)
	}
	again, _, err := s.Find("again")
	if got := Sources(again); len(got) != 2 || got[digestOf("2").String()] != "example.com/two" || err != nil {
		t.Errorf("its layers came from %q, %v", got, err)
	}
	image, err := s.Image(again.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := image.Layers(); len(layers) != 1 || err != nil {
		t.Errorf("the image has %d layers, %v", len(layers), err)
	}
}

// TestIncomplete finds no image of which a part is missing, too short or, of its list, damaged.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	image := tagged(t, s, "a", "layer one", "layer two")
	parts, err := s.parts(image)
	if len(parts) != 4 || err != nil {
		t.Fatalf("the image has the parts %v, %v", parts, err)
	}
	for _, part := range parts {
		blob := s.blob(part.Digest)
		content, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		for what, damage := range map[string]func() error{
			"missing":   func() error { return os.Remove(blob) },
			"too short": func() error { return os.Truncate(blob, part.Size-1) },
			"too long":  func() error { return os.WriteFile(blob, append(slices.Clone(content), 'x'), 0o600) },
		} {
			if err := damage(); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := s.Find("a"); ok || err != nil {
				t.Errorf("with a part %s the image is whole: %v", what, err)
			}
			if _, _, err := s.Add(content); err != nil {
				t.Fatal(err)
			}
			if got := names(t, s); got != "a" {
				t.Errorf("with the part again there are %q", got)
			}
		}
	}
	// Other bytes of the same length are noticed when they are read.
	if err := s.RemoveDamaged(t.Context(), image); err != nil {
		t.Errorf("of the whole image: %v", err)
	}
	err = os.WriteFile(s.blob(digestOf("layer two")), []byte("layer 2!!"), 0o600)
	if err := errors.Join(err, os.Remove(s.blob(parts[2].Digest))); err != nil {
		t.Fatal(err)
	}
	err = s.RemoveDamaged(t.Context(), image)
	if err == nil || !strings.Contains(err.Error(), digestOf("layer two").String()+" is damaged") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the damage is %v", err)
	}
	if s.Has(digestOf("layer two"), 9) || !s.Has(digestOf("layer one"), 9) {
		t.Error("not the damaged part alone was removed")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.RemoveDamaged(ctx, image); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	manifest := s.blob(image.Digest)
	content, err := os.ReadFile(manifest)
	if err == nil {
		err = os.WriteFile(manifest, []byte(strings.Replace(string(content), `"schemaVersion":2`, `"schemaVersion":3`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Add([]byte("layer two")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Add([]byte(`{"of":"layer one layer two"}`)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Find("a"); ok || err != nil {
		t.Errorf("with another list of parts the image is whole: %v", err)
	}
	if err := s.RemoveDamaged(t.Context(), image); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("the list of parts has other bytes: %v", err)
	}
}

// TestTwoProcesses wants all names that several processes give at once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var started []*exec.Cmd
	for range 3 {
		command := exec.Command(os.Args[0], "tag", dir)
		command.Env, command.Stderr = append(os.Environ(), asHelper+"=1"), os.Stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		started = append(started, command)
	}
	for _, command := range started {
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	}
	s := open(t, dir)
	if got := len(strings.Fields(names(t, s))); got != 15 {
		t.Errorf("there are %d names, want 15", got)
	}
	if left := inside(t, s, temporary); len(left) != 0 {
		t.Errorf("there is %q", left)
	}
	if err := s.Prune(0, 0); err != nil {
		t.Fatal(err)
	}
}

// TestPrune removes what was not used for long, and what is too much.
func TestPrune(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		name     string
		limit    int64
		age      time.Duration
		old, new time.Duration // since the images were used
		want     string
	}{
		{"all is new", 1 << 20, 14 * day, time.Minute, time.Minute, "new old"},
		{"one was not used for long", 1 << 20, 14 * day, 15 * day, time.Minute, "new"},
		{"one was not used for almost long", 1 << 20, 14 * day, 13 * day, 2 * day, "new old"},
		{"too much", 5000, 14 * day, 3 * day, 2 * day, "new"},
		{"too much, and used the other way round", 5000, 14 * day, 2 * day, 3 * day, "old"},
		{"too much, of the last hour", 10, 14 * day, 50 * time.Minute, time.Minute, "new old"},
		{"far too much", 10, 14 * day, 3 * day, 2 * day, ""},
		{"all", 0, 0, time.Second, time.Second, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			shared := strings.Repeat("s", 500)
			for name, ago := range map[string]time.Duration{"old": test.old, "new": test.new} {
				parts, err := s.parts(tagged(t, s, name, shared, strings.Repeat(name, 500)))
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range parts {
					if part.Digest != digestOf(shared) {
						aged(t, s, part.Digest, ago)
					}
				}
			}
			aged(t, s, digestOf(shared), min(test.old, test.new)) // it was used whenever one was
			if err := s.Prune(test.limit, test.age); err != nil {
				t.Fatal(err)
			}
			if got := names(t, s); got != test.want {
				t.Errorf("there are %q, want %q", got, test.want)
			}
			index, _, err := s.read()
			if got, want := len(index.Manifests), len(strings.Fields(test.want)); got != want || err != nil {
				t.Errorf("the list has %d images, %v; want %d", got, err, want)
			}
			if test.want == "" && len(inside(t, s, "blobs", "sha256")) != 0 {
				t.Errorf("there is %q", inside(t, s, "blobs", "sha256"))
			}
		})
	}
}

// TestUse keeps what is looked for, of which nobody knows when it was read last.
func TestUse(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	used, unused := tagged(t, s, "used", "1", "both"), tagged(t, s, "unused", "2", "both")
	for _, image := range []v1.Descriptor{used, unused} {
		parts, err := s.parts(image)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			aged(t, s, part.Digest, 48*time.Hour)
		}
	}
	if err := s.TagOutside("docker"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Find("used"); !ok || err != nil {
		t.Fatalf("found: %v, %v", ok, err)
	}
	if err := s.Prune(1<<20, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s); got != "used" {
		t.Errorf("there are %q, want what was used", got)
	}
	if outside, err := s.Outside("docker"); !outside || err != nil {
		t.Errorf("a name of docker's is forgotten: %v", err)
	}
	if err := s.Prune(1<<20, 0); err != nil {
		t.Fatal(err)
	}
	if outside, err := s.Outside("docker"); outside || err != nil {
		t.Errorf("an old name of docker's is kept: %v", err)
	}
}

// TestPruneAmongOthers removes nothing as long as another process works in the store, and then what
// that left behind when it was killed.
func TestPruneAmongOthers(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	tagged(t, s, "a", "1")
	kill := helper(t, "write", s.dir)
	for range 2 { // it still holds the store open itself
		if err := s.Prune(0, 0); err != nil {
			t.Fatal(err)
		}
		if got := names(t, s); got != "a" {
			t.Fatalf("there are %q while another works here", got)
		}
	}
	kill()
	left := inside(t, s, temporary)
	if len(left) != 1 {
		t.Fatalf("the killed process left %q", left)
	}
	if err := s.Prune(1<<20, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := inside(t, s, temporary); len(got) != 1 { // it may be of a process without a lock yet
		t.Errorf("what was left a moment ago is gone: %q", got)
	}
	old := time.Now().Add(-temporaryAge - time.Hour)
	if err := os.Chtimes(filepath.Join(s.dir, temporary, left[0]), old, old); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(0, 0); err != nil {
		t.Fatal(err)
	}
	if got := append(inside(t, s, temporary), inside(t, s, "blobs", "sha256")...); len(got) != 0 {
		t.Errorf("there is %q", got)
	}
}

// TestKilledWithLock gives a name while another process has the list locked, until it is killed.
func TestKilledWithLock(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	image := tagged(t, s, "a", "1")
	kill := helper(t, "lock", s.dir)
	file, err := os.Open(filepath.Join(s.dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := lock(file, true, false); !errors.Is(err, errLocked) {
		t.Errorf("the list can be locked twice: %v", err)
	}
	given := make(chan error)
	go func() { given <- s.Tag("b", image) }()
	kill()
	if err := <-given; err != nil {
		t.Error(err)
	}
	if got := names(t, s); got != "a b" {
		t.Errorf("there are %q", got)
	}
}

// TestDamaged names what is damaged, and prune repairs it.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, file := range []string{indexFile, outsideFile} {
		for _, content := range []string{"", "{", `"text"`, "\x00\x00"} {
			s := open(t, t.TempDir())
			image := tagged(t, s, "a", "1")
			if err := os.WriteFile(filepath.Join(s.dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Images()
			want := file + " is damaged"
			for what, err := range map[string]error{"Images": err, "Tag": s.Tag("b", image), "TagOutside": s.TagOutside("b")} {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "cdkweb-docker prune") {
					t.Errorf("%s of %q: %s is %v", file, content, what, err)
				}
			}
			if err := s.Prune(0, 0); err != nil {
				t.Errorf("%s of %q: %v", file, content, err)
			}
			tagged(t, s, "c", "1")
			if got := names(t, s); got != "c" {
				t.Errorf("after the repair there are %q", got)
			}
		}
	}
	// null is what an empty list may be written as.
	s := open(t, t.TempDir())
	if err := os.WriteFile(filepath.Join(s.dir, outsideFile), []byte("null"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.TagOutside("a"); err != nil {
		t.Error(err)
	}
}

// TestOpen makes the folder, which another program can read, and closes what it holds.
func TestOpen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "cache")
	s := open(t, dir)
	content, err := os.ReadFile(filepath.Join(dir, layoutFile))
	if string(content) != `{"imageLayoutVersion":"1.0.0"}` || err != nil {
		t.Errorf("%s holds %q, %v", layoutFile, content, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Prune(0, 0); err == nil {
		t.Error("a store that is closed was pruned")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(wrong); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s was opened: %v", wrong, err)
		}
	}
}
