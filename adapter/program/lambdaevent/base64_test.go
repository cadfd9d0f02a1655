package lambdaevent

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

func randomBytes(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// RFC 4648, 10 has the first vectors; the longer ones are checked against
// encoding/base64.
func TestBase64(t *testing.T) {
	sizes := []int{0, 1, 2, 3, 4, 5, 6, 767, 768, 769, 1000, 4095, 4096, 4097, 100_000}
	for _, n := range sizes {
		plain := randomBytes(n)
		want := base64.StdEncoding.EncodeToString(plain)
		if got := appendBase64([]byte("x"), plain); string(got) != "x"+want {
			t.Errorf("appendBase64 of %d bytes is wrong", n)
		}
	}
}

func BenchmarkEncodeBase64(b *testing.B) {
	plain := randomBytes(48 << 10)
	out := make([]byte, 0, 128<<10)
	b.Run("pairs", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			appendBase64(out, plain)
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			base64.StdEncoding.AppendEncode(out, plain)
		}
	})
}
