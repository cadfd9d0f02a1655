package webfront

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/web"
)

// The programs that CloudFront runs. JavaScript is the only language that it takes.
var (
	//go:embed function/request.js
	requestJS string

	//go:embed function/choose.js
	chooseJS string

	//go:embed function/number.js
	numberJS string

	//go:embed function/response.js
	responseJS string
)

const (
	// maxFunction is the size of a function: CloudFront developer guide, "Quotas on CloudFront
	// Functions".
	maxFunction = 10 << 10

	// cookieName begins with __Host-, so that browsers take it from this host alone.
	cookieName = "__Host-front"

	// percentKey is the key of the KeyValueStore.
	percentKey = "percent"

	// cookieAge is how long a client keeps its number: longer than a move takes.
	cookieAge = 90 * 24 * 60 * 60
)

// config is what the programs read.
type config struct {
	Origin string   `json:"origin,omitempty"` // of the service; empty for a bucket
	Header string   `json:"header"`
	Allow  [][2]any `json:"allow,omitempty"` // the address of a prefix in hexadecimal, and its bits
	Move   *move    `json:"move,omitempty"`
}

type move struct {
	To      string `json:"to"`
	Percent int    `json:"percent"`
	Key     string `json:"key"`
	Cookie  string `json:"cookie"`
	Age     int    `json:"age"`
}

// config of the functions. Ids of origins are literals.
func (p *FrontProps) config(service, next string) config {
	c := config{Origin: service, Header: strings.ToLower(originHeader)}
	for _, prefix := range p.AllowFrom {
		address := hex.EncodeToString(prefix.Masked().Addr().AsSlice())
		c.Allow = append(c.Allow, [2]any{address, prefix.Bits()})
	}
	if next != "" {
		c.Move = &move{
			To: next, Percent: p.Move.Percent, Key: percentKey, Cookie: cookieName, Age: cookieAge,
		}
	}
	return c
}

// requestFunction is the program for each request.
func (c config) requestFunction() string {
	if c.Move == nil {
		return c.line() + requestJS
	}
	return "import cf from 'cloudfront';\nimport crypto from 'crypto';\n\n" +
		c.line() + requestJS + "\n" + chooseJS + "\n" + numberJS
}

// responseFunction is the program for each response, with a Move.
func (c config) responseFunction() string {
	only := config{Header: c.Header, Move: c.Move}
	return "import crypto from 'crypto';\n\n" + only.line() + responseJS + "\n" + numberJS
}

func (c config) line() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return "const config = " + string(text) + ";\n\n"
}

// associations are the functions of the behaviors that lead to a service, and to a bucket.
type associations struct {
	service, bucket *[]*awscloudfront.FunctionAssociation
}

// functions makes them. A function belongs to the origins that it knows: with others it is another
// construct, so that the distribution changes function and origins at once, at each edge.
func (p *FrontProps) functions(f *Front, service, next *web.Origin) associations {
	nextID, suffix := "", originSuffix(service.ID)
	if next != nil {
		nextID, suffix = next.ID, originSuffix(service.ID, next.ID)
		// Of another move there is another store: the percentage of the last one must not count.
		id := "KeyValueStore" + suffix
		f.KeyValueStore = awscloudfront.NewKeyValueStore(f, &id, &awscloudfront.KeyValueStoreProps{
			KeyValueStoreName: new(uniqueName(f, id)),
			Comment:           new("The key " + percentKey + " says how many percent go to " + nextID),
		})
	}
	c := p.config(service.ID, nextID)
	var all associations
	f.Function = newFunction(f, "Function"+suffix, c.requestFunction(), f.KeyValueStore)
	list := []*awscloudfront.FunctionAssociation{{
		EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST, Function: f.Function,
	}}
	if next != nil {
		list = append(list, &awscloudfront.FunctionAssociation{
			EventType: awscloudfront.FunctionEventType_VIEWER_RESPONSE,
			Function:  newFunction(f, "Cookie"+suffix, c.responseFunction(), nil),
		})
	}
	all.service = &list
	if p.AllowFrom != nil && p.hasBuckets() {
		gate := config{Header: c.Header, Allow: c.Allow}
		all.bucket = &[]*awscloudfront.FunctionAssociation{{
			EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST,
			Function:  newFunction(f, "Gate", gate.requestFunction(), nil),
		}}
	}
	return all
}

func (p *FrontProps) hasBuckets() bool {
	return slices.ContainsFunc(p.Static, func(s Static) bool { return s.Bucket != nil })
}

func newFunction(f *Front, id, code string, store awscloudfront.KeyValueStore) awscloudfront.Function {
	props := &awscloudfront.FunctionProps{
		Code:         awscloudfront.FunctionCode_FromInline(&code),
		Runtime:      awscloudfront.FunctionRuntime_JS_2_0(),
		FunctionName: new(uniqueName(f, id)),
		Comment:      new(comment(*f.Node().Path() + "/" + id)),
		AutoPublish:  new(true),
	}
	if store != nil {
		props.KeyValueStore = store
	}
	return awscloudfront.NewFunction(f, &id, props)
}

// uniqueName is the only one of its kind in the account: CloudFront's are not by region. It has 64
// characters at most.
func uniqueName(f constructs.Construct, id string) string {
	region := *awscdk.Stack_Of(f).Region()
	const most, longestRegion = 64, 14
	name := *awscdk.Names_UniqueResourceName(f, &awscdk.UniqueResourceNameOptions{
		MaxLength: new(float64(most - longestRegion - len(id) - 2)), Separator: new("-"),
	})
	return region + "-" + name + "-" + id
}

// originSuffix is a hash of names, for ids.
func originSuffix(names ...string) string {
	sum := fnv.New32a()
	sum.Write([]byte(strings.Join(names, "\n")))
	return fmt.Sprintf("%08x", sum.Sum32())
}
