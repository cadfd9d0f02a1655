package webimage

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// ExistingOptions say what cannot be seen of an image that exists: [ECR], [URI] and [Asset]. All
// are optional.
type ExistingOptions struct {
	// Architecture that the image was built for. Default: X86_64.
	Architecture Architecture

	// Adapter that the image holds. Default: not known, which is a warning on Lambda.
	Adapter Adapter

	// EntryPoint and Cmd are what the image starts, as this prints them:
	//
	//	docker inspect --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' IMAGE
	//
	// Set both, and leave one out that is null. They change nothing in the image, and are needed
	// only for secrets on Lambda, which has to start the server in another way. Default: not known.
	EntryPoint, Cmd []string
}

func (o *ExistingOptions) orDefault() ExistingOptions {
	if o == nil {
		return ExistingOptions{}
	}
	options := *o
	options.EntryPoint, options.Cmd = slices.Clone(o.EntryPoint), slices.Clone(o.Cmd)
	return options
}

func (o ExistingOptions) facts() Facts {
	facts := Facts{
		Architecture: o.Architecture.orDefault(),
		Adapter:      o.Adapter,
		EntryPoint:   o.EntryPoint,
		Cmd:          o.Cmd,
		StartKnown:   len(o.EntryPoint)+len(o.Cmd) > 0,
	}
	if !facts.StartKnown {
		facts.StartUnknown = "the entry point and the command of an image that exists are not known"
		facts.StartFix = "set EntryPoint and Cmd in its webimage.ExistingOptions to what " +
			"docker inspect --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' IMAGE prints"
	}
	return facts
}

// validate reports all problems of an image, after the call that made it.
func (o ExistingOptions) validate(call string, others ...error) error {
	var errs []error
	others = append(others, o.Architecture.validate(), o.Adapter.validate())
	for _, err := range append(others, o.validateStart()...) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", call, err))
		}
	}
	return errors.Join(errs...)
}

// validateStart checks what the image is said to start.
func (o ExistingOptions) validateStart() []error {
	var errs []error
	for _, field := range []struct {
		name  string
		words []string
	}{{"EntryPoint", o.EntryPoint}, {"Cmd", o.Cmd}} {
		for n, word := range field.words {
			if !utf8.ValidString(word) || strings.ContainsRune(word, 0) {
				errs = append(errs, fmt.Errorf("%s[%d] must be UTF-8 text without NUL, got %q",
					field.name, n, word))
			}
		}
	}
	if start := slices.Concat(o.EntryPoint, o.Cmd); len(start) > 0 && start[0] == "" {
		name := "EntryPoint"
		if len(o.EntryPoint) == 0 {
			name = "Cmd"
		}
		errs = append(errs, fmt.Errorf(`%s[0] must be the program to start, got ""; leave %s out `+
			"if the image has none", name, name))
	}
	return errs
}

// ECR is an image in a private ECR repository. The tag or digest ("sha256:…") is "latest" if empty.
func ECR(repository awsecr.IRepository, tagOrDigest string, options *ExistingOptions) Image {
	if tagOrDigest == "" {
		tagOrDigest = "latest"
	}
	return &ecrImage{repository: repository, tagOrDigest: tagOrDigest, options: options.orDefault()}
}

type ecrImage struct {
	repository  awsecr.IRepository
	tagOrDigest string
	options     ExistingOptions
}

func (i *ecrImage) Validate() error {
	var err error
	if i.repository == nil {
		err = errors.New("repository must not be nil; make one with awsecr.NewRepository, or " +
			"import one")
	}
	return i.options.validate("webimage.ECR", err, validateTagOrDigest(i.tagOrDigest))
}

func (i *ecrImage) Facts() Facts {
	facts := i.options.facts()
	facts.ByDigest = digestPattern.MatchString(i.tagOrDigest)
	if i.repository != nil {
		if env := i.repository.Env(); env != nil {
			facts.Account, facts.Region = token.Literal(*env.Account), token.Literal(*env.Region)
		}
	}
	return facts
}

