package integ

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cdkweb/cdkweb/internal/assembly"
)

// docker runs Debian's client against one engine. A newer client that comes first on PATH may lack
// BuildKit's half, so it is named in full.
type docker struct {
	environment []string
	socket      string
}

const dockerClient = "/usr/bin/docker"

func (d *docker) run(arguments ...string) (string, error) {
	return output(d.command(arguments...))
}

func (d *docker) command(arguments ...string) *exec.Cmd {
	command := exec.Command(dockerClient, arguments...)
	command.Env = slices.Clone(d.environment)
	return command
}

// output returns what a command printed. An error holds the command's last words.
func output(command *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		words := strings.TrimSpace(stderr.String())
		if words == "" {
			words = strings.TrimSpace(stdout.String())
		}
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args[:min(3, len(command.Args))], " "), err, tail(words))
	}
	return strings.TrimSpace(stdout.String()), nil
}

func tail(text string) string {
	const most = 2000
	return text[max(0, len(text)-most):]
}

// build builds an image asset of a cloud assembly with the arguments that the CDK's command line
// passes.
func (d *docker) build(tag string, asset assembly.Image, buildKit bool) error {
	arguments := []string{"build", "--quiet", "--tag", tag, "--platform", asset.Platform, "--file", asset.DockerFile}
	for name, value := range asset.DockerBuildArgs {
		arguments = append(arguments, "--build-arg", name+"="+value)
	}
	for id, value := range asset.DockerBuildSecrets {
		arguments = append(arguments, "--secret", "id="+id+","+value)
	}
	if asset.DockerBuildTarget != "" {
		arguments = append(arguments, "--target", asset.DockerBuildTarget)
	}
	command := d.command(append(arguments, ".")...)
	command.Dir = asset.Directory
	command.Env = append(command.Env, "DOCKER_BUILDKIT=0")
	if buildKit {
		command.Env = append(command.Env, "DOCKER_BUILDKIT=1")
	}
	_, err := output(command)
	return err
}

// container is a running container, with the address on this machine that leads to its port.
type container struct {
	docker  *docker
	id      string
	address string
}

// start runs an image. The port is published on a free port of loopback, which stays the same when
// the container is restarted.
func (d *docker) start(image string, port int, options []string, command ...string) (*container, error) {
	address := freeAddress()
	arguments := append([]string{"run", "--detach", "--publish", fmt.Sprintf("%s:%d", address, port)}, options...)
	id, err := d.run(append(append(arguments, image), command...)...)
	if err != nil {
		return nil, err
	}
	return &container{docker: d, id: id, address: address}, nil
}

// lastPort was given away last. All ports of this run's network are free, and no client's own port
// is as low.
var lastPort atomic.Int32

func freeAddress() string { return fmt.Sprintf("127.0.0.1:%d", 20000+lastPort.Add(1)) }

// startLambda runs an image as Lambda does: RIE starts what lies in /opt/extensions and the image's
// own command.
func (d *docker) startLambda(rie, image string, options ...string) (*container, error) {
	config, err := d.config(image)
	if err != nil {
		return nil, err
	}
	const port = 9000 // 8080, its own choice, is the server's
	options = append(options, "--volume", rie+":/rie:ro", "--entrypoint", "/rie")
	command := append([]string{"--runtime-interface-emulator-address", fmt.Sprintf("0.0.0.0:%d", port)}, config.Entrypoint...)
	return d.start(image, port, options, append(command, config.Cmd...)...)
}

func (c *container) logs() string {
	all, err := c.docker.command("logs", c.id).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return string(all)
}

// says waits until the log has some words.
func (c *container) says(words string) error {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		log := c.logs()
		if strings.Contains(log, words) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the log of %.12s has no %q after %s: %s", c.id, words, patience, tail(log))
		}
	}
}

func (c *container) remove() error {
	_, err := c.docker.run("rm", "--force", "--volumes", c.id)
	return err
}

// imageConfig is what an image says about running it.
type imageConfig struct {
	Entrypoint, Cmd []string
	User            string
	WorkingDir      string
	Env             []string
}

func (d *docker) config(image string) (imageConfig, error) {
	var config imageConfig
	text, err := d.run("image", "inspect", "--format", "{{json .Config}}", image)
	if err != nil {
		return config, err
	}
	return config, json.Unmarshal([]byte(text), &config)
}

// files returns what an image holds: a file's content, or "-> " and the target of a symbolic link.
// Folders end in a slash.
func (d *docker) files(image string) (_ map[string]string, err error) {
	id, err := d.run("create", image, "none")
	if err != nil {
		return nil, err
	}
	defer func() {
		if _, removed := d.run("rm", id); err == nil {
			err = removed
		}
	}()
	export, err := d.command("export", id).Output()
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for archive := tar.NewReader(bytes.NewReader(export)); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files[header.Name] = string(content)
		if header.Typeflag == tar.TypeSymlink {
			files[header.Name] = "-> " + header.Linkname
		}
	}
}
