package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
	"github.com/cdkweb/cdkweb/webclient"
)

// put and get use an object of the bucket: put one with the text as its name and content, get the
// one named "note".
func put(text string) (string, error) {
	_, err := call("s3", "PUT", "/"+os.Getenv("BUCKET")+"/"+text, nil, text)
	return "done", err
}

func get(string) (string, error) {
	note, err := call("s3", "GET", "/"+os.Getenv("BUCKET")+"/note", nil, "")
	return "done: " + string(note), err
}

func send(text string) (string, error) {
	_, err := callQueue("SendMessage", map[string]any{"MessageBody": text})
	return "done", err
}

// receive takes one message, and deletes it.
func receive(string) (string, error) {
	answer, err := callQueue("ReceiveMessage", map[string]any{"MaxNumberOfMessages": 1})
	if err != nil {
		return "", err
	}
	var got struct {
		Messages []struct{ Body, ReceiptHandle string }
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", err
	}
	if len(got.Messages) != 1 {
		return "", fmt.Errorf("%d messages", len(got.Messages))
	}
	_, err = callQueue("DeleteMessage", map[string]any{"ReceiptHandle": got.Messages[0].ReceiptHandle})
	return "done: " + got.Messages[0].Body, err
}

func publish(text string) (string, error) {
	form := url.Values{
		"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {os.Getenv("TOPIC")}, "Message": {text},
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, err := call("sns", "POST", "/", header, form.Encode())
	return "done", err
}

func callQueue(action string, values map[string]any) ([]byte, error) {
	values["QueueUrl"] = os.Getenv("QUEUE")
	body, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AmazonSQS." + action}}
	return call("sqs", "POST", "/", header, string(body))
}

// call sends a signed request to a service of AWS. The error of a refused one is AWS's code.
func call(service, method, path string, header http.Header, body string) ([]byte, error) {
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "https://"+service+"."+os.Getenv("AWS_REGION")+".amazonaws.com")
	request, err := http.NewRequest(method, endpoint+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	signed := sigv4.Request{Method: method, Path: path, Body: []byte(body), Headers: []sigv4.Header{
		{Name: "host", Value: request.URL.Host},
		{Name: "x-amz-content-sha256", Value: sha256Of(body)},
	}}
	for name := range header {
		signed.Headers = append(signed.Headers, sigv4.Header{Name: name, Value: header.Get(name)})
	}
	sigv4.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}.Sign(&signed, os.Getenv("AWS_REGION"), service, time.Now())
	for _, h := range signed.Headers {
		request.Header.Set(h.Name, h.Value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s", code(response, content))
	}
	return content, err
}

// clients returns a client that signs requests to a service, and one that does not. Where AWS is
// emulated, all of AWS's names are at the emulator, which has no TLS, and an API has a name that
// does not show what it is.
func clients(address string) (plain, signing *http.Client) {
	transport := &webclient.Transport{}
	endpoint, found := strings.CutPrefix(os.Getenv("AWS_ENDPOINT_URL"), "http://")
	if !found {
		return http.DefaultClient, &http.Client{Transport: transport}
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, endpoint)
	}
	transport.Base = &http.Transport{DialContext: dial, DialTLSContext: dial}
	if u, err := url.Parse(address); err == nil && strings.HasSuffix(u.Hostname(), ".execute-api.localhost") {
		transport.Domains = []webclient.Domain{{Host: u.Hostname(), Service: webclient.APIGateway}}
	}
	return &http.Client{Transport: transport.Base}, &http.Client{Transport: transport}
}

// code finds the code of AWS's error, in JSON or in XML.
func code(response *http.Response, content []byte) string {
	var inJSON struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(content, &inJSON) == nil && inJSON.Type != "" {
		return inJSON.Type[strings.LastIndex(inJSON.Type, "#")+1:]
	}
	for decoder := xml.NewDecoder(bytes.NewReader(content)); ; {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Sprintf("status %d: %.200q", response.StatusCode, content)
		}
		var text string
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "Code" && decoder.DecodeElement(&text, &start) == nil {
			return text
		}
	}
}
