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

// hosts stands between the emulator of AWS and the Docker engine, and does for containers what the
// machines do on which AWS runs them: Lambda's ([lambdaHost]) and Fargate's ([fargateHost]). The
// images are not changed.
type hosts struct {
	docker  *docker
	lambda  lambdaHost
	fargate fargateHost
}

func startHosts(d *docker, rie, socket string) (*hosts, error) {
	h := &hosts{docker: d, lambda: lambdaHost{docker: d, rie: rie}, fargate: fargateHost{docker: d}}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", d.socket)
		}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "docker"})
		},
		ModifyResponse: h.respond,
		FlushInterval:  -1,
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch id, call := containerCall(r.URL.Path); {
		case r.Method == "POST" && id == "create":
			err = h.create(r)
		case r.Method == "POST" && call == "stop":
			err = h.fargate.stopping(id)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			w.Write(refusal(err))
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	return h, nil
}

// refusal is what the engine says about a request that it cannot fulfil.
func refusal(err error) []byte { return []byte(`{"message":` + strconv.Quote(err.Error()) + `}`) }

// containerCall returns what a path of the engine's API calls, and for which container.
func containerCall(path string) (id, call string) {
	_, rest, _ := strings.Cut(path, "/containers/")
	id, call, _ = strings.Cut(rest, "/")
	return id, call
}

// create changes a request for a new container.
func (h *hosts) create(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var c map[string]any
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	image, _ := c["Image"].(string)
	labels, _ := c["Labels"].(map[string]any)
	if t := newTask(func(label string) string { text, _ := labels[label].(string); return text }); t != nil {
		err = h.fargate.create(*t, c)
	} else if strings.HasPrefix(image, registry+"/") {
		err = h.lambda.create(image, c)
	}
	if err != nil {
		return err
	}
	if body, err = json.Marshal(c); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// respond changes the engine's response about a container.
func (h *hosts) respond(r *http.Response) error {
	id, call := containerCall(r.Request.URL.Path)
	switch {
	case r.Request.Method == "GET" && call == "json" && r.StatusCode == http.StatusOK:
		return changeBody(r, h.lambda.showPort)
	case r.Request.Method == "POST" && call == "start" && r.StatusCode == http.StatusNoContent:
		if err := h.fargate.started(id); err != nil {
			body := refusal(fmt.Errorf("the task %.12s does not run: %w", id, err))
			r.StatusCode, r.Status = http.StatusInternalServerError, "500 Internal Server Error"
			setBody(r, body)
		}
	}
	return nil
}

// changeBody decodes a body, has it changed, and puts it back.
func changeBody(r *http.Response, change func(c map[string]any)) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var c map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&c) == nil {
		change(c)
		if body, err = json.Marshal(c); err != nil {
			return err
		}
	}
	setBody(r, body)
	return nil
}

func setBody(r *http.Response, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
}
