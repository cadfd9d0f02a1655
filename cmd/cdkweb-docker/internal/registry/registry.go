// Package registry pulls images from registries and pushes them there.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/progress"
)

// Client talks to registries.
type Client struct {
	Keychain authn.Keychain
	// Log is called with a line now and then while something takes long.
	Log func(format string, args ...any)
}

const userAgent = "cdkweb-docker"

// insecure reports whether a registry may be talked to without TLS: its name means this machine, as
// Docker has it.
func insecure(ctx context.Context, registry string) bool {
	host := registry
	if h, _, err := net.SplitHostPort(registry); err == nil {
		host = h
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(addresses) == 0 {
		return false
	}
	for _, address := range addresses {
		if !address.IP.IsLoopback() {
			return false
		}
	}
	return true
}

// reference reads the name of an image.
func reference(ctx context.Context, image string) (name.Reference, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, fmt.Errorf(
			"%q is no name of an image, such as example.com/team/image:tag",
			image,
		)
	}
	if insecure(ctx, ref.Context().RegistryStr()) {
		return name.ParseReference(image, name.Insecure)
	}
	return ref, nil
}

func (c *Client) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(
			ctx,
		), remote.WithAuthFromKeychain(c.Keychain), remote.WithUserAgent(userAgent),
	}
}

// Pull returns an image for a platform. Its layers are fetched when they are read.
func (c *Client) Pull(ctx context.Context, image string, platform v1.Platform) (v1.Image, error) {
	ref, err := reference(ctx, image)
	if err != nil {
		return nil, err
	}
	descriptor, err := remote.Get(ref, append(c.options(ctx), remote.WithPlatform(platform))...)
	if err != nil {
		return nil, c.explain(ctx, "pull "+image, ref.Context(), err)
	}
	pulled, err := descriptor.Image()
	if err != nil {
		if descriptor.MediaType.IsIndex() && strings.Contains(err.Error(), "no child") {
			return nil, fmt.Errorf("pull %s: it has no image for %s", image, platform)
		}
		return nil, explain(ctx, "pull "+image, ref.Context().RegistryStr(), err)
	}
	return pulled, nil
}

// Pushed says what a push did.
type Pushed struct {
	There bool  // the registry had the image already
	Had   int64 // blobs that the registry had
	Sent  int64 // blobs that were sent
	Bytes int64 // of them
}

// Push pushes an image under a name. Sources are the repositories that layers were pulled from, by
// their digests: if one is of the same registry, that need not be sent the layer again.
func (c *Client) Push(
	ctx context.Context, image string, descriptor v1.Descriptor, content v1.Image,
	sources map[string]string,
) (Pushed, error) {
	var pushed Pushed
	ref, err := reference(ctx, image)
	if err != nil {
		return pushed, err
	}
	there, err := remote.Head(ref, c.options(ctx)...)
	refused := (*transport.Error)(nil)
	switch {
	case err == nil && there.Digest == descriptor.Digest:
		pushed.There = true // a registry may refuse to be given a name again
		return pushed, nil
	case err != nil && !(errors.As(err, &refused) && refused.StatusCode < 500):
		return pushed, c.explain(ctx, "push "+image, ref.Context(), err)
	}
	manifest, err := content.Manifest()
	if err != nil {
		return pushed, err
	}
	total := manifest.Config.Size
	for _, layer := range manifest.Layers {
		total += layer.Size
	}
	count := &counter{inner: remote.DefaultTransport}
	stop := count.sentBytes.Report(progress.Every, c.Log, "sent", total)
	options := append(c.options(ctx), remote.WithTransport(count))
	mounting := &mountingImage{content, ref.Context(), sources}
	err = remote.Write(ref, mounting, options...)
	if errors.As(err, &refused) && mounting.any() {
		// Who may push here need not be allowed to read where the layers lie, and what gives out
		// tokens says so with any status.
		err = remote.Write(ref, content, options...)
	}
	stop()
	if err != nil {
		return pushed, c.explain(ctx, "push "+image, ref.Context(), err)
	}
	pushed.Had, pushed.Sent, pushed.Bytes = count.had.Load(), count.sent.Load(), count.sentBytes.Done()
	return pushed, nil
}

// mountingImage is an image that has a registry look for layers in other repositories of its own.
type mountingImage struct {
	v1.Image
	to      name.Repository
	sources map[string]string
}

// source returns the other repository of the registry that has a layer.
func (m *mountingImage) source(digest string) (name.Repository, bool) {
	source, err := name.NewRepository(m.sources[digest])
	return source, err == nil && source.RegistryStr() == m.to.RegistryStr() &&
		source.RepositoryStr() != m.to.RepositoryStr()
}

func (m *mountingImage) any() bool {
	for digest := range m.sources {
		if _, ok := m.source(digest); ok {
			return true
		}
	}
	return false
}

// Layers implements v1.Image.
func (m *mountingImage) Layers() ([]v1.Layer, error) {
	layers, err := m.Image.Layers()
	for i, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return nil, err
		}
		if source, ok := m.source(digest.String()); ok {
			reference := source.Tag(name.DefaultTag)
			layers[i] = &remote.MountableLayer{Layer: layer, Reference: reference}
		}
	}
	return layers, err
}

