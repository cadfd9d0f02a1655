package integ

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/integ/fixture"
)

// assetRepository is where the CDK pushes images.
const assetRepository = registry + "/cdk-hnb659fds-container-assets-" + account + "-" + region

// noDocker is cdkweb-docker on a PATH that has it and Node, and nothing else.
type noDocker struct {
	environment []string
	cache       string // its images and logins
	config      string // the user's configuration of Docker
}

// withoutDocker makes a PATH without docker, and environment is what else programs get.
func (l *lab) withoutDocker(name string, environment []string) (*noDocker, error) {
	programs := l.folder(name + "-path")
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	n := &noDocker{cache: filepath.Join(l.dir, name+"-cache"), config: l.folder(name + "-config")}
	for link, program := range map[string]string{"node": node, "cdkweb-docker": l.tools.noDocker()} {
		if err := os.Symlink(program, filepath.Join(programs, link)); err != nil {
			return nil, err
		}
	}
	n.environment = append(slices.Clone(environment), "PATH="+programs, "CDK_DOCKER=cdkweb-docker",
		"CDKWEB_DOCKER_CACHE="+n.cache, "DOCKER_CONFIG="+n.config)
	look := exec.Command("/usr/bin/env", "sh", "-c", "command -v docker")
	look.Env = n.environment
	if found, err := output(look); err == nil {
		return nil, fmt.Errorf("there is a docker on the PATH: %s", found)
	}
	return n, nil
}

// run calls cdkweb-docker itself.
func (n *noDocker) run(l *lab, folder string, arguments ...string) (string, error) {
	command := exec.Command(l.tools.noDocker(), arguments...)
	command.Env, command.Dir = n.environment, folder
	return output(command)
}

// TestNoDocker deploys the guestbook with no docker on the PATH of the CDK's command line, and once
// more with Docker, and says how long each took: first, and when the image has changed.
func TestNoDocker(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	var n *noDocker
	do(t, "a PATH without docker", func() (note string, err error) {
		n, err = l.withoutDocker("deploy", l.emulator.environment)
		return "", err
	})
	deployments := []struct {
		stack, with string
		environment []string
	}{
		{"NoDocker", "cdkweb-docker", n.environment},
		{"WithDocker", "docker", l.emulator.environment},
	}
	took := map[string][]time.Duration{}
	do(t, "build and push alone", func() (string, error) { return l.timeBuilds(took) })
	for _, on := range deployments {
		var d *deployment
		for _, version := range []string{"first", "second"} {
			do(t, version+" deployment with "+on.with, func() (note string, err error) {
				// A file that no other image has, so that the registry has none of this.
				include := filepath.Join(l.folder(on.stack+"-"+version), "version.txt")
				if err := os.WriteFile(include, []byte(on.stack+" "+version), 0o644); err != nil {
					return "", err
				}
				if d, err = l.guestbook(on.stack, "include="+include, "mode="+version); err != nil {
					return "", err
				}
				outputs := d.assembly + ".outputs.json"
				begin := time.Now()
				_, err = l.tools.runCDK(on.environment, "deploy", "--require-approval", "never", "--outputs-file", outputs,
					"--app", d.assembly)
				took[on.with] = append(took[on.with], time.Since(begin))
				if err != nil {
					return "", err
				}
				return "", d.readOutputs(outputs)
			})
			do(t, version+" visits", func() (string, error) {
				s, err := d.site("Site")
				if err != nil {
					return "", err
				}
				if err := s.visit(l.guestbookChecks()); err != nil {
					return "", err
				}
				digest, err := l.digestOnLambda(d)
				if err != nil {
					return "", err
				}
				return names(l.guestbookChecks()) + "; image " + digest, l.inRegistry(digest)
			})
		}
		do(t, "cdk destroy", func() (string, error) { return "nothing is left", d.destroyed() })
	}
	do(t, "what is left of it", func() (string, error) {
		if entries, err := os.ReadDir(n.config); err != nil || len(entries) != 0 {
			return "", fmt.Errorf("the user's configuration of Docker has %v: %w", entries, err)
		}
		for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			logins, err := os.ReadDir(filepath.Join(n.cache, "logins"))
			if err == nil && len(logins) == 0 {
				return "no login", nil
			}
			if time.Now().After(limit) {
				return "", fmt.Errorf("the logins %v are there %s after the last run: %w", logins, patience, err)
			}
		}
	})
	for i, what := range []string{"build, first", "push, first", "build, second", "push, second", "cdk deploy, first", "cdk deploy, second"} {
		t.Logf("%s: %.1f s with cdkweb-docker, %.1f s with docker", what, took["cdkweb-docker"][i].Seconds(), took["docker"][i].Seconds())
	}
}

