package settings

import (
	"fmt"
	"strconv"
	"strings"
)

// StatusSet is a set of HTTP statuses, as ranges with both ends.
type StatusSet [][2]int

// Has tells whether a status is in the set.
func (s StatusSet) Has(status int) bool {
	for _, r := range s {
		if r[0] <= status && status <= r[1] {
			return true
		}
	}
	return false
}

func (s StatusSet) String() string {
	var parts []string
	for _, r := range s {
		if r[0] == r[1] {
			parts = append(parts, strconv.Itoa(r[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
	}
	return strings.Join(parts, ",")
}

// ParseStatusSet reads a list such as "500,502-504".
func ParseStatusSet(v string) (StatusSet, bool) {
	var set StatusSet
	for part := range strings.SplitSeq(v, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
			return nil, false
		}
		set = append(set, [2]int{from, to})
	}
	return set, true
}