// Attach pushes a manifest that belongs to an image, if its registry keeps track of such: it
// reports false if not.
func (c *Client) Attach(
	ctx context.Context, image string, subject, manifest v1.Hash, content v1.Image,
) (bool, error) {
	ref, err := reference(ctx, image)
	if err != nil {
		return false, err
	}
	repository := ref.Context()
	authenticator, err := authn.Resolve(ctx, c.Keychain, repository)
	if err != nil {
		return false, err
	}
	scopes := []string{repository.Scope(transport.PushScope)}
	connection, err := transport.NewWithContext(
		ctx, repository.Registry, authenticator, remote.DefaultTransport, scopes)
	if err != nil {
		return false, explain(ctx, "ask for referrers", repository.RegistryStr(), err)
	}
	address := fmt.Sprintf(
		"%s://%s/v2/%s/referrers/%s",
		repository.Scheme(),
		repository.RegistryStr(),
		repository.RepositoryStr(),
		subject,
	)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, err
	}
	response, err := (&http.Client{Transport: connection}).Do(request)
	if err != nil {
		return false, err
	}
	known, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	response.Body.Close()
	if err != nil {
		return false, err
	}
	switch response.StatusCode {
	case http.StatusOK:
		if strings.Contains(string(known), manifest.String()) {
			return true, nil
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		// It may take what it does not list.
	default:
		return false, nil
	}
	options := append(c.options(ctx), remote.WithReferrersTagFallback(false))
	return true, remote.Write(repository.Digest(manifest.String()), content, options...)
}

// Verify asks a registry whether it takes credentials.
func Verify(ctx context.Context, registry string, credentials authn.Authenticator) error {
	parsed, err := name.NewRegistry(registry)
	if err != nil {
		return fmt.Errorf("%q is no name of a registry, such as example.com", registry)
	}
	if insecure(ctx, parsed.RegistryStr()) {
		if parsed, err = name.NewRegistry(registry, name.Insecure); err != nil {
			return err
		}
	}
	action := "log in"
	connection, err := transport.NewWithContext(
		ctx,
		parsed,
		credentials,
		remote.DefaultTransport,
		nil,
	)
	if err != nil {
		return explain(ctx, action, registry, err)
	}
	request, err := http.NewRequestWithContext(
		ctx, http.MethodGet, fmt.Sprintf("%s://%s/v2/", parsed.Scheme(), parsed.RegistryStr()), nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: connection}).Do(request)
	if err != nil {
		return explain(ctx, action, registry, err)
	}
	defer response.Body.Close()
	return explain(ctx, action, registry, transport.CheckError(response, http.StatusOK))
}

// headless is an error without what go-containerregistry advises its own users to do after a HEAD.
type headless struct{ error }

func (e headless) Error() string {
	const advice = " (HEAD responses have no body, use GET for details)"
	return strings.ReplaceAll(e.error.Error(), advice, "")
}

func (e headless) Unwrap() error { return e.error }

// explain is [explain] for a client, which knows whether there is a login at all.
func (c *Client) explain(
	ctx context.Context, action string, repository name.Repository, err error,
) error {
	refused := (*transport.Error)(nil)
	if ctx.Err() == nil && errors.As(err, &refused) &&
		refused.StatusCode == http.StatusUnauthorized {
		who, resolved := authn.Resolve(ctx, c.Keychain, repository)
		if resolved == nil && who == authn.Anonymous {
			return fmt.Errorf("%s: there is no login for %s in this run; log in first: %w",
				action, repository.RegistryStr(), headless{err})
		}
	}
	return explain(ctx, action, repository.RegistryStr(), err)
}

// explain says in one sentence why a registry did not do something.
func explain(ctx context.Context, action, registry string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = headless{err}
	refused := (*transport.Error)(nil)
	failed := net.Error(nil)
	unread := (*credentialsError)(nil)
	switch {
	case errors.As(err, &unread):
		return fmt.Errorf("%s: %w", action, err)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf(
			"%s: the registry %s refused the login; check the user and the password: %w",
			action,
			registry,
			err,
		)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusForbidden:
		return fmt.Errorf(
			"%s: the registry %s does not allow it to this user: %w",
			action,
			registry,
			err,
		)
	case errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: the registry %s does not have it: %w", action, registry, err)
	case errors.As(err, &refused) && refused.StatusCode >= 500:
		return fmt.Errorf("%s: the registry %s is broken: %w", action, registry, err)
	case errors.As(err, &failed):
		return fmt.Errorf("%s: the registry %s cannot be reached: %w", action, registry, err)
	}
	return fmt.Errorf("%s: the registry %s: %w", action, registry, err)
}

// counter counts what a push sends, and what the registry has.
type counter struct {
	inner     http.RoundTripper
	had, sent atomic.Int64 // blobs
	sentBytes progress.Meter
}

func (c *counter) RoundTrip(request *http.Request) (*http.Response, error) {
	upload := request.Body != nil && request.Method == http.MethodPatch
	if upload {
		request = request.Clone(request.Context())
		request.Body = body{c.sentBytes.Reader(request.Body), request.Body}
	}
	response, err := c.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	blob := strings.Contains(request.URL.Path, "/blobs/sha256:")
	mounted := request.Method == http.MethodPost && request.URL.Query().Has("mount") &&
		response.StatusCode == http.StatusCreated
	switch {
	case mounted,
		request.Method == http.MethodHead && blob && response.StatusCode == http.StatusOK:
		c.had.Add(1)
	case upload && response.StatusCode < 300:
		c.sent.Add(1)
	}
	return response, nil
}

// body is what a request sends.
type body struct {
	io.Reader
	io.Closer
}

// LoginAge is how long a login is kept at most: as long as a token of ECR is good for.
const LoginAge = 12 * time.Hour
