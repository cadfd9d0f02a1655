package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// finding is what a linter says about a place in a template.
type finding struct{ id, place, text string }

// TestLinters runs cfn-lint and checkov on every golden template. What is accepted, and why, stands
// in accepted.txt.
func TestLinters(t *testing.T) {
	t.Parallel()
	l := withMachine(t)
	accepted := map[string]int{} // by how often it was found
	do(t, "accepted findings", func() (string, error) {
		content, err := os.ReadFile(filepath.Join(l.tools.root, "integ", "accepted.txt"))
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(content)) {
			id, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
			if id == "" || strings.HasPrefix(id, "#") {
				continue
			}
			if strings.TrimSpace(reason) == "" {
				return "", fmt.Errorf("%s is accepted without a reason", id)
			}
			accepted[id] = 0
		}
		return fmt.Sprintf("%d kinds", len(accepted)), nil
	})
	var templates []string
	do(t, "golden templates", func() (string, error) {
		var err error
		templates, err = l.goldenTemplates()
		return fmt.Sprint(len(templates)), err
	})
	for _, linter := range []struct {
		name string
		run  func(templates []string) ([]finding, error)
	}{{"cfn-lint", l.cfnLint}, {"checkov", l.checkov}} {
		try(t, linter.name, func() (string, error) {
			findings, err := linter.run(templates)
			if err != nil {
				return "", err
			}
			var errs []error
			for _, f := range findings {
				if _, ok := accepted[f.id]; !ok {
					errs = append(errs, fmt.Errorf("%s %s: %s", f.id, f.place, f.text))
				}
				accepted[f.id]++
			}
			return fmt.Sprintf("%d findings, all accepted", len(findings)), errors.Join(errs...)
		})
	}
	do(t, "every accepted finding is still found", func() (string, error) {
		var errs []error
		for _, id := range slices.Sorted(maps.Keys(accepted)) {
			if accepted[id] == 0 {
				errs = append(errs, fmt.Errorf("nothing finds %s any more: take it out of accepted.txt", id))
			}
		}
		return "", errors.Join(errs...)
	})
}

// goldenTemplates copies the golden templates into one folder, because the linters follow no names
// that start with a dot or ignore some folders.
func (l *lab) goldenTemplates() ([]string, error) {
	dir := l.folder("golden")
	var copies []string
	err := filepath.WalkDir(l.tools.root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "cdk.out" ||
			file == filepath.Join(l.tools.root, "cmd")) { // whose templates are what programs read, not what constructs made
			return filepath.SkipDir
		}
		name, err := filepath.Rel(l.tools.root, file)
		if err != nil || !strings.HasSuffix(name, ".template.json") || !strings.Contains(name, "testdata") {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		copied := filepath.Join(dir, strings.ReplaceAll(filepath.ToSlash(name), "/", "_"))
		copies = append(copies, copied)
		return os.WriteFile(copied, content, 0o644)
	})
	if err == nil && len(copies) == 0 {
		err = errors.New("there are none")
	}
	return copies, err
}

func (l *lab) cfnLint(templates []string) ([]finding, error) {
	text, err := lint(filepath.Join(l.tools.python("cfn-lint"), "cfn-lint"), append([]string{"--format", "json", "--"}, templates...)...)
	if err != nil {
		return nil, err
	}
	var all []struct {
		Rule     struct{ Id string }
		Filename string
		Location struct{ Path []any }
		Message  string
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%w: %s", err, tail(string(text)))
	}
	var findings []finding
	for _, f := range all {
		findings = append(findings, finding{f.Rule.Id, filepath.Base(f.Filename) + " " + fmt.Sprint(f.Location.Path), f.Message})
	}
	return findings, nil
}

func (l *lab) checkov(templates []string) ([]finding, error) {
	text, err := lint(filepath.Join(l.tools.python("checkov"), "checkov"), "--framework", "cloudformation", "--directory",
		filepath.Dir(templates[0]), "--compact", "--quiet", "--skip-download", "--output", "json")
	if err != nil {
		return nil, err
	}
	var all struct {
		Summary struct {
			ParsingErrors int `json:"parsing_errors"`
			ResourceCount int `json:"resource_count"`
		}
		Results struct {
			FailedChecks []struct {
				CheckID   string `json:"check_id"`
				CheckName string `json:"check_name"`
				FilePath  string `json:"file_path"`
				Resource  string
			} `json:"failed_checks"`
		}
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%w: %s", err, tail(string(text)))
	}
	if all.Summary.ResourceCount == 0 || all.Summary.ParsingErrors > 0 {
		return nil, fmt.Errorf("it read %d resources and could not read %d templates", all.Summary.ResourceCount, all.Summary.ParsingErrors)
	}
	var findings []finding
	for _, f := range all.Results.FailedChecks {
		findings = append(findings, finding{f.CheckID, filepath.Base(f.FilePath) + " " + f.Resource, f.CheckName})
	}
	return findings, nil
}

// lint runs a linter, whose exit status says that it found something.
func lint(name string, arguments ...string) ([]byte, error) {
	text, err := exec.Command(name, arguments...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(text) > 0 {
		err = nil
	}
	return text, err
}
