package ecsweb

import (
	"strings"
	"testing"
)

// The table is Fargate's: each CPU with its least and most memory and the number of choices (RegisterTaskDefinition, parameter cpu).
func TestSizes(t *testing.T) {
	t.Parallel()
	want := []struct{ cpu, least, most, choices int }{
		{256, 512, 2048, 3},
		{512, 1024, 4096, 4},
		{1024, 2048, 8192, 7},
		{2048, 4096, 16384, 13},
		{4096, 8192, 30720, 23},
		{8192, 16384, 61440, 12},
		{16384, 32768, 122880, 12},
	}
	if len(sizes) != len(want) {
		t.Fatalf("got %d sizes of CPU, want %d", len(sizes), len(want))
	}
	for i, size := range sizes {
		got := want[i]
		got.cpu, got.least, got.most, got.choices = size.cpu, size.memory[0], size.memory[len(size.memory)-1], len(size.memory)
		if got != want[i] {
			t.Errorf("got %+v, want %+v", got, want[i])
		}
		for _, memory := range size.memory {
			if errs := validateSize(size.cpu, memory); len(errs) > 0 {
				t.Errorf("CPU %d with memory %d: %v", size.cpu, memory, errs)
			}
		}
		if leastMemory(size.cpu) != size.memory[0] {
			t.Errorf("got %d as the least memory of %d, want %d", leastMemory(size.cpu), size.cpu, size.memory[0])
		}
	}
}

// Every pair that Fargate does not have is refused with a pair that it has.
func TestSizesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		for memory := 0; memory <= 131072; memory += 256 {
			legal := false
			for _, m := range size.memory {
				legal = legal || m == memory
			}
			errs := validateSize(size.cpu, memory)
			if legal != (len(errs) == 0) {
				t.Fatalf("CPU %d with memory %d: got %v", size.cpu, memory, errs)
			}
			if !legal && !strings.Contains(errs[0].Error(), "choose Memory ") {
				t.Fatalf("CPU %d with memory %d: %v names no other", size.cpu, memory, errs)
			}
		}
	}
}
