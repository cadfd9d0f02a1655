package ecsweb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sizes are the pairs of CPU units and MiB of memory that Fargate runs Linux tasks with, from the ECS API's RegisterTaskDefinition
// (parameter cpu).
var sizes = []struct {
	cpu    int
	memory []int
}{
	{256, []int{512, 1024, 2048}},
	{512, steps(1024, 4096, 1024)},
	{1024, steps(2048, 8192, 1024)},
	{2048, steps(4096, 16384, 1024)},
	{4096, steps(8192, 30720, 1024)},
	{8192, steps(16384, 61440, 4096)},
	{16384, steps(32768, 122880, 8192)},
}

func steps(least, most, step int) []int {
	var all []int
	for n := least; n <= most; n += step {
		all = append(all, n)
	}
	return all
}

// leastMemory is the smallest memory that goes with a CPU, or 0 where there is no such CPU.
func leastMemory(cpu int) int {
	for _, size := range sizes {
		if size.cpu == cpu {
			return size.memory[0]
		}
	}
	return 0
}

// validateSize checks that Fargate has the pair of CPU and memory, and names the nearest that it has.
func validateSize(cpu, memory int) []error {
	var cpus, withMemory, allMemory, withCPU []int
	for _, size := range sizes {
		cpus = append(cpus, size.cpu)
		allMemory = append(allMemory, size.memory...)
		if slices.Contains(size.memory, memory) {
			withMemory = append(withMemory, size.cpu)
		}
		if size.cpu == cpu {
			withCPU = size.memory
		}
	}
	var errs []error
	if withCPU == nil {
		errs = append(errs, fmt.Errorf("CPU must be one of %s units, got %d; the nearest is %s", list(cpus, ", "), cpu, list(nearest(cpus, cpu), " or ")))
	}
	if memory != 0 && withMemory == nil && withCPU == nil {
		slices.Sort(allMemory)
		allMemory = slices.Compact(allMemory)
		errs = append(errs, fmt.Errorf("Memory must be one that Fargate has, from %d to %d MiB, got %d; the nearest is %s",
			allMemory[0], allMemory[len(allMemory)-1], memory, list(nearest(allMemory, memory), " or ")))
	}
	if withCPU == nil || slices.Contains(withCPU, memory) {
		return errs
	}
	more := ""
	if withMemory != nil {
		more = fmt.Sprintf(", or for Memory %d choose CPU %s", memory, list(nearest(withMemory, cpu), " or "))
	}
	return append(errs, fmt.Errorf("Fargate does not run CPU %d with Memory %d; with CPU %[1]d choose Memory %[3]s%[4]s",
		cpu, memory, list(nearest(withCPU, memory), " or "), more))
}

// nearest returns the choices on both sides of a value that is none of them, or the only one where it lies beyond an end.
func nearest(choices []int, value int) []int {
	i, _ := slices.BinarySearch(choices, value)
	return choices[max(i-1, 0):min(i+1, len(choices))]
}

func list(numbers []int, separator string) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, separator)
}
