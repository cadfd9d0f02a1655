package secrets

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

const (
	// budget is how long all of it may take. Lambda gives an init 10 s, of which
	// the server needs some.
	budget = 5 * time.Second

	// tries is how often a request is sent, each for tryLimit at most: a packet
	// that was lost is not waited for until the end. One that was throttled is
	// sent until the time is up: functions that start together pass the quota,
	// of Parameter Store's 40 requests in a second for one, together.
	tries    = 3
	tryLimit = 2500 * time.Millisecond

	// maxSkew is how wrong a clock may be: AWS refuses signatures with 5 min.
	maxSkew = 4 * time.Minute

	// maxConns is how many requests go to an endpoint at once.
	maxConns = 8

	// maxNames is how many parameters GetParameters takes.
	maxNames = 10
)

// Variable is a variable that gets its value from a secret.
type Variable struct {
	Name      string
	Reference Reference
}

// item is a secret or a parameter, in one version, and who wants it.
type item struct {
	Reference
	variables []Variable
	value     string
	err       error
}

// call is one request to a service.
type call struct {
	endpoint endpoint
	items    []*item // of one service in one region
}

// Fetch gets the values of variables, by their names. What it cannot get it
// reports all at once, in sentences that name the variable and the secret. It
// reads endpoints and credentials with getenv.
//
// A secret is asked for once, however many of its fields are wanted, with
// GetSecretValue: BatchGetSecretValue needs another permission and does not know
// versions. Ten parameters are asked for at a time. All requests go out together.
func Fetch(variables []Variable, getenv func(string) string) (map[string]string, error) {
	values := map[string]string{}
	if len(variables) == 0 {
		return values, nil
	}
	deadline := time.Now().Add(budget)
	calls, items, err := plan(variables, getenv)
	if err != nil {
		return nil, err
	}
	who, err := credentials(getenv, deadline)
	if err != nil {
		return nil, err
	}
	run(calls, who, deadline)
	var errs []error
	for _, i := range items {
		errs = append(errs, i.fill(values)...)
	}
	return values, errors.Join(errs...)
}

// plan groups the variables into calls. The order is that of the variables.
func plan(variables []Variable, getenv func(string) string) ([]*call, []*item, error) {
	var items []*item
	for _, v := range variables {
		n := slices.IndexFunc(items, func(i *item) bool { return i.id() == v.Reference.id() })
		if n < 0 {
			n = len(items)
			items = append(items, &item{Reference: v.Reference})
		}
		items[n].variables = append(items[n].variables, v)
	}
	var calls []*call
	for _, i := range items {
		e, err := endpointOf(i.Reference, getenv)
		if err != nil {
			return nil, nil, err
		}
		n := slices.IndexFunc(calls, func(c *call) bool { return c.takes(i) })
		if n < 0 {
			n = len(calls)
			calls = append(calls, &call{endpoint: e})
		}
		calls[n].items = append(calls[n].items, i)
	}
	return calls, items, nil
}

// id tells what is asked for apart.
func (r Reference) id() string { return r.ARN + ":" + r.Stage + ":" + r.Version }

// takes tells whether a parameter can go with others. Two versions of one cannot.
func (c *call) takes(i *item) bool {
	first := c.items[0]
	return i.Service == ParameterStore && first.Service == ParameterStore && first.Partition == i.Partition && first.Region == i.Region && len(c.items) < maxNames &&
		!slices.ContainsFunc(c.items, func(other *item) bool { return other.ARN == i.ARN })
}

// run makes the calls, over a few connections to each endpoint.
func run(calls []*call, who sigv4.Credentials, deadline time.Time) {
	queues := map[endpoint][]*call{}
	for _, c := range calls {
		queues[c.endpoint] = append(queues[c.endpoint], c)
	}
	var workers sync.WaitGroup
	for e, list := range queues {
		queue := make(chan *call, len(list))
		for _, c := range list {
			queue <- c
		}
		close(queue)
		for range min(len(list), maxConns) {
			w := &worker{endpoint: e, who: who, deadline: deadline}
			workers.Go(func() {
				defer w.drop()
				for c := range queue {
					w.do(c)
				}
			})
		}
	}
	workers.Wait()
}

