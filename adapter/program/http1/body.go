package http1

import (
	"bytes"
	"encoding/base64"
	"errors"
)

// Body is a request's body. One that came as base64 is decoded in its own
// place, piece by piece while it is being sent, so that the server reads one
// piece while the next is decoded. What was decoded stays, so that the body can
// be sent again.
type Body struct {
	data   []byte
	ready  int    // so many bytes of data are decoded
	base64 []byte // what is not: the end of data's memory
	length int    // of the whole, decoded
}

// decodePiece is how many characters of base64 are decoded at once, a multiple
// of 4.
const decodePiece = 64 << 10

// BodyOf is a body as it is.
func BodyOf(data []byte) Body { return Body{data: data, ready: len(data)} }

// Base64Body makes a body of base64, whose memory it takes. It checks what it can without
// looking at all of the text: how long it will be. A short one is decoded at once.
func Base64Body(text []byte) (Body, error) {
	if len(text) > decodePiece && len(text)%4 == 0 && bytes.IndexByte(text, '\n') < 0 {
		length := base64.StdEncoding.DecodedLen(len(text))
		for _, c := range text[len(text)-2:] {
			if c == '=' {
				length--
			}
		}
		return Body{data: text, base64: text, length: length}, nil
	}
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil {
		return Body{}, ErrBase64
	}
	return Body{data: text[:n], ready: n}, nil
}

// ErrBase64 says that a body is not the base64 that it should be.
var ErrBase64 = errors.New("the body is not base64")

// Size is the length of the decoded body.
func (p *Body) Size() int {
	if len(p.base64) == 0 {
		return p.ready
	}
	return p.length
}

// SendTo sends a head and the body.
func (p *Body) SendTo(c *Conn, head []byte) error {
	if err := c.WriteBoth(head, p.data[:p.ready]); err != nil {
		return err
	}
	for len(p.base64) > 0 {
		piece := p.base64[:min(len(p.base64), decodePiece)]
		// Three bytes replace four, so the decoder's writes stay behind its reads.
		n, err := base64.StdEncoding.Decode(p.data[p.ready:], piece)
		if err != nil || n < len(piece)/4*3 && p.ready+n != p.length {
			return ErrBase64
		}
		decoded := p.data[p.ready : p.ready+n]
		p.ready += n
		p.base64 = p.base64[len(piece):]
		if _, err := c.Conn.Write(decoded); err != nil {
			return err
		}
	}
	return nil
}
