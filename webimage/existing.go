package webimage

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// ECR is an image that already lies in a private ECR repository. The tag or digest ("sha256:…") defaults to "latest".
//
// The image is taken to be for x86-64 (see [ForArchitecture]). To run on Lambda it must hold an adapter in /opt/extensions.
func ECR(repository awsecr.IRepository, tagOrDigest string) Image {
	if tagOrDigest == "" {
		tagOrDigest = "latest"
	}
	return &ecrImage{repository: repository, tagOrDigest: tagOrDigest}
}

type ecrImage struct {
	repository  awsecr.IRepository
	tagOrDigest string
}

func (i *ecrImage) Validate() error {
	var errs []error
	if i.repository == nil {
		errs = append(errs, errors.New("webimage.ECR: repository must not be nil; make one with awsecr.NewRepository or import one"))
	}
	if err := validateTagOrDigest(i.tagOrDigest); err != nil {
		errs = append(errs, fmt.Errorf("webimage.ECR: %w", err))
	}
	return errors.Join(errs...)
}

func (i *ecrImage) Facts() Facts {
	facts := Facts{Architecture: X86_64, Adapter: OwnAdapter, ByDigest: digestPattern.MatchString(i.tagOrDigest)}
	if env := i.repository.Env(); env != nil {
		facts.Account, facts.Region = token.Literal(*env.Account), token.Literal(*env.Region)
	}
	return facts
}

func (i *ecrImage) Bind(constructs.Construct, int) (*Bound, error) {
	return &Bound{
		URI:           *i.repository.RepositoryUriForTagOrDigest(&i.tagOrDigest),
		TagOrDigest:   i.tagOrDigest,
		RepositoryARN: *i.repository.RepositoryArn(),
		repository:    i.repository,
	}, nil
}

// URI is an image that already lies in a registry, by its full name:
//
//	123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/site:1.4   a private ECR repository
//	123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@sha256:…   the same, by digest
//	public.ecr.aws/nginx/nginx:1.29                              Amazon ECR Public, which Lambda cannot run
//
// Without a tag it is "latest". The account and the region may be tokens. The image is taken to be for x86-64 (see
// [ForArchitecture]). To run on Lambda it must hold an adapter in /opt/extensions.
func URI(uri string) Image {
	image := &uriImage{uri: uri}
	image.name, image.err = parseURI(uri)
	return image
}

type uriImage struct {
	uri  string
	name imageName
	err  error
}

// imageName is an image's URI, taken apart.
type imageName struct {
	public          bool
	account, region string // of a private repository; may be tokens
	partition       string // of a private repository; empty where the host's end is a token
	host            string // registry
	repository      string
	separator       string // ":" before a tag, "@" before a digest
	tagOrDigest     string
}

const publicRegistry = "public.ecr.aws"

// partitions are AWS's, by what the names of its services end in there. The regions of GovCloud share theirs with most others.
var partitions = map[string]string{
	"amazonaws.com": "aws", "amazonaws.com.cn": "aws-cn", "amazonaws.eu": "aws-eusc", "c2s.ic.gov": "aws-iso",
	"sc2s.sgov.gov": "aws-iso-b", "cloud.adc-e.uk": "aws-iso-e", "csp.hci.ic.gov": "aws-iso-f",
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

	// repositoryPattern is ECR's own rule for repository names, from its CreateRepository API.
	repositoryPattern = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)

	tagPattern    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

func parseURI(uri string) (imageName, error) {
	var name imageName
	host, path, found := strings.Cut(uri, "/")
	if !found {
		return name, uriError(uri)
	}
	name.host = host
	switch account, rest, private := strings.Cut(host, ".dkr.ecr."); {
	case private:
		region, suffix, _ := strings.Cut(rest, ".")
		if strings.HasPrefix(rest, "${") { // a token, which may itself hold dots
			end := strings.Index(rest, "}") + 1
			region, suffix = rest[:end], strings.TrimPrefix(rest[end:], ".")
		}
		name.account, name.region = account, region
		name.partition = partitions[suffix]
		if strings.HasPrefix(region, "us-gov-") {
			name.partition = "aws-us-gov"
		}
		if !token.In(suffix) && name.partition == "" ||
			!token.In(account) && !accountPattern.MatchString(account) ||
			!token.In(region) && !regionPattern.MatchString(region) {
			return name, uriError(uri)
		}
	case host == publicRegistry && strings.Contains(path, "/"): // always an alias and a repository
		name.public = true
	default:
		return name, uriError(uri)
	}

	name.separator, name.tagOrDigest = ":", "latest"
	path, digest, byDigest := strings.Cut(path, "@")
	name.repository, _, _ = strings.Cut(path, ":")
	if _, tag, ok := strings.Cut(path, ":"); ok {
		name.tagOrDigest = tag
	}
	if byDigest { // which wins over a tag before it
		name.separator, name.tagOrDigest = "@", digest
	}
	if !token.In(name.repository) && !repositoryPattern.MatchString(name.repository) {
		return name, uriError(uri)
	}
	if err := validateTagOrDigest(name.tagOrDigest); err != nil {
		return name, fmt.Errorf("webimage.URI(%q): %w", uri, err)
	}
	return name, nil
}

