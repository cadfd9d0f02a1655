package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// png is the smallest beginning that is known as a picture.
const png = "\x89PNG\r\n\x1a\n"

func TestShop(t *testing.T) {
	memory := newMemory()
	server := httptest.NewServer((&shop{products: memory, photos: memory, orders: memory, key: "secret"}).handler())
	defer server.Close()

	for _, step := range []struct {
		name, method, path, key, body string
		status                        int
		want                          string // in the response's body
	}{
		{"healthy", "GET", "/healthz", "", "", 200, "ok"},
		{"an empty page", "GET", "/", "", "", 200, "Nothing to buy yet."},
		{"an empty list", "GET", "/products", "", "", 200, "[]"},
		{"no key", "POST", "/products", "", `{"name":"Tea","cents":350}`, 403, "send the API key"},
		{"a wrong key", "POST", "/products", "guess", `{"name":"Tea","cents":350}`, 403, "send the API key"},
		{"a product", "POST", "/products", "secret", `{"name":" Tea ","cents":350}`, 201, `{"id":1,"name":"Tea","cents":350}`},
		{"no JSON", "POST", "/products", "secret", `Tea`, 400, "send JSON"},
		{"no name", "POST", "/products", "secret", `{"cents":350}`, 400, "a product needs a name"},
		{"a negative price", "POST", "/products", "secret", `{"name":"Tea","cents":-1}`, 400, "cents of at least 0"},
		{"the list", "GET", "/products", "", "", 200, `[{"id":1,"name":"Tea","cents":350}]`},
		{"the page", "GET", "/", "", "", 200, "3.50"},
		{"no photo yet", "GET", "/products/1/photo", "", "", 404, "not found"},
		{"no picture", "PUT", "/products/1/photo", "secret", "text", 415, "send a picture"},
		{"a photo without the key", "PUT", "/products/1/photo", "", png, 403, "send the API key"},
		{"a photo", "PUT", "/products/1/photo", "secret", png, 204, ""},
		{"the photo", "GET", "/products/1/photo", "", "", 200, png},
		{"a photo of nothing", "GET", "/products/tea/photo", "", "", 404, "not found"},
		{"an order", "POST", "/orders", "", `{"product":1,"count":2}`, 201, `{"id":1,"product":1,"count":2}`},
		{"too many", "POST", "/orders", "", `{"product":1,"count":101}`, 400, "count must be between 1 and 100"},
		{"an order of nothing", "POST", "/orders", "", `{"product":7,"count":1}`, 404, "not found"},
	} {
		request, err := http.NewRequest(step.method, server.URL+step.path, strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		if step.key != "" {
			request.Header.Set("Authorization", "Bearer "+step.key)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != step.status || !strings.Contains(string(body), step.want) {
			t.Errorf("%s: got %d %q %v, want %d with %q", step.name, response.StatusCode, body, err, step.status, step.want)
		}
	}
	if len(memory.messages) != 1 || string(memory.messages[0]) != `{"id":1,"product":1,"count":2}` {
		t.Errorf("got the messages %q, want the order", memory.messages)
	}
}

// Without a key nobody may change anything, not even who sends none.
func TestNoKey(t *testing.T) {
	memory := newMemory()
	server := httptest.NewServer((&shop{products: memory, photos: memory, orders: memory}).handler())
	defer server.Close()
	request, _ := http.NewRequest("POST", server.URL+"/products", strings.NewReader(`{"name":"Tea"}`))
	request.Header.Set("Authorization", "Bearer ")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("got %d, want 403", response.StatusCode)
	}
}

// An address that does not work is an error without the password.
func TestOpen(t *testing.T) {
	variables := map[string]string{
		"DB_HOST": "db.example.com", "DB_PORT": "none", "DB_NAME": "shop", "DB_USER": "shop", "DB_PASSWORD": "hunter2",
	}
	_, err := open(context.Background(), func(name string) string { return variables[name] })
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got the error %v, want one without the password", err)
	}
	variables["DB_PORT"], variables["DB_PASSWORD"] = "5432", "a/b@c:d%e?f"
	shop, err := open(context.Background(), func(name string) string { return variables[name] })
	if err != nil {
		t.Fatal(err)
	}
	config := shop.products.(*database).pool.Config().ConnConfig
	if config.Password != "a/b@c:d%e?f" || config.Host != "db.example.com" || config.TLSConfig == nil {
		t.Errorf("got host %q and TLS %v, want all that the variables say", config.Host, config.TLSConfig != nil)
	}
}
