package main

import (
	"maps"
	"strings"
	"testing"
)

func TestReadCalls(t *testing.T) {
	t.Parallel()
	got, err := readCalls(strings.NewReader(`{"api":"load","name":"@aws-cdk/asset-awscli-v1"}
{"api":"create","fqn":"aws-cdk-lib.aws_iam.Role","args":[{"$jsii.byref":"constructs.Construct@3"}]}
{"api":"create","fqn":"constructs.Construct","args":[]}
{"api":"get","property":"roleArn","objref":{"$jsii.byref":"aws-cdk-lib.aws_iam.Role@10010"}}
{"api":"get","property":"roleArn","objref":{"$jsii.byref":"aws-cdk-lib.aws_iam.Role@10011"}}
{"api":"invoke","method":"addDependency","objref":{"$jsii.byref":"constructs.Node@10014"}}
{"api":"sinvoke","fqn":"aws-cdk-lib.Stack","method":"of","args":[]}
{"complete":{"cbid":"jsii::callback::20000","result":null}}
{"exit":0}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := calls{
		"load @aws-cdk/asset-awscli-v1":        1,
		"create aws_iam.Role":                  1,
		"create constructs.Construct":          1,
		"get aws_iam.Role.roleArn":             2,
		"invoke constructs.Node.addDependency": 1,
		"sinvoke Stack.of":                     1,
		"complete a call of Node's":            1,
		"exit":                                 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := got.total(); n != 9 {
		t.Errorf("got %d calls, want 9", n)
	}
	if _, err := readCalls(strings.NewReader("no JSON\n")); err == nil {
		t.Error("got no error for a line that is no JSON")
	}
}

func TestPrintCalls(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printCalls(&out, calls{"create A": 3, "get B": 1}, calls{"create A": 1, "get C": 20})
	const want = `
 by hand   cdkweb     more  kind
       0       20      +20  get C
       1        0       -1  get B
       3        1       -2  create A
       4       21      +17  all
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
