package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	const template = `{"Resources": {"A": {"Type": "AWS::IAM::Role"}, "B": {"Type": "AWS::IAM::Role"}, "C": {"Type": "AWS::Lambda::Function"}}}`
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // after the folder
	}{
		{"with an image", map[string]string{
			"Site.template.json": template,
			"Site.assets.json":   `{"dockerImages": {"0123456789abcdef": {"displayName": "./server"}}}`,
		}, "/Site.template.json: 3 resources (2 IAM::Role, Lambda::Function), image ./server 0123456789ab\n"},
		{"without", map[string]string{"Site.template.json": `{}`}, "/Site.template.json: 0 resources (), no image\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			if err := summarize(&out, dir); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(out.String(), dir); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSummarizeErrors(t *testing.T) {
	t.Parallel()
	if err := summarize(&strings.Builder{}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no template") {
		t.Errorf("got %v, want an error about the missing template", err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "Site.template.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := summarize(&strings.Builder{}, broken); err == nil || !strings.Contains(err.Error(), "Site.template.json") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
