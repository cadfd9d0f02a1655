package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// imageAsset is how the CDK's command line builds an image, as the assets file of a cloud assembly says it.
type imageAsset struct {
	Directory          string
	DockerFile         string
	DockerBuildTarget  string
	DockerBuildArgs    map[string]string
	DockerBuildSecrets map[string]string
	Platform           string
}

// imageAssets returns the image assets of a stack by their display names. Folders are absolute.
func imageAssets(assembly, stack string) (map[string]imageAsset, error) {
	content, err := os.ReadFile(filepath.Join(assembly, stack+".assets.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		DockerImages map[string]struct {
			DisplayName string
			Source      imageAsset
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, err
	}
	assets := map[string]imageAsset{}
	for _, image := range file.DockerImages {
		image.Source.Directory = filepath.Join(assembly, image.Source.Directory)
		assets[image.DisplayName] = image.Source
	}
	return assets, nil
}
