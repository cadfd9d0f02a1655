package webclient_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/cdkweb/cdkweb/webclient"
)

func Example() {
	client := &http.Client{Transport: &webclient.Transport{}}
	response, err := client.Get(os.Getenv("API_URL") + "/orders")
	if err != nil {
		log.Print(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
}

// An API that clients reach by a domain of its own.
func Example_domain() {
	client := &http.Client{Transport: &webclient.Transport{
		Domains: []webclient.Domain{{Host: "api.example.com", Service: webclient.APIGateway}},
	}}
	response, err := client.Get("https://api.example.com/orders")
	if err != nil {
		log.Print(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
}

// A test of your own needs no AWS: the server of httptest is a Domain, with made-up credentials. It
// has to be one with TLS if your code wants https, and then Base is what trusts its certificate.
func Example_test() {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get("Authorization")
		fmt.Println(r.URL.Path, strings.HasPrefix(signature, "AWS4-HMAC-SHA256 Credential=test/"))
	}))
	defer server.Close()
	client := &http.Client{Transport: &webclient.Transport{
		Domains: []webclient.Domain{
			{Host: "127.0.0.1", Service: webclient.Lambda, Region: "eu-west-1"},
		},
		Credentials: func(context.Context) (webclient.Credentials, error) {
			return webclient.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		},
		Base: server.Client().Transport,
	}}
	response, err := client.Get(server.URL + "/orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
	// Output:
	// /orders true
	// 200 OK
}
