package registry

import (
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const after = " S 12 34 56 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3"
	for _, name := range []string{"sh", "a) S 1 (b", ""} {
		p, parent, ok := parseStat(7, "7 ("+name+")"+after)
		if !ok || parent != 12 || p != (Process{7, "98765"}) {
			t.Errorf("the program %q is %+v, parent %d, %v", name, p, parent, ok)
		}
	}
	for _, text := range []string{"", "7 (sh) S 12", "7 (sh) S x 34 56 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9"} {
		if p, _, ok := parseStat(7, text); ok {
			t.Errorf("%q is %+v", text, p)
		}
	}
	self, parent, ok := system{}.process(os.Getpid())
	if !ok || parent != os.Getppid() || self.Start == "" || !self.alive(system{}) {
		t.Errorf("this process is %+v, parent %d, %v", self, parent, ok)
	}
}
