package http1

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// brittle is a connection that breaks after some bytes.
type brittle struct {
	sink
	room int
}

func (b *brittle) Write(p []byte) (int, error) {
	if len(p) > b.room {
		return 0, io.ErrClosedPipe
	}
	b.room -= len(p)
	return b.sink.Write(p)
}

// Around the sizes at which pieces begin and end, a body is sent as it was, also
// the second time, after a connection broke anywhere in the first.
func TestPayloadIsDecodedWhileItIsSent(t *testing.T) {
	const piece = decodePiece / 4 * 3
	for _, n := range []int{0, 1, 2, 3, 100, piece - 1, piece, piece + 1, piece + 2, piece + 3, 2*piece - 1, 2 * piece, 5*piece + 1000} {
		plain := randomBytes(n)
		for _, room := range []int{0, 100, piece + 100, 3 * piece} {
			p, err := Base64Body([]byte(base64.StdEncoding.EncodeToString(plain)))
			if err != nil || p.Size() != n {
				t.Fatalf("%d bytes: got the size %d, %v", n, p.Size(), err)
			}
			head := []byte("head")
			p.SendTo(&Conn{Conn: &brittle{room: room}}, head)
			for range 2 {
				whole := &sink{}
				if err := p.SendTo(&Conn{Conn: whole}, head); err != nil {
					t.Fatal(err)
				}
				if got := whole.written.Bytes(); !bytes.Equal(got, append(head[:4:4], plain...)) || p.Size() != n {
					t.Fatalf("%d bytes, broken after %d: got %d other ones", n, room, len(got))
				}
			}
		}
	}
}

func TestPayloadRefusesWhatIsNotBase64(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(randomBytes(decodePiece)) // more than a piece
	for _, test := range []struct{ name, text string }{
		{"another alphabet", long[:70_000] + "-" + long[70_001:]},
		{"padding at the end of a piece", long[:decodePiece-1] + "=" + long[decodePiece:]},
		{"padding in the middle of a piece", long[:1000] + "====" + long[1004:]},
		{"too much padding", long[:len(long)-4] + "A==="},
		{"a carriage return", long[:1000] + "\r" + long[1001:]},
		{"cut short", long[:len(long)-3]},
		{"short and bad", "%%%%"},
	} {
		p, err := Base64Body([]byte(test.text))
		if err == nil {
			err = p.SendTo(&Conn{Conn: &sink{}}, nil)
		}
		if !errors.Is(err, ErrBase64) {
			t.Errorf("%s: got %v, want an error", test.name, err)
		}
	}
	// Line breaks are what MIME's base64 has; encoding/base64 takes them too.
	wrapped := strings.Join([]string{long[:76], long[76:152], long[152:]}, "\r\n")
	if p, err := Base64Body([]byte(wrapped)); err != nil || p.Size() != decodePiece {
		t.Errorf("with line breaks: got %d bytes, %v", p.Size(), err)
	}
}

func randomBytes(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}
