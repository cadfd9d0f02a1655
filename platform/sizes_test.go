package platform

import (
	"slices"
	"testing"
)

// Each CPU of a place with its least and most memory and the number of choices.
func TestSizes(t *testing.T) {
	t.Parallel()
	type row struct{ cpu, least, most, choices int }
	for _, test := range []struct {
		platform Platform
		want     []row
	}{
		{AppRunner, []row{
			{256, 512, 1024, 2},
			{512, 1024, 1024, 1},
			{1024, 2048, 4096, 3},
			{2048, 4096, 6144, 2},
			{4096, 8192, 12288, 3},
		}},
		{ECSExpress, []row{
			{256, 512, 2048, 3},
			{512, 1024, 4096, 4},
			{1024, 2048, 8192, 7},
			{2048, 4096, 16384, 13},
			{4096, 8192, 30720, 23},
			{8192, 16384, 61440, 12},
			{16384, 32768, 122880, 12},
		}},
	} {
		sizes := test.platform.Sizes
		var got []row
		for _, size := range sizes.Pairs {
			memory := slices.Compact(slices.Clone(size.Memory))
			if !slices.IsSorted(memory) {
				t.Errorf("%s: the memory of CPU %d is %d, want it in ascending order", test.platform.Name, size.CPU, memory)
			}
			if least := sizes.LeastMemory(size.CPU); least != memory[0] {
				t.Errorf("%s: got %d as the least memory of %d, want %d", test.platform.Name, least, size.CPU, memory[0])
			}
			got = append(got, row{size.CPU, memory[0], memory[len(memory)-1], len(memory)})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got  %v\nwant %v", test.platform.Name, got, test.want)
		}
		for _, cpu := range []int{0, -1, 100} {
			if least := sizes.LeastMemory(cpu); least != 0 {
				t.Errorf("%s: got %d as the least memory of CPU %d, which is not sold", test.platform.Name, least, cpu)
			}
		}
	}
}

// Sizes are written as the place itself writes them.
func TestSizesInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		platform            Platform
		cpu, memory         int
		wantCPU, wantMemory string
	}{
		{AppRunner, 256, 512, "0.25 vCPU", "0.5 GB"},
		{AppRunner, 4096, 12288, "4 vCPU", "12 GB"},
		{AppRunner, 300, 100, "0.29296875 vCPU", "0.09765625 GB"},
		{ECSExpress, 256, 512, "256", "512"},
	} {
		sizes := test.platform.Sizes
		if cpu, memory := sizes.CPU(test.cpu), sizes.Memory(test.memory); cpu != test.wantCPU || memory != test.wantMemory {
			t.Errorf("%s: got %q and %q, want %q and %q", test.platform.Name, cpu, memory, test.wantCPU, test.wantMemory)
		}
	}
}