func (i *ecrImage) Bind(constructs.Construct) (*Bound, error) {
	return &Bound{
		URI:           *i.repository.RepositoryUriForTagOrDigest(&i.tagOrDigest),
		TagOrDigest:   i.tagOrDigest,
		RepositoryARN: *i.repository.RepositoryArn(),
		repository:    i.repository,
	}, nil
}

// URI is an image in any registry, by its name:
//
//	123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/site:1.4   a private ECR repository
//	123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@sha256:…   the same, by digest
//	public.ecr.aws/nginx/nginx:1.29                              Amazon ECR Public
//	ghcr.io/team/site:1.4, nginx:1.29                            another registry, Docker Hub
//
// Without a tag it is "latest". The account and the region of a private ECR repository may be
// tokens; its dual-stack (dkr-ecr.REGION.on.aws) and FIPS (dkr.ecr-fips.REGION.amazonaws.com) names
// are known too. [Facts].Registry tells hostings where the image is pulled from.
func URI(uri string, options *ExistingOptions) Image {
	image := &uriImage{uri: uri, options: options.orDefault()}
	image.name, image.err = parseURI(uri)
	return image
}

type uriImage struct {
	uri     string
	name    imageName
	err     error
	options ExistingOptions
}

// imageName is an image's URI, taken apart.
type imageName struct {
	registry        Registry
	account, region string // of a private ECR repository; may be tokens
	partition       string // of a private ECR repository; empty if it is not known
	host            string // registry; empty for Docker Hub's short names
	repository      string
	separator       string // ":" before a tag, "@" before a digest
	tagOrDigest     string
}

