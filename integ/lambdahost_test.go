package integ

import (
	"fmt"
)

// lambdaHost does what Lambda's hosts do to an image: it starts the execution environment first,
// which starts the image's command. The images have no emulator of it inside.
//
// In detail: whenever a container is created from an image of the account's registry, RIE is
// mounted as /rie and becomes the entrypoint, with the image's own command as arguments. RIE
// listens on another port than its usual 8080, which is the server's; the emulator of AWS is told
// that it is 8080.
type lambdaHost struct {
	docker *docker
	rie    string // file on this machine
}

const (
	emulatorPort = "8080/tcp" // where ministack posts invocations
	riePort      = "9000"
)

// create makes a container of an image run under RIE.
func (h *lambdaHost) create(image string, c map[string]any) error {
	own, err := h.docker.config(image)
	if err != nil {
		return err
	}
	entrypoint, command := own.Entrypoint, own.Cmd
	if given := words(c["Entrypoint"]); given != nil { // as Docker does: a new entrypoint drops the image's command
		entrypoint, command = given, nil
	}
	if given := words(c["Cmd"]); given != nil {
		command = given
	}
	c["Entrypoint"] = []string{"/rie"}
	c["Cmd"] = append(append([]string{"--runtime-interface-emulator-address", "0.0.0.0:" + riePort}, entrypoint...), command...)
	c["ExposedPorts"] = map[string]any{riePort + "/tcp": map[string]any{}}
	host, ok := c["HostConfig"].(map[string]any)
	if !ok {
		return fmt.Errorf("a container of %s has no HostConfig", image)
	}
	binds, _ := host["Binds"].([]any)
	host["Binds"] = append(binds, h.rie+":/rie:ro")
	if ports, ok := host["PortBindings"].(map[string]any); ok {
		ports[riePort+"/tcp"] = ports[emulatorPort]
		delete(ports, emulatorPort)
	}
	return nil
}

// showPort shows the port where RIE is published as the one where the emulator of AWS looks for it.
func (h *lambdaHost) showPort(c map[string]any) {
	network, ok := c["NetworkSettings"].(map[string]any)
	if !ok {
		return
	}
	if ports, ok := network["Ports"].(map[string]any); ok && ports[riePort+"/tcp"] != nil {
		ports[emulatorPort] = ports[riePort+"/tcp"]
		network["Networks"] = map[string]any{} // on a machine that is a container itself, it would go round the published port
	}
}

func words(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, word := range value {
			all = append(all, fmt.Sprint(word))
		}
		return all
	}
	return nil
}
