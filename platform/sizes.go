package platform

import "strconv"

// Sizes are the pairs of CPU and memory that a place sells, and how they are written.
type Sizes struct {
	Pairs       []Size
	CPU, Memory func(int) string
}

// Size is a CPU and the memory that it is sold with, in ascending order.
type Size struct {
	CPU    int // units: 1024 are one vCPU
	Memory []int
}

// LeastMemory is the smallest memory that goes with a CPU, or 0 if there is no such CPU.
func (s Sizes) LeastMemory(cpu int) int {
	for _, size := range s.Pairs {
		if size.CPU == cpu {
			return size.Memory[0]
		}
	}
	return 0
}

// appRunnerSizes are units and MB. App Runner developer guide, "Supported CPU and memory
// configurations".
var appRunnerSizes = []Size{
	{256, []int{512, 1024}},
	{512, []int{1024}},
	{1024, []int{2048, 3072, 4096}},
	{2048, []int{4096, 6144}},
	{4096, []int{8192, 10240, 12288}},
}

// vCPU and gigabytes write sizes as App Runner does: "0.25 vCPU", "0.5 GB".
func vCPU(
	units int,
) string {
	return strconv.FormatFloat(float64(units)/1024, 'f', -1, 64) + " vCPU"
}
func gigabytes(megabytes int) string {
	return strconv.FormatFloat(float64(megabytes)/1024, 'f', -1, 64) + " GB"
}

// fargateSizes are units and MiB, for Linux tasks. ECS API reference, RegisterTaskDefinition,
// parameter cpu.
var fargateSizes = []Size{
	{256, []int{512, 1024, 2048}},
	{512, steps(1024, 4096, 1024)},
	{1024, steps(2048, 8192, 1024)},
	{2048, steps(4096, 16384, 1024)},
	{4096, steps(8192, 30720, 1024)},
	{8192, steps(16384, 61440, 4096)},
	{16384, steps(32768, 122880, 8192)},
}

// steps are the numbers from least to most.
func steps(least, most, step int) []int {
	var all []int
	for n := least; n <= most; n += step {
		all = append(all, n)
	}
	return all
}