// partitions are AWS's other partitions, by the start of their regions' names.
var partitions = []struct{ region, partition, suffix string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"", "aws", "amazonaws.com"},
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

	// ecrPattern is the host of a private ECR registry: over IPv4 or dual-stack, and each with FIPS
	// (see "Making requests to Amazon ECR registries" in ECR's user guide). A region that is a
	// token may itself hold dots.
	ecrPattern = regexp.MustCompile(
		`^([^.]+|\$\{[^}]*\})\.(dkr[.-]ecr|dkr[.-]ecr-fips)\.([^.$]+|\$\{[^}]*\})\.(.+)$`)

	// publicHosts are Amazon ECR Public's, over IPv4 and dual-stack.
	publicHosts = map[string]bool{"public.ecr.aws": true, "ecr-public.aws.com": true}

	// repositoryPattern is the rule of ECR's CreateRepository API, and that of other registries.
	repositoryPattern = regexp.MustCompile(
		`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)

	tagPattern    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

func parseURI(uri string) (imageName, error) {
	name := imageName{registry: OtherRegistry, separator: ":", tagOrDigest: "latest"}
	path := uri
	host, rest, found := strings.Cut(uri, "/")
	if found && (host == "localhost" || strings.ContainsAny(host, ".:")) {
		name.host, path = host, rest
	}
	path, digest, byDigest := strings.Cut(path, "@")
	path, tag, byTag := strings.Cut(path, ":")
	name.repository = path
	switch {
	case byDigest: // which wins over a tag before it
		name.separator, name.tagOrDigest = "@", digest
	case byTag:
		name.tagOrDigest = tag
	}
	if !token.In(uri) && !repositoryPattern.MatchString(name.repository) {
		return name, fmt.Errorf("name must be that of an image, such as "+
			"123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4, "+
			"public.ecr.aws/nginx/nginx:1.29 or ghcr.io/team/site:1.4, in lower case, got "+
			"repository %q", name.repository)
	}
	if err := validateTagOrDigest(name.tagOrDigest); err != nil {
		return name, err
	}
	registry := cmp.Or(name.host, name.repository)
	if token.In(registry) && !ecrPattern.MatchString(registry) {
		return name, fmt.Errorf("name must start with a registry that is known before "+
			"deployment, got the CDK token %q; an ECR repository of the app is "+
			"webimage.ECR", registry)
	}
	if publicHosts[name.host] {
		name.registry = ECRPublic
		if !strings.Contains(path, "/") {
			return name, fmt.Errorf("name in Amazon ECR Public must be %s/ALIAS/NAME:TAG, got no "+
				"alias", name.host)
		}
	}
	if match := ecrPattern.FindStringSubmatch(name.host); match != nil {
		name.registry = ECRPrivate
		name.account, name.region = match[1], match[3]
		return name, name.locate(match[4], strings.HasPrefix(match[2], "dkr-"))
	}
	return name, nil
}

// locate finds the partition of a private ECR repository, and checks what of its host is literal.
func (n *imageName) locate(suffix string, dualStack bool) error {
	if !token.In(n.account) && !accountPattern.MatchString(n.account) {
		return fmt.Errorf("host of a private ECR repository must start with an account's 12 "+
			"digits, got %q", n.account)
	}
	if token.In(n.region) {
		return nil // the stack's partition: that of another cannot be pulled from
	}
	if !regionPattern.MatchString(n.region) {
		return fmt.Errorf("host of a private ECR repository must name a region such as "+
			"eu-west-1, got %q", n.region)
	}
	for _, p := range partitions {
		if !strings.HasPrefix(n.region, p.region) {
			continue
		}
		n.partition = p.partition
		if !token.In(suffix) && suffix != p.suffix && !dualStack {
			return fmt.Errorf("host of a private ECR repository in %s must end in .%s, got "+
				".%s", n.region, p.suffix, suffix)
		}
		break
	}
	return nil
}

func validateTagOrDigest(s string) error {
	if token.In(s) || tagPattern.MatchString(s) || digestPattern.MatchString(s) {
		return nil
	}
	return fmt.Errorf("tag or digest must be a tag of up to 128 letters, digits, '.', '_' and "+
		"'-', "+
		`or "sha256:" and 64 hexadecimal digits, got %q`, s)
}

func (i *uriImage) Validate() error {
	return i.options.validate(fmt.Sprintf("webimage.URI(%q)", i.uri), i.err)
}

func (i *uriImage) Facts() Facts {
	facts := i.options.facts()
	facts.Registry = i.name.registry
	facts.Account, facts.Region = token.Literal(i.name.account), token.Literal(i.name.region)
	facts.ByDigest = i.name.separator == "@"
	return facts
}

func (i *uriImage) Bind(scope constructs.Construct) (*Bound, error) {
	name := i.name.repository + i.name.separator + i.name.tagOrDigest
	if i.name.host != "" {
		name = i.name.host + "/" + name
	}
	bound := &Bound{URI: name, TagOrDigest: i.name.tagOrDigest}
	if i.name.registry == ECRPrivate {
		partition := i.name.partition
		if partition == "" {
			partition = *awscdk.Stack_Of(scope).Partition()
		}
		bound.RepositoryARN = fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s",
			partition, i.name.region, i.name.account, i.name.repository)
	}
	return bound, nil
}

// cutARN splits an ECR repository's ARN into what comes before the repository's name and the name.
func cutARN(arn string) (prefix, name string, found bool) {
	return strings.Cut(arn, ":repository/")
}

// Asset is an image that the app already builds, with the CDK's own construct.
func Asset(asset awsecrassets.DockerImageAsset, options *ExistingOptions) Image {
	return &assetImage{asset: asset, options: options.orDefault()}
}

type assetImage struct {
	asset   awsecrassets.DockerImageAsset
	options ExistingOptions
}

func (i *assetImage) Validate() error {
	var err error
	if i.asset == nil {
		err = errors.New("asset must not be nil; make one with awsecrassets.NewDockerImageAsset")
	}
	return i.options.validate("webimage.Asset", err)
}

// Facts implements Image. The asset is published where the stack is that holds it.
func (i *assetImage) Facts() Facts {
	facts := i.options.facts()
	facts.Built = true
	if i.asset != nil {
		stack := awscdk.Stack_Of(i.asset)
		facts.Account = token.Literal(*stack.Account())
		facts.Region = token.Literal(*stack.Region())
	}
	return facts
}

func (i *assetImage) Bind(constructs.Construct) (*Bound, error) { return bindAsset(i.asset), nil }