// worker makes one call after the other, over one connection if it can.
type worker struct {
	endpoint endpoint
	who      sigv4.Credentials
	deadline time.Time
	conn     *http1.Conn
	ahead    time.Duration // how far AWS's clock is ahead of this one, if that is much
}

func (w *worker) drop() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// do makes a call and leaves what came of it in its items.
func (w *worker) do(c *call) {
	if c.items[0].Service == SecretsManager {
		i := c.items[0]
		body := jsontext.AppendString([]byte(`{"SecretId":`), i.ARN)
		if i.Version != "" {
			body = jsontext.AppendString(append(body, `,"VersionId":`...), i.Version)
		}
		if i.Stage != "" {
			body = jsontext.AppendString(append(body, `,"VersionStage":`...), i.Stage)
		}
		var content []byte
		if content, i.err = w.post(i.Reference, "secretsmanager.GetSecretValue", append(body, '}')); i.err == nil {
			i.value, i.err = readSecret(content)
		}
		return
	}
	body := []byte(`{"Names":[`)
	for n, i := range c.items {
		if n > 0 {
			body = append(body, ',')
		}
		body = jsontext.AppendString(body, i.selected(i.ARN))
	}
	content, err := w.post(c.items[0].Reference, "AmazonSSM.GetParameters", append(body, `],"WithDecryption":true}`...))
	if failed, ok := errors.AsType[*apiError](err); ok && len(c.items) > 1 && !failed.temporary() {
		// One that is denied, or whose key is, fails all.
		for _, i := range c.items {
			w.do(&call{endpoint: c.endpoint, items: []*item{i}})
		}
		return
	}
	var values map[string]string
	if err == nil {
		values, err = readParameters(content)
	}
	for _, i := range c.items {
		value, ok := values[i.selected(i.ARN)]
		if !ok {
			value, ok = values[i.selected(i.Name)]
		}
		switch i.value, i.err = value, err; {
		case err == nil && !ok:
			i.err = errNoParameter
		}
	}
}

var errNoParameter = errors.New("ParameterNotFound; there is none with this name, or it has no such version or label")

// selected is a parameter's name or ARN with the version behind it.
func (r Reference) selected(name string) string {
	if r.Version != "" {
		return name + ":" + r.Version
	}
	return name
}

// post sends a request to a service's JSON protocol, several times if need be.
func (w *worker) post(r Reference, target string, body []byte) (content []byte, err error) {
	err = retry(w.deadline, func(limit time.Time) (outcome, error) {
		if w.conn == nil {
			var err error
			if w.conn, err = w.endpoint.connect(limit); err != nil {
				if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
					return final, fmt.Errorf("cannot connect to %s: %w", w.endpoint, err)
				}
				return failed, fmt.Errorf("cannot connect to %s: %w", w.endpoint, err)
			}
		}
		signed := &sigv4.Request{
			Method: "POST", Path: w.endpoint.path + "/", Body: body,
			Headers: []sigv4.Header{{Name: "host", Value: w.endpoint.host}, {Name: "content-type", Value: "application/x-amz-json-1.1"},
				{Name: "x-amz-target", Value: target}},
		}
		w.who.Sign(signed, r.Region, r.Service.signingName(), time.Now().Add(w.ahead))
		var head strings.Builder
		head.WriteString("POST " + signed.Path + " HTTP/1.1\r\n")
		for _, h := range signed.Headers {
			head.WriteString(h.Name + ": " + h.Value + "\r\n")
		}
		head.WriteString("content-length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
		response, read, err := exchange(w.conn, "POST", []byte(head.String()), body, limit)
		if err != nil || !response.Keep {
			w.drop()
		}
		if err != nil {
			return failed, fmt.Errorf("no response from %s: %w", w.endpoint, err)
		}
		if response.Status == 200 {
			content = read
			return final, nil
		}
		refused := readError(response.Status, string(response.Get("x-amzn-errortype")), read)
		switch {
		case refused.throttled():
			return throttled, refused
		case refused.temporary(), refused.ofCredentials() && w.setClock(string(response.Get("date"))):
			return failed, refused
		}
		return final, refused
	})
	return content, err
}

