package main

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// product is something to buy.
type product struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
}

// order is what somebody bought.
type order struct {
	ID      int64 `json:"id"`
	Product int64 `json:"product"`
	Count   int   `json:"count"`
}

// products keeps products and orders.
type products interface {
	List(ctx context.Context) ([]product, error)
	Add(ctx context.Context, p product) (product, error)

	// Order keeps an order if announce succeeds, which is told the order with its id.
	Order(ctx context.Context, o order, announce func(order) error) (order, error)
}

// photos keeps a photo for each product.
type photos interface {
	Put(ctx context.Context, name string, photo []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// orders tells those who pack.
type orders interface {
	Send(ctx context.Context, message []byte) error
}

// errNotFound is returned for a product or photo that is not there.
var errNotFound = errors.New("not found")

type shop struct {
	products products
	photos   photos
	orders   orders
	key      string
}

// timeout bounds the work on one request, so that a client gets a response before a gateway gives up
// (API Gateway: 30 s).
const timeout = 15 * time.Second

func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /{$}", respond(s.page))
	mux.HandleFunc("GET /products", respond(s.list))
	mux.HandleFunc("POST /products", respond(s.withKey(s.add)))
	mux.HandleFunc("PUT /products/{id}/photo", respond(s.withKey(s.putPhoto)))
	mux.HandleFunc("GET /products/{id}/photo", respond(s.photo))
	mux.HandleFunc("POST /orders", respond(s.order))
	return mux
}

// failure is an error that clients may read.
type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

// respond makes a handler of a function that fails.
func respond(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		err := handle(w, r.WithContext(ctx))
		var known failure
		switch {
		case err == nil:
		case errors.As(err, &known):
			http.Error(w, known.text, known.status)
		case errors.Is(err, errNotFound):
			http.Error(w, "not found", http.StatusNotFound)
		default:
			slog.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			http.Error(w, "the shop has a problem; try again later", http.StatusInternalServerError)
		}
	}
}

// withKey lets only those in who send the API key.
func (s *shop) withKey(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.key == "" || subtle.ConstantTimeCompare([]byte(key), []byte(s.key)) != 1 {
			return failure{http.StatusForbidden, "send the API key: Authorization: Bearer KEY"}
		}
		return handle(w, r)
	}
}

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"price": func(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) },
}).Parse(pageHTML))

func (s *shop) page(w http.ResponseWriter, r *http.Request) error {
	all, err := s.products.List(r.Context())
	if err != nil {
		return err
	}
	return pageTemplate.Execute(w, all)
}

func (s *shop) list(w http.ResponseWriter, r *http.Request) error {
	all, err := s.products.List(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, all)
}

func (s *shop) add(w http.ResponseWriter, r *http.Request) error {
	var p product
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" || p.Cents < 0 {
		return failure{http.StatusBadRequest, "a product needs a name, and cents of at least 0"}
	}
	added, err := s.products.Add(r.Context(), p)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, added)
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) error {
	var o order
	if err := readJSON(w, r, &o); err != nil {
		return err
	}
	if o.Count < 1 || o.Count > 100 {
		return failure{http.StatusBadRequest, "count must be between 1 and 100"}
	}
	kept, err := s.products.Order(r.Context(), o, func(o order) error {
		message, err := json.Marshal(o)
		if err != nil {
			return err
		}
		return s.orders.Send(r.Context(), message)
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, kept)
}

// maxPhoto is what each hosting takes as a request: Lambda's limit is 6 MB with base64.
const maxPhoto = 4 << 20

func (s *shop) putPhoto(w http.ResponseWriter, r *http.Request) error {
	name, err := photoName(r)
	if err != nil {
		return err
	}
	photo, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPhoto))
	if err != nil {
		return failure{http.StatusRequestEntityTooLarge, "a photo has at most 4 MB"}
	}
	if !strings.HasPrefix(http.DetectContentType(photo), "image/") {
		return failure{http.StatusUnsupportedMediaType, "send a picture"}
	}
	if err := s.photos.Put(r.Context(), name, photo); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *shop) photo(w http.ResponseWriter, r *http.Request) error {
	name, err := photoName(r)
	if err != nil {
		return err
	}
	photo, err := s.photos.Get(r.Context(), name)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", http.DetectContentType(photo))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(photo)
	return err
}

// photoName is the name in the bucket.
func photoName(r *http.Request) (string, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return "", errNotFound
	}
	return fmt.Sprintf("products/%d", id), nil
}

func readJSON(w http.ResponseWriter, r *http.Request, value any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(value); err != nil {
		return failure{http.StatusBadRequest, "send JSON: " + err.Error()}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(value)
}