// timeBuilds builds and pushes an image with Docker and with cdkweb-docker, and once more when the
// server has changed, and adds how long that took.
func (l *lab) timeBuilds(took map[string][]time.Duration) (string, error) {
	n, err := l.withoutDocker("time", l.emulator.environment)
	if err != nil {
		return "", err
	}
	if err := l.logInBoth(n); err != nil {
		return "", err
	}
	for _, with := range []string{"cdkweb-docker", "docker"} {
		for _, version := range []string{"first", "second"} {
			include := filepath.Join(l.folder("time-"+with+"-"+version), "version.txt")
			if err := os.WriteFile(include, []byte("time "+with+version), 0o644); err != nil {
				return "", err
			}
			d, err := l.guestbook("Time", "include="+include)
			if err != nil {
				return "", err
			}
			images, err := imageAssets(d.assembly, d.name)
			if err != nil {
				return "", err
			}
			image := images["./examples/guestbook/server"]
			tag := assetRepository + ":time-" + with + "-" + version
			for _, arguments := range [][]string{
				{"build", "--tag", tag, "--file", filepath.Join(image.Directory, image.DockerFile), "--platform", image.Platform, image.Directory},
				{"push", tag},
			} {
				command := exec.Command(l.tools.noDocker(), arguments...)
				command.Env = n.environment
				if with == "docker" {
					command = l.docker.command(arguments...)
					command.Env = append(command.Env, "DOCKER_BUILDKIT=1")
				}
				begin := time.Now()
				if _, err := output(command); err != nil {
					return "", err
				}
				took[with] = append(took[with], time.Since(begin))
			}
		}
	}
	return "", nil
}

// TestSameImages builds the same with Docker and with cdkweb-docker, and compares file by file.
func TestSameImages(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	n, err := l.withoutDocker("same", l.emulator.environment)
	if err != nil {
		t.Fatal(err)
	}
	try(t, "the guestbook", func() (string, error) {
		d, err := l.guestbook("Same")
		if err != nil {
			return "", err
		}
		images, err := imageAssets(d.assembly, d.name)
		if err != nil {
			return "", err
		}
		image := images["./examples/guestbook/server"]
		return l.sameImage(n, "guestbook", image.Directory, "--file", image.DockerFile, "--platform", image.Platform)
	})
	tested, err := filepath.Glob(filepath.Join(l.tools.root, "cmd", "cdkweb-docker", "testdata", "*", "Dockerfile"))
	if err != nil || len(tested) == 0 {
		t.Fatal(tested, err)
	}
	for _, file := range tested {
		name := filepath.Base(filepath.Dir(file))
		try(t, "testdata/"+name, func() (string, error) {
			if version, err := l.docker.run("version", "--format", "{{.Server.Version}}"); err != nil || name == "newer" && before(version, 25) {
				return "", errors.Join(err, missing("Docker 25 or later; this is %s", version))
			}
			return l.sameImage(n, "tested-"+name, filepath.Dir(file), "--platform", "linux/amd64")
		})
	}
	try(t, "the images of webimage.Dockerfile", func() (string, error) {
		fixtures := l.folder("same-fixtures")
		if err := fixture.Write(fixtures, l.tools.hello(), installed("busybox-static")); err != nil {
			return "", err
		}
		out := filepath.Join(l.dir, "same-fixtures.out")
		if err := l.synth(out, "fixtures", map[string]string{"folder": fixtures}); err != nil {
			return "", err
		}
		assets, err := imageAssets(out, "Fixtures")
		if err != nil {
			return "", err
		}
		var same, needDocker []string
		var faults []error
		for _, f := range fixture.All {
			if f.WebAdapter || f.Engine > 0 {
				continue // on images that no registry here has, or for another engine
			}
			asset := assets[filepath.Join(fixtures, f.Name)]
			flags := []string{"--file", asset.DockerFile, "--platform", asset.Platform}
			for name, value := range asset.DockerBuildArgs {
				flags = append(flags, "--build-arg", name+"="+value)
			}
			if asset.DockerBuildTarget != "" {
				flags = append(flags, "--target", asset.DockerBuildTarget)
			}
			_, err := l.sameImage(n, "fixture-"+f.Name, asset.Directory, flags...)
			switch {
			case err == nil:
				same = append(same, f.Name)
			case strings.Contains(err.Error(), "this build needs Docker, and there is no docker in PATH: line "):
				needDocker = append(needDocker, f.Name)
			default:
				faults = append(faults, fmt.Errorf("%s: %w", f.Name, err))
			}
		}
		if len(same) < 8 {
			faults = append(faults, fmt.Errorf("only %q were compared", same))
		}
		return fmt.Sprintf("%s are the same; %s need Docker", strings.Join(same, ", "), strings.Join(needDocker, ", ")),
			errors.Join(faults...)
	})
	try(t, "on an image of the registry", func() (string, error) { return l.sameOnBase(n) })
}