// setClock follows AWS's clock, as it stands in a response, and tells whether
// the one of this machine was wrong. It may be after the restore of a snapshot,
// and on a laptop.
func (w *worker) setClock(date string) (wrong bool) {
	there, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", date)
	if err != nil {
		return false
	}
	ahead := time.Until(there)
	if wrong = (ahead - w.ahead).Abs() > maxSkew; wrong {
		w.ahead = ahead
	}
	return wrong
}

// outcome is what came of a try.
type outcome uint8

const (
	final     outcome = iota // another one is of no use
	failed                   // another one may succeed
	throttled                // it came too soon
)

// retry calls try until it succeeds, or another time is of no use, or the time
// is up. If that cuts the last try short, what came of the one before says more.
func retry(deadline time.Time, try func(limit time.Time) (outcome, error)) error {
	var before error
	for n := 1; ; n++ {
		limit := time.Now().Add(tryLimit)
		if deadline.Before(limit) {
			limit = deadline
		}
		came, err := try(limit)
		if before != nil && http1.IsTimeout(err) && time.Until(deadline) <= 0 {
			return before
		}
		before = err
		pause := backOff(n)
		if err == nil || came == final || came == failed && n >= tries || time.Until(deadline) <= pause {
			return err
		}
		time.Sleep(pause)
	}
}

// backOff is the time after so many tries: 25 to 50 ms, then four times that,
// then 0.4 to 0.8 s. Chance keeps environments that start together apart, also
// those that are restored from one snapshot: it is the kernel's.
func backOff(tries int) time.Duration {
	most := 50 * time.Millisecond << min(2*(tries-1), 4)
	var chance [4]byte
	rand.Read(chance[:]) // never fails
	return most/2 + most/2*time.Duration(binary.LittleEndian.Uint32(chance[:]))>>32
}

// fill puts the values of an item's variables where they belong.
func (i *item) fill(values map[string]string) []error {
	if i.err != nil {
		names := make([]string, len(i.variables))
		for n, v := range i.variables {
			names[n] = v.Name
		}
		return []error{fmt.Errorf("%s cannot be set from %s: %s", strings.Join(names, ", "), i, i.reason())}
	}
	var errs []error
	for _, v := range i.variables {
		value, what := i.value, i.String()
		var err error
		if key := v.Reference.Key; key != "" {
			value, err = field(i.value, key)
			what = "the field " + strconv.Quote(key) + " of " + what
		}
		if err == nil && strings.ContainsRune(value, 0) {
			err = errors.New("it holds a NUL, which no variable can")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s cannot be set from %s: %w", v.Name, what, err))
			continue
		}
		values[v.Name] = value
	}
	return errs
}

// reason says why an item has no value, and what to do.
func (i *item) reason() string {
	if failed, ok := errors.AsType[*apiError](i.err); ok {
		return failed.code + "; " + failed.advice(i.Service)
	}
	if http1.IsTimeout(i.err) {
		return "no response within " + budget.String() + "; a function in a VPC reaches AWS over a NAT gateway, or over a VPC endpoint for " +
			i.Service.signingName()
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](i.err); ok {
		return i.err.Error() + "; the image needs the certificates of ca-certificates, or SSL_CERT_FILE must name those to trust"
	}
	return i.err.Error()
}
