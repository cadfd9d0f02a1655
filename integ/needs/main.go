// Command needs is a web server that says what it was given: the secrets in its environment, and
// what it may do with a bucket, a queue, a topic and other services. Its pages are below any one folder, because
// load balancers pass paths on as they are.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	http.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("GET /{folder}/environment", environment)
	http.HandleFunc("POST /{folder}/errands", errands)
	http.HandleFunc("GET /{folder}/calls", calls)
	log.Print("listening on ", os.Getenv("PORT"))
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

// environment shows variables: values of secrets as hash shows them, and the names of those that
// the server should not see. With ?hold=1s it takes its time.
func environment(w http.ResponseWriter, r *http.Request) {
	if hold, err := time.ParseDuration(r.FormValue("hold")); err == nil {
		time.Sleep(hold)
	}
	shown := map[string]string{"MODE": os.Getenv("MODE")}
	for _, pair := range os.Environ() {
		switch name, value, _ := strings.Cut(pair, "="); {
		case name == "PASSWORD", name == "API_KEY":
			shown[name] = hash(value)
		case strings.HasPrefix(name, "CDKWEB_SECRET_"):
			shown[name] = "seen"
		}
	}
	show(w, shown)
}

// hash is what may be shown of a secret.
func hash(value string) string { return sha256Of(value)[:12] }

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// errands does what the server may or may not do, and shows what came of it: "done", or the code of
// AWS's error.
func errands(w http.ResponseWriter, r *http.Request) {
	text := r.FormValue("text")
	shown := map[string]string{}
	for name, run := range map[string]func(text string) (string, error){
		"put": put, "get": get, "send": send, "receive": receive, "publish": publish,
	} {
		result, err := run(text)
		if err != nil {
			result = err.Error()
		}
		shown[name] = result
	}
	show(w, shown)
}

// calls asks the services that take signed requests alone, and shows the status of the response to
// a request that is signed, and to one that is not.
func calls(w http.ResponseWriter, r *http.Request) {
	shown := map[string]string{}
	for _, name := range []string{"CLOSED_URL", "CLOSED_API"} {
		url := os.Getenv(name)
		plain, signing := clients(url)
		shown[name] = status(signing, url+"/called/environment")
		shown[name+" unsigned"] = status(plain, url+"/called/environment")
	}
	show(w, shown)
}

func status(client *http.Client, url string) string {
	response, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	response.Body.Close()
	return strconv.Itoa(response.StatusCode)
}

func show(w http.ResponseWriter, shown map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(shown); err != nil {
		log.Print(err)
	}
}