// before reports whether Docker is older than a version.
func before(version string, major int) bool {
	var found int
	_, err := fmt.Sscanf(version, "%d", &found)
	return err != nil || found < major
}

// logInBoth gives Docker and cdkweb-docker the password of the account's registry.
func (l *lab) logInBoth(n *noDocker) error {
	password, err := output(l.emulator.command(l.emulator.aws, "ecr", "get-login-password"))
	if err != nil {
		return err
	}
	login := []string{"login", "--username", "AWS", "--password-stdin", registry}
	for _, command := range []*exec.Cmd{l.docker.command(login...), exec.Command(l.tools.noDocker(), login...)} {
		command.Stdin = strings.NewReader(password)
		if command.Path == l.tools.noDocker() {
			command.Env = n.environment
		}
		if _, err := output(command); err != nil {
			return err
		}
	}
	return nil
}

// sameOnBase pushes a root file system with Docker, and builds on it.
func (l *lab) sameOnBase(n *noDocker) (string, error) {
	base := assetRepository + ":debian"
	if err := l.logInBoth(n); err != nil {
		return "", err
	}
	change := []string{"--change", "ENV LANG=C.UTF-8", "--change", `CMD ["bash"]`, "--change", "USER node"}
	if _, err := l.docker.run(slices.Concat([]string{"import"}, change, []string{l.tools.debianRoot(), base})...); err != nil {
		return "", err
	}
	if _, err := l.docker.run("push", base); err != nil {
		return "", err
	}
	folder := l.folder("same-on-base")
	dockerfile := "FROM " + base + ` AS debian
COPY --chown=node:www-data Dockerfile /bin/here
WORKDIR /srv/app
ENTRYPOINT ["/usr/bin/node"]
FROM ` + base + `
COPY --from=debian /etc/nginx /nginx
COPY --from=debian /bin/here /usr/bin/node /lib/programs/
COPY --from=debian --chown=7:8 /usr/lib/os-release /etc/debian_version /os/
`
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return "", err
	}
	return l.sameImage(n, "on-base", folder, "--platform", "linux/amd64")
}

// sameImage builds a folder twice, and wants the same files and the same configuration.
func (l *lab) sameImage(n *noDocker, tag, folder string, flags ...string) (string, error) {
	arguments := slices.Concat([]string{"build", "--quiet", "--tag", "same-" + tag}, flags, []string{"."})
	begin := time.Now()
	if _, err := n.run(l, folder, arguments...); err != nil {
		return "", err
	}
	tookOurs := time.Since(begin)
	build := l.docker.command(arguments...)
	build.Dir, build.Env = folder, append(build.Env, "DOCKER_BUILDKIT=1")
	begin = time.Now()
	if _, err := output(build); err != nil {
		return "", err
	}
	tookDocker := time.Since(begin)
	archives := l.folder("same-archives")
	ours, docker := filepath.Join(archives, tag+"-ours.tar"), filepath.Join(archives, tag+"-docker.tar")
	if _, err := n.run(l, folder, "save", "--output", ours, "same-"+tag); err != nil {
		return "", err
	}
	if _, err := l.docker.run("save", "--output", docker, "same-"+tag); err != nil {
		return "", err
	}
	defer os.Remove(ours)
	defer os.Remove(docker)
	got, err := readSaved(ours)
	if err != nil {
		return "", err
	}
	want, err := readSaved(docker)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d files; built in %.1f s, by Docker in %.1f s", len(want.files), tookOurs.Seconds(), tookDocker.Seconds()),
		got.compare(want)
}

