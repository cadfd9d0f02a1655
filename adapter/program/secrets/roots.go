package secrets

import (
	"crypto/x509"
	"sync"
)

// rootCertificates are those of the image, or the ones that SSL_CERT_FILE and
// SSL_CERT_DIR name.
var rootCertificates = sync.OnceValues(x509.SystemCertPool)
