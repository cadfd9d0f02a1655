package integ

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
)

// lambdaHost stands between the emulator of AWS and the Docker engine, and does what Lambda's own
// hosts do to an image: it starts the execution environment first, which starts the image's
// command. The images have no emulator of it inside, and are not changed.
//
// In detail: whenever a container is created from an image of the account's registry, RIE is
// mounted as /rie and becomes the entrypoint, with the image's own command as arguments. RIE
// listens on another port than its usual 8080, which is the server's; the emulator of AWS is told
// that it is 8080.
type lambdaHost struct {
	docker   *docker
	rie      string // file on this machine
	listener net.Listener
	server   *http.Server
}

const (
	emulatorPort = "8080/tcp" // where ministack posts invocations
	riePort      = "9000"
)

func startLambdaHost(d *docker, rie, socket string) (*lambdaHost, error) {
	h := &lambdaHost{docker: d, rie: rie}
	var err error
	if h.listener, err = net.Listen("unix", socket); err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", d.socket)
		}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "docker"})
		},
		ModifyResponse: showPort,
		FlushInterval:  -1,
	}
	h.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/containers/create") {
			if err := h.wrap(r); err != nil {
				http.Error(w, `{"message":`+strconv.Quote(err.Error())+`}`, http.StatusInternalServerError)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	})}
	go h.server.Serve(h.listener)
	return h, nil
}

// wrap makes the container that a request is about run under RIE.
func (h *lambdaHost) wrap(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var c map[string]any
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	if image, _ := c["Image"].(string); strings.HasPrefix(image, registry+"/") {
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
		if body, err = json.Marshal(c); err != nil {
			return err
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// showPort shows the port where RIE is published as the one where the emulator of AWS looks for it.
func showPort(r *http.Response) error {
	path := r.Request.URL.Path
	if r.Request.Method != "GET" || !strings.Contains(path, "/containers/") || !strings.HasSuffix(path, "/json") || r.StatusCode != 200 {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var c map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&c) == nil {
		if network, ok := c["NetworkSettings"].(map[string]any); ok {
			if ports, ok := network["Ports"].(map[string]any); ok && ports[riePort+"/tcp"] != nil {
				ports[emulatorPort] = ports[riePort+"/tcp"]
				network["Networks"] = map[string]any{} // on a machine that is a container itself, it would go round the published port
			}
		}
		if body, err = json.Marshal(c); err != nil {
			return err
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
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
