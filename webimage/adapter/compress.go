package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strconv"
)

// minCompress is the smallest body worth compressing; AWS Lambda Web Adapter
// has the same limit.
const minCompress = 32

// compressible tells whether a response may be sent with gzip, and whether this
// client takes it so.
func compressible(q *request, r *response) (may, takes bool) {
	switch {
	case r.body == bodyDone, r.length >= 0 && r.length < minCompress,
		r.status == 206, // a range is counted in bytes as they are
		len(r.get("content-encoding")) > 0,
		r.get("content-type") == nil || isBinaryType(r.get("content-type")):
		return false, false
	}
	transform := true
	for _, f := range r.fields {
		if equalFold(f.name, "cache-control") {
			eachToken(f.value, func(token []byte) { transform = transform && !equalFold(token, "no-transform") })
		}
	}
	return transform, transform && acceptsGzip(q)
}

// acceptsGzip reads the client's Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(q *request) bool {
	named, any := -1.0, -1.0
	for _, f := range q.fields {
		if !equalFold(f.name, "accept-encoding") {
			continue
		}
		eachToken(f.value, func(token []byte) {
			coding, rest, _ := bytes.Cut(token, []byte(";"))
			coding = bytes.TrimSpace(coding)
			weight := 1.0
			for param := range bytes.SplitSeq(rest, []byte(";")) {
				name, value, _ := bytes.Cut(param, []byte("="))
				if equalFold(bytes.TrimSpace(name), "q") {
					weight, _ = strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
				}
			}
			switch {
			case equalFold(coding, "gzip") || equalFold(coding, "x-gzip"):
				named = max(named, weight)
			case string(coding) == "*":
				any = weight
			}
		})
	}
	if named >= 0 {
		return named > 0
	}
	return any > 0
}

// compressor keeps a gzip writer, which is 800 KB, between responses.
type compressor struct {
	w   *gzip.Writer
	in  []byte
	out bytes.Buffer
}

// read reads a response's body compressed, and changes its head to say so. No
// more than limit bytes come out, whatever size went in.
func (z *compressor) read(r *response, limit int) ([]byte, error) {
	if z.w == nil {
		z.w, z.in = gzip.NewWriter(nil), make([]byte, readSize)
	}
	z.out.Reset()
	z.w.Reset(&z.out)
	for {
		n, err := r.Read(z.in)
		z.w.Write(z.in[:n]) // into memory: cannot fail
		if z.out.Len() > limit {
			return nil, errTooLarge
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	z.w.Close()
	r.fields = slices.DeleteFunc(r.fields, func(f field) bool { return equalFold(f.name, "content-length") })
	r.fields = append(r.fields, field{[]byte("content-encoding"), []byte("gzip")})
	// The bytes are not those that the server's strong validator stands for.
	for i, f := range r.fields {
		if equalFold(f.name, "etag") && !bytes.HasPrefix(f.value, []byte("W/")) {
			r.fields[i].value = append([]byte("W/"), f.value...)
		}
	}
	return z.out.Bytes(), nil
}

// varyByEncoding tells caches that the response depends on Accept-Encoding.
func varyByEncoding(r *response) {
	for _, f := range r.fields {
		if equalFold(f.name, "vary") {
			named := false
			eachToken(f.value, func(token []byte) {
				named = named || equalFold(token, "accept-encoding") || string(token) == "*"
			})
			if named {
				return
			}
		}
	}
	r.fields = append(r.fields, field{[]byte("vary"), []byte("accept-encoding")})
}
