// Package buffer makes room in byte slices that are used again and again.
package buffer

// Grow makes room for n more bytes. It does not round up as append does: a
// buffer of megabytes is as large as the largest content so far, not twice that.
func Grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	larger := make([]byte, len(b), len(b)+n)
	copy(larger, b)
	return larger
}
