// Package sigv4 signs requests to AWS with Signature Version 4. [Credentials.Sign]
// adds the headers that a request needs.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Credentials are who signs.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for credentials that do not expire
}

// Header is one line of a request's head.
type Header struct{ Name, Value string }

// Request is what is signed: all of its headers are.
type Request struct {
	Method  string
	Path    string // as it stands in the request line
	Query   string // the same, without the question mark
	Headers []Header
	Body    []byte
}

// Sign adds the headers x-amz-date, x-amz-security-token if there is a token,
// and authorization. The headers must hold the host.
func (c Credentials) Sign(r *Request, region, service string, now time.Time) {
	date := now.UTC().Format("20060102T150405Z")
	r.Headers = append(r.Headers, Header{"x-amz-date", date})
	if c.SessionToken != "" {
		r.Headers = append(r.Headers, Header{"x-amz-security-token", c.SessionToken})
	}
	canonical, signed := r.canonical()
	scope := date[:8] + "/" + region + "/" + service + "/aws4_request"
	key := []byte("AWS4" + c.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	signature := sum(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hash([]byte(canonical)))
	r.Headers = append(r.Headers, Header{"authorization", "AWS4-HMAC-SHA256 Credential=" + c.AccessKeyID + "/" + scope +
		", SignedHeaders=" + signed + ", Signature=" + hex.EncodeToString(signature)})
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// canonical returns the canonical request, and the names of the headers in it.
func (r *Request) canonical() (request, signed string) {
	values := map[string][]string{}
	var names []string
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], strings.Join(strings.Fields(h.Value), " "))
	}
	slices.Sort(names)
	signed = strings.Join(names, ";")
	lines := []string{r.Method, canonicalPath(r.Path), canonicalQuery(r.Query)}
	for _, name := range names {
		lines = append(lines, name+":"+strings.Join(values[name], ","))
	}
	lines = append(lines, "", signed, hash(r.Body))
	return strings.Join(lines, "\n"), signed
}

// canonicalPath resolves dots and joins slashes, and encodes what is left once
// more, as all services but S3 want it.
func canonicalPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return encode(clean, "/")
}

// canonicalQuery encodes names and values in the one way that counts, and sorts.
func canonicalQuery(query string) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, [2]string{encode(decode(name), ""), encode(decode(value), "")})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	texts := make([]string, len(pairs))
	for i, pair := range pairs {
		texts[i] = pair[0] + "=" + pair[1]
	}
	return strings.Join(texts, "&")
}

// decode leaves a text alone that is not encoded.
func decode(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

// encode encodes all bytes but the unreserved ones of RFC 3986 and those in keep.
func encode(text, keep string) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.IndexByte("-._~", c) >= 0, strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upper[c>>4])
			b.WriteByte(upper[c&15])
		}
	}
	return b.String()
}
