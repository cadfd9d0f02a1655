// Package assembly reads cloud assemblies, the folders that `cdk synth` writes. Call [ReadAssets]
// for what `cdk deploy` builds and uploads before it deploys a stack.
package assembly

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	templateSuffix = ".template.json"
	assetsSuffix   = ".assets.json"
)

// Stacks returns the names of the stacks of a cloud assembly, sorted, as its templates' files have
// them. Nested stacks are among them; they have no list of assets of their own.
func Stacks(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, entry := range entries {
		if stack, ok := strings.CutSuffix(entry.Name(), templateSuffix); ok {
			stacks = append(stacks, stack)
		}
	}
	return stacks, nil
}

// TemplateFile is the file of a stack's template.
func TemplateFile(dir, stack string) string { return filepath.Join(dir, stack+templateSuffix) }

// Assets are what a stack needs in the account before it can be deployed. The keys are the hashes
// of their sources.
type Assets struct {
	Files  map[string]File
	Images map[string]Image
}

// File is a file or folder that goes into a bucket.
type File struct {
	DisplayName string
	Path        string // relative to the cloud assembly, or absolute
}

// Image is an image that goes into a registry, and how it is built.
type Image struct {
	DisplayName string
	ImageSource
}

// ImageSource is how docker build is called.
type ImageSource struct {
	Directory          string // relative to the cloud assembly, or absolute
	DockerFile         string
	DockerBuildTarget  string
	DockerBuildArgs    map[string]string
	DockerBuildSecrets map[string]string
	Platform           string
}

// Folder is the folder of the image's source, for a cloud assembly at dir.
func (i Image) Folder(dir string) string {
	if filepath.IsAbs(i.Directory) {
		return i.Directory
	}
	return filepath.Join(dir, i.Directory)
}

// ReadAssets reads the assets of a stack. If the stack has no list of assets, the error is one that
// errors.Is takes for fs.ErrNotExist.
func ReadAssets(dir, stack string) (Assets, error) {
	file := filepath.Join(dir, stack+assetsSuffix)
	content, err := os.ReadFile(file)
	if err != nil {
		return Assets{}, err
	}
	var manifest struct {
		Files map[string]struct {
			DisplayName string
			Source      struct{ Path string }
		}
		DockerImages map[string]struct {
			DisplayName string
			Source      ImageSource
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return Assets{}, fmt.Errorf("%s: %w", file, err)
	}
	assets := Assets{Files: map[string]File{}, Images: map[string]Image{}}
	for hash, found := range manifest.Files {
		assets.Files[hash] = File{DisplayName: found.DisplayName, Path: found.Source.Path}
	}
	for hash, found := range manifest.DockerImages {
		assets.Images[hash] = Image{DisplayName: found.DisplayName, ImageSource: found.Source}
	}
	return assets, nil
}

// Hashes returns the hashes of all assets, sorted.
func (a Assets) Hashes() []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a.Files)), maps.Keys(a.Images))
	slices.Sort(all)
	return all
}
