package webclient_test

import (
	"fmt"
	"log"
	"net/http"
	"os"

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
