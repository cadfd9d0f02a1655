package integ

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// app is the running program in integ/app, which makes cloud assemblies.
type app struct {
	mutex     sync.Mutex
	requests  io.Writer
	responses *bufio.Reader
	log       string
}

// runApp starts it with the context that the CDK's command line gives to apps: that of cdk.json,
// and its own.
func (l *lab) runApp() (*app, error) {
	content, err := os.ReadFile(filepath.Join(l.tools.root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(content, &settings); err != nil {
		return nil, err
	}
	for _, name := range []string{"version-reporting", "enable-path-metadata", "enable-asset-metadata"} {
		settings.Context["aws:cdk:"+name] = true
	}
	context, err := json.Marshal(settings.Context)
	if err != nil {
		return nil, err
	}
	a := &app{log: filepath.Join(l.dir, "app.log")}
	log, err := os.Create(a.log)
	if err != nil {
		return nil, err
	}
	command := exec.Command(l.tools.app())
	command.Dir, command.Stderr = l.tools.root, log
	command.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(context))
	responses, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if a.requests, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	a.responses = bufio.NewReader(responses)
	return a, command.Start()
}

// synth writes a cloud assembly: a part of integ/app, with what varies.
func (l *lab) synth(folder, part string, values map[string]string) error {
	a, err := l.startApp()
	if err != nil {
		return err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	request := map[string]any{"Folder": folder, "Part": part, "Values": values}
	if err := json.NewEncoder(a.requests).Encode(request); err != nil {
		return a.ended(err)
	}
	line, err := a.responses.ReadBytes('\n')
	if err != nil {
		return a.ended(err)
	}
	var wrong string
	if err := json.Unmarshal(line, &wrong); err != nil {
		return fmt.Errorf("%w: %s", err, line)
	}
	if wrong != "" {
		return errors.New(wrong)
	}
	return nil
}

func (a *app) ended(err error) error {
	log, _ := os.ReadFile(a.log)
	return fmt.Errorf("integ/app ended: %w: %s", err, tail(string(log)))
}
