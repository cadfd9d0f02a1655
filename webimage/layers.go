package webimage

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/cdkweb/cdkweb/adapter"
)

// layers are archives that the images of a process share: packing them takes longer than all the
// rest of staging an image.
var layers struct {
	sync.Mutex
	packed map[string][]byte
}

// layer returns a shared archive, which it packs once.
func layer(name string, pack func() ([]byte, error)) ([]byte, error) {
	layers.Lock()
	defer layers.Unlock()
	if packed, ok := layers.packed[name]; ok {
		return packed, nil
	}
	packed, err := pack()
	if err != nil {
		return nil, err
	}
	if layers.packed == nil {
		layers.packed = map[string][]byte{}
	}
	layers.packed[name] = packed
	return packed, nil
}

// adapterLayer is the archive with the adapter that an image of this architecture gets.
func adapterLayer(architecture Architecture) ([]byte, error) {
	return layer("adapter for "+string(architecture), func() ([]byte, error) {
		binary, err := adapter.Build(architectures[architecture].goarch)
		if err != nil {
			return nil, err
		}
		archive := newArchive()
		if err := archive.file(adapter.Path, 0o755, binary); err != nil {
			return nil, fmt.Errorf("pack the Lambda adapter: %w", err)
		}
		return archive.bytes()
	})
}

const (
	passwd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n"
	group  = "root:x:0:\nnonroot:x:65532:\n"
)

// baseLayer is the archive with what a program needs of an operating system.
func baseLayer() ([]byte, error) {
	return layer("base", func() ([]byte, error) {
		certificates, err := rootCertificates()
		if err != nil {
			return nil, err
		}
		archive := newArchive()
		err = errors.Join(
			archive.file("etc/group", 0o644, []byte(group)),
			archive.file("etc/passwd", 0o644, []byte(passwd)),
			archive.file("etc/ssl/certs/ca-certificates.crt", 0o644, certificates),
			archive.folder("tmp", 0o1777),
		)
		if err != nil {
			return nil, err
		}
		return archive.bytes()
	})
}

// rootCertificates returns Mozilla's roots in the file format that Go, OpenSSL and others look for.
// A root that Mozilla trusts only under a condition is left out, because the format cannot say the
// condition.
func rootCertificates() ([]byte, error) {
	var certificates bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		block := &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}
		if err := pem.Encode(&certificates, block); err != nil {
			return nil, err
		}
	}
	return certificates.Bytes(), nil
}
