package lambdaevent

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strconv"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
)

// minCompress is the smallest body worth compressing; AWS Lambda Web Adapter
// has the same limit.
const minCompress = 32

// Compressible tells whether a response may be sent with gzip, and whether this
// client takes it so.
func Compressible(q *Request, r *http1.Response) (may, takes bool) {
	switch {
	case r.Done(), r.Length >= 0 && r.Length < minCompress,
		r.Status == 206, // a range is counted in bytes as they are
		len(r.Get("content-encoding")) > 0,
		r.Get("content-type") == nil || isBinaryType(r.Get("content-type")):
		return false, false
	}
	transform := true
	for _, f := range r.Fields {
		if ascii.EqualFold(f.Name, "cache-control") {
			ascii.EachMember(f.Value, func(token []byte) { transform = transform && !ascii.EqualFold(token, "no-transform") })
		}
	}
	return transform, transform && acceptsGzip(q)
}

// acceptsGzip reads the client's Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(q *Request) bool {
	named, any := -1.0, -1.0
	for _, f := range q.fields {
		if !ascii.EqualFold(f.Name, "accept-encoding") {
			continue
		}
		ascii.EachMember(f.Value, func(token []byte) {
			coding, rest, _ := bytes.Cut(token, []byte(";"))
			coding = bytes.TrimSpace(coding)
			weight := 1.0
			for param := range bytes.SplitSeq(rest, []byte(";")) {
				name, value, _ := bytes.Cut(param, []byte("="))
				if ascii.EqualFold(bytes.TrimSpace(name), "q") {
					weight, _ = strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
				}
			}
			switch {
			case ascii.EqualFold(coding, "gzip") || ascii.EqualFold(coding, "x-gzip"):
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

// Compressor keeps a gzip writer, which is 800 KB, between responses.
type Compressor struct {
	w   *gzip.Writer
	in  []byte
	out bytes.Buffer
}

// Read reads a response's body compressed, and changes its head to say so. No
// more than limit bytes come out, whatever size went in.
func (z *Compressor) Read(r *http1.Response, limit int) ([]byte, error) {
	if z.w == nil {
		z.w, z.in = gzip.NewWriter(nil), make([]byte, http1.ReadSize)
	}
	z.out.Reset()
	z.w.Reset(&z.out)
	for {
		n, err := r.Read(z.in)
		z.w.Write(z.in[:n]) // into memory: cannot fail
		if z.out.Len() > limit {
			return nil, http1.ErrTooLarge
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	z.w.Close()
	r.Fields = slices.DeleteFunc(r.Fields, func(f http1.Field) bool { return ascii.EqualFold(f.Name, "content-length") })
	r.Fields = append(r.Fields, http1.Field{Name: []byte("content-encoding"), Value: []byte("gzip")})
	// The bytes are not those that the server's strong validator stands for.
	for i, f := range r.Fields {
		if ascii.EqualFold(f.Name, "etag") && !bytes.HasPrefix(f.Value, []byte("W/")) {
			r.Fields[i].Value = append([]byte("W/"), f.Value...)
		}
	}
	return z.out.Bytes(), nil
}

// VaryByEncoding tells caches that the response depends on Accept-Encoding.
func VaryByEncoding(r *http1.Response) {
	for _, f := range r.Fields {
		if ascii.EqualFold(f.Name, "vary") {
			named := false
			ascii.EachMember(f.Value, func(token []byte) {
				named = named || ascii.EqualFold(token, "accept-encoding") || string(token) == "*"
			})
			if named {
				return
			}
		}
	}
	r.Fields = append(r.Fields, http1.Field{Name: []byte("vary"), Value: []byte("accept-encoding")})
}
