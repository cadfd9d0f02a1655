package difftest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// count returns how many random files a test shall make.
func count(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("DIFFTEST_COUNT")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("DIFFTEST_COUNT must be a number above 0, got %q", text)
	}
	return n
}

// source returns random numbers: the same in every usual run, so that a change is judged by itself,
// and new ones if DIFFTEST_COUNT asks for another number of files. It says how to have them again.
func source(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(1)
	if os.Getenv("DIFFTEST_COUNT") != "" {
		seed = rand.Uint64()
	}
	if text := os.Getenv("DIFFTEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("DIFFTEST_SEED: %v", err)
		}
	}
	t.Logf("DIFFTEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// join joins up to n random pieces.
func join(r *rand.Rand, n int, separator string, piece func() string) string {
	pieces := make([]string, 1+r.IntN(n))
	for i := range pieces {
		pieces[i] = piece()
	}
	return strings.Join(pieces, separator)
}
