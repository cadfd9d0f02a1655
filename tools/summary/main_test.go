package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	const template = `{"Resources": {
		"A": {"Type": "AWS::IAM::Role"},
		"B": {"Type": "AWS::IAM::Role"},
		"C": {"Type": "AWS::Lambda::Function"}
	}}`
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // after the folder
	}{
		{
			"with an image",
			map[string]string{
				"Site.template.json": template,
				"Site.assets.json": `{"dockerImages": {
					"0123456789abcdef": {"displayName": "./server"}
				}}`,
			},
			"/Site.template.json: 3 resources (2 IAM::Role, Lambda::Function), " +
				"image ./server 0123456789ab\n",
		},
		{
			"without",
			map[string]string{"Site.template.json": `{}`},
			"/Site.template.json: 0 resources (), no image\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range test.files {
				write(t, filepath.Join(dir, name), content)
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
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"an empty folder", nil, "there is no template"},
		{"a broken template", map[string]string{"Site.template.json": "{"}, "Site.template.json: "},
		{
			"a broken list of assets",
			map[string]string{"Site.template.json": "{}", "Site.assets.json": "{"},
			"Site.assets.json: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range test.files {
				write(t, filepath.Join(dir, name), content)
			}
			err := summarize(io.Discard, dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
