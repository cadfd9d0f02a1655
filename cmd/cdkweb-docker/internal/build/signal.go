package build

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// signals are the names that STOPSIGNAL may have beside the real-time ones, with or without SIG.
var signals = strings.Fields(`ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF
	PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ
	RTMIN RTMAX`)

// checkSignal refuses what BuildKit refuses as a signal.
func checkSignal(text string) error {
	if n, err := strconv.Atoi(text); err == nil && n != 0 {
		return nil
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if slices.Contains(signals, name) {
		return nil
	}
	for start, most := range map[string]int{"RTMIN+": 15, "RTMAX-": 14} {
		offset, ok := strings.CutPrefix(name, start)
		n, err := strconv.Atoi(offset)
		if ok && err == nil && n >= 1 && n <= most && strconv.Itoa(n) == offset {
			return nil
		}
	}
	return fmt.Errorf("STOPSIGNAL must be a signal of Linux, such as SIGTERM or 15, got %q", text)
}
