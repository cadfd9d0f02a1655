package integ

import "github.com/cdkweb/cdkweb/internal/assembly"

// imageAssets returns the image assets of a stack by their display names. Folders are absolute.
func imageAssets(dir, stack string) (map[string]assembly.Image, error) {
	assets, err := assembly.ReadAssets(dir, stack)
	if err != nil {
		return nil, err
	}
	images := map[string]assembly.Image{}
	for _, image := range assets.Images {
		image.Directory = image.Folder(dir)
		images[image.DisplayName] = image
	}
	return images, nil
}
