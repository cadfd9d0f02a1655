package check_test

import (
	"errors"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/platform"
)

var sizes = platform.Sizes{
	Pairs:  []platform.Size{{CPU: 1, Memory: []int{2, 3}}, {CPU: 2, Memory: []int{4}}, {CPU: 4, Memory: []int{4, 8}}},
	CPU:    strconv.Itoa,
	Memory: strconv.Itoa,
}

func TestSentences(t *testing.T) {
	t.Parallel()
	name := check.NameRule{Pattern: regexp.MustCompile(`^[a-z]+$`), Least: 2, Most: 4, Words: "lower-case letters"}
	for _, test := range []struct {
		check func(l *check.List)
		want  string
	}{
		{func(l *check.List) { l.Between("A.B", 5, 1, 5, "MB") }, ""},
		{func(l *check.List) { l.Between("A.B", 6, 1, 5, "MB") }, "A.B must be between 1 and 5 MB, got 6"},
		{func(l *check.List) { l.Between("A.B", 0, 1, 5, "") }, "A.B must be between 1 and 5, got 0"},
		{func(l *check.List) { l.AtLeast("A.B", 1, 1) }, ""},
		{func(l *check.List) { l.AtLeast("A.B", 0, 1) }, "A.B must be at least 1, got 0"},
		{func(l *check.List) { l.NotGreater("A.Min", 2, "A.Max", 2) }, ""},
		{func(l *check.List) { l.NotGreater("A.Min", 3, "A.Max", 2) },
			"A.Min must not be greater than Max, got 3 and 2; lower the one or raise the other"},
		{func(l *check.List) { l.OneOf("A.B", "x", []string{"x", "y"}) }, ""},
		{func(l *check.List) { l.OneOf("A.B", "", []string{"x", "y"}) }, ""},
		{func(l *check.List) { l.OneOf("A.B", "${Token[T.1]}", []string{"x", "y"}) }, ""},
		{func(l *check.List) { l.OneOf("A.B", "z", []string{"x", "y"}) }, `A.B must be x or y, got "z"`},
		{func(l *check.List) { l.OneOf("A.B", "z", []string{"x", "y", "w"}, "p.X", "p.Y", "p.W") }, `A.B must be p.X, p.Y or p.W, got "z"`},
		{func(l *check.List) { l.WholeSeconds("A.B", time.Second, time.Second, time.Minute) }, ""},
		{func(l *check.List) { l.WholeSeconds("A.B", 1500*time.Millisecond, time.Second, time.Minute) },
			"A.B must be whole seconds from 1s to 60s, got 1.5s"},
		{func(l *check.List) { l.Name("A.B", "abcd", name) }, ""},
		{func(l *check.List) { l.Name("A.B", "", name) }, ""},
		{func(l *check.List) { l.Name("A.B", "abcde", name) }, `A.B must have 2 to 4 lower-case letters, got "abcde" (5)`},
		{func(l *check.List) { l.Excludes("A.B", false, []string{"C"}, "") }, ""},
		{func(l *check.List) { l.Excludes("A.B", true, []string{"C", "D", "E"}, "leave them out") }, "A.B excludes C, D and E; leave them out"},
		{func(l *check.List) { l.Size("A.CPU", "A.Memory", sizes, 1, 3) }, ""},
		{func(l *check.List) { l.Size("A.CPU", "A.Memory", sizes, 3, 4) },
			"A.CPU must be 1, 2 or 4, got 3; the nearest is 2 or 4"},
		{func(l *check.List) { l.Size("A.CPU", "A.Memory", sizes, 8, 5) },
			"A.CPU must be 1, 2 or 4, got 8; the nearest is 4\nA.Memory must be from 2 to 8, got 5; the nearest is 4 or 8"},
		{func(l *check.List) { l.Size("A.CPU", "A.Memory", sizes, 1, 4) },
			"A.Memory is 4, which is not sold with CPU 1; choose Memory 3, or CPU 2"},
		{func(l *check.List) { l.Size("A.CPU", "A.Memory", sizes, 1, 9) }, "A.Memory is 9, which is not sold with CPU 1; choose Memory 3"},
		{func(l *check.List) { l.Add(check.Problem{Field: "A", Err: errors.New("it broke")}) }, "A: it broke"},
	} {
		var list check.List
		test.check(&list)
		got := ""
		if err := list.Err(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
