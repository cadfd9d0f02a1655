//go:build !linux && !darwin && !windows

package registry

func (system) process(int) (Process, int, bool) { return Process{}, 0, false }

func processSpace() string { return "" }

func ended(int) bool { return false }

func groupEnded(int) bool { return false }