// savedImage is what docker save writes.
type savedImage struct {
	files  map[string]string
	config map[string]any
}

// compare wants two images to be the same, but for labels that Docker does not make.
func (s savedImage) compare(want savedImage) error {
	var faults []error
	all := maps.Clone(want.files)
	maps.Copy(all, s.files)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if s.files[name] != want.files[name] && len(faults) < 20 {
			faults = append(faults, fmt.Errorf("/%s is %q, and by Docker %q", name, s.files[name], want.files[name]))
		}
	}
	labels, _ := s.config["Labels"].(map[string]any)
	theirs, _ := want.config["Labels"].(map[string]any)
	for name := range labels {
		if _, set := theirs[name]; !set && strings.HasPrefix(name, "org.opencontainers.image.") {
			delete(labels, name)
		}
	}
	keys := maps.Clone(want.config)
	maps.Copy(keys, s.config)
	for name := range keys {
		a, b := s.config[name], want.config[name]
		if !empty(a) != !empty(b) || !empty(a) && !reflect.DeepEqual(a, b) {
			faults = append(faults, fmt.Errorf("%s of the configuration is %v, and by Docker %v", name, a, b))
		}
	}
	return errors.Join(faults...)
}

// empty reports whether a value of JSON says nothing.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case bool:
		return !value
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// readSaved reads an archive of docker save.
func readSaved(archive string) (savedImage, error) {
	image := savedImage{files: map[string]string{}}
	parts := map[string][]byte{}
	file, err := os.Open(archive)
	if err != nil {
		return image, err
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return image, err
		}
		if parts[header.Name], err = io.ReadAll(reader); err != nil {
			return image, err
		}
		if header.Typeflag == tar.TypeSymlink { // a layer twice, as older versions of Docker write it
			parts[header.Name] = parts[path.Join(path.Dir(header.Name), header.Linkname)]
		}
	}
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(parts["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		return image, fmt.Errorf("manifest.json has %d images: %w", len(manifest), err)
	}
	var config struct{ Config map[string]any }
	if err := json.Unmarshal(parts[manifest[0].Config], &config); err != nil {
		return image, err
	}
	image.config = config.Config
	for _, name := range manifest[0].Layers {
		if err := image.apply(parts[name]); err != nil {
			return image, fmt.Errorf("layer %s: %w", name, err)
		}
	}
	return image, nil
}

// apply adds a layer.
func (s *savedImage) apply(layer []byte) error {
	var reader io.Reader = bytes.NewReader(layer)
	if bytes.HasPrefix(layer, []byte{0x1f, 0x8b}) {
		zipped, err := gzip.NewReader(reader)
		if err != nil {
			return err
		}
		reader = zipped
	}
	for archive := tar.NewReader(reader); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(header.Name)
		if strings.HasPrefix(path.Base(name), ".wh.") {
			return fmt.Errorf("it takes %s away, which no build here does", name)
		}
		mode := fs.FileMode(header.Mode & 0o7777)
		what := fmt.Sprintf("%c %04o %d:%d", header.Typeflag, mode, header.Uid, header.Gid)
		switch header.Typeflag {
		case tar.TypeLink:
			s.files[name] = s.files[path.Clean(header.Linkname)]
			continue
		case tar.TypeSymlink:
			what += " -> " + header.Linkname
		case tar.TypeReg:
			sum := sha256.New()
			if _, err := io.Copy(sum, archive); err != nil {
				return err
			}
			what += fmt.Sprintf(" %x", sum.Sum(nil))
		}
		if header.Typeflag != tar.TypeDir {
			maps.DeleteFunc(s.files, func(other, _ string) bool { return strings.HasPrefix(other, name+"/") })
		}
		s.files[name] = what
	}
}
