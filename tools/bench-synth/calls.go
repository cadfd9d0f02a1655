package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// calls counts the calls to the CDK's Node process by kind, such as "get aws_iam.Role.roleArn".
type calls map[string]int

func (c calls) total() int {
	sum := 0
	for _, n := range c {
		sum += n
	}
	return sum
}

// readCalls counts what a Go program wrote to the Node process: one JSON object on each line.
func readCalls(requests io.Reader) (calls, error) {
	counted := calls{}
	for reader := bufio.NewReader(requests); ; {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return counted, nil
		}
		if err != nil {
			return nil, err
		}
		var request request
		if err := json.Unmarshal(line, &request); err != nil {
			return nil, fmt.Errorf("read a call to Node: %w", err)
		}
		counted[request.kind()]++
	}
}

// request is what of a call says its kind.
type request struct {
	API, FQN, Name, Method, Property string

	Object struct {
		Reference string `json:"$jsii.byref"` // a class and a number
	} `json:"objref"`

	Complete json.RawMessage // how Go gives a result back to a call of Node's
	Exit     json.RawMessage
}

// kind names the call: what it does, and to which member of which class.
func (r request) kind() string {
	switch {
	case r.Complete != nil:
		return "complete a call of Node's"
	case r.Exit != nil:
		return "exit"
	}
	class, _, _ := strings.Cut(cmp.Or(r.FQN, r.Object.Reference, r.Name), "@")
	if r.API == "load" {
		class = r.Name
	}
	class = strings.TrimPrefix(class, "aws-cdk-lib.")
	return r.API + " " + strings.Trim(class+"."+r.Method+r.Property, ".")
}

// printCalls writes the kinds of call of two programs side by side, the largest difference first.
func printCalls(out io.Writer, byHand, ours calls) {
	kinds := map[string]bool{}
	for _, counted := range []calls{byHand, ours} {
		for kind := range counted {
			kinds[kind] = true
		}
	}
	more := func(kind string) int { return ours[kind] - byHand[kind] }
	sorted := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(more(b)-more(a), strings.Compare(a, b))
	})
	fmt.Fprintf(out, "%8s %8s %8s  kind\n", "by hand", "cdkweb", "more")
	for _, kind := range sorted {
		fmt.Fprintf(out, "%8d %8d %+8d  %s\n", byHand[kind], ours[kind], more(kind), kind)
	}
	hand, all := byHand.total(), ours.total()
	fmt.Fprintf(out, "%8d %8d %+8d  all\n", hand, all, all-hand)
}