func uriError(uri string) error {
	return fmt.Errorf("webimage.URI(%q): the image must lie in private ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG) or in "+
		"Amazon ECR Public (public.ecr.aws/ALIAS/NAME:TAG); push it to one of them, or build it with webimage.Dockerfile", uri)
}

func validateTagOrDigest(s string) error {
	if token.In(s) || tagPattern.MatchString(s) || digestPattern.MatchString(s) {
		return nil
	}
	return fmt.Errorf("tag or digest must be a tag of up to 128 letters, digits, '.', '_' and '-', "+
		`or "sha256:" and 64 hexadecimal digits, got %q`, s)
}

func (i *uriImage) Validate() error { return i.err }

func (i *uriImage) Facts() Facts {
	return Facts{
		Architecture: X86_64,
		Public:       i.name.public,
		Account:      token.Literal(i.name.account),
		Region:       token.Literal(i.name.region),
		ByDigest:     i.name.separator == "@",
		Adapter:      OwnAdapter,
	}
}

func (i *uriImage) Bind(scope constructs.Construct, _ int) (*Bound, error) {
	bound := &Bound{
		URI:         i.name.host + "/" + i.name.repository + i.name.separator + i.name.tagOrDigest,
		TagOrDigest: i.name.tagOrDigest,
	}
	if !i.name.public {
		partition := i.name.partition
		if partition == "" {
			partition = *awscdk.Stack_Of(scope).Partition()
		}
		bound.RepositoryARN = fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", partition, i.name.region, i.name.account, i.name.repository)
	}
	return bound, nil
}

// cutARN splits an ECR repository's ARN into what comes before the repository's name and the name.
func cutARN(arn string) (prefix, name string, found bool) {
	return strings.Cut(arn, ":repository/")
}

// Asset is an image that the app already builds, as the CDK's own construct.
//
// The image is taken to be for x86-64 (see [ForArchitecture]). To run on Lambda it must hold an adapter in /opt/extensions.
func Asset(asset awsecrassets.DockerImageAsset) Image { return &assetImage{asset} }

type assetImage struct{ asset awsecrassets.DockerImageAsset }

func (i *assetImage) Validate() error {
	if i.asset == nil {
		return errors.New("webimage.Asset: asset must not be nil; make one with awsecrassets.NewDockerImageAsset")
	}
	return nil
}

func (i *assetImage) Facts() Facts { return Facts{Architecture: X86_64, Adapter: OwnAdapter} }

func (i *assetImage) Bind(constructs.Construct, int) (*Bound, error) { return bindAsset(i.asset), nil }

// ForArchitecture says for which CPU an existing image was built, where that is not x86-64:
//
//	webimage.ForArchitecture(webimage.ECR(repository, "1.4"), webimage.ARM64)
//
// An image that is built here takes its architecture from its options instead.
func ForArchitecture(image Image, architecture Architecture) Image {
	return &architectureImage{image, architecture}
}

type architectureImage struct {
	Image
	architecture Architecture
}

func (i *architectureImage) Validate() error {
	if i.Image == nil {
		return errors.New("webimage.ForArchitecture: image must not be nil")
	}
	var errs []error
	if built, ok := i.Image.(*builtImage); ok {
		errs = append(errs, fmt.Errorf("webimage.ForArchitecture is for images that exist already; "+
			"set Architecture in the options of %s", built.source))
	}
	return errors.Join(append(errs, i.architecture.validate(), i.Image.Validate())...)
}

func (i *architectureImage) Facts() Facts {
	facts := i.Image.Facts()
	facts.Architecture = i.architecture.orDefault()
	return facts
}
