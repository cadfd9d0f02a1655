package webclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// check refuses credentials that cannot be right, and cannot stand in a header. It shows none.
func (c Credentials) check() error {
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return errors.New(
			"the credentials are incomplete: they need an access key id and a secret access key",
		)
	}
	for _, text := range []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken} {
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New(
				"the credentials hold a space or another character that they cannot have",
			)
		}
	}
	return nil
}

// environment has the credentials that AWS gives to the server.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
type environment struct {
	once sync.Once
	turn chan struct{} // holds one value: who has it may use what follows

	address string // where the credentials are from
	current Credentials
	expires time.Time
	retry   time.Time // after a renewal that failed
	client  *http.Client
}

const (
	// early is how long before their end credentials are renewed. ECS has new ones at least 5
	// minutes before.
	early = 5 * time.Minute

	// pause follows a renewal that failed, while the old credentials still do.
	pause = 10 * time.Second

	// attempts are made to get credentials, each for up to wait.
	attempts = 3
	wait     = 5 * time.Second
	backoff  = 50 * time.Millisecond // doubled before each one

	// maxCredentials is the size of a response with credentials, which has about 2 KB.
	maxCredentials = 64 << 10
)

// credentials returns those in the variables, or those at the address that a variable names.
func (e *environment) credentials(ctx context.Context) (Credentials, error) {
	own := Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	if own.AccessKeyID != "" && own.SecretAccessKey != "" {
		return own, nil
	}
	variable := "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	address := os.Getenv(variable)
	if address != "" {
		address = "http://169.254.170.2" + address
	} else {
		variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
		address = os.Getenv(variable)
	}
	if address == "" {
		return Credentials{}, errors.New(
			"there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
				"and AWS_SESSION_TOKEN if they have a token, " +
				"as `aws configure export-credentials --format env` does",
		)
	}
	credentials, err := e.fromContainer(ctx, address)
	if err != nil {
		return Credentials{}, fmt.Errorf("cannot get AWS credentials from %s: %w", variable, err)
	}
	return credentials, nil
}

// fromContainer returns the credentials at an address, which it renews if they end soon. One
// goroutine asks, and the others wait for it.
func (e *environment) fromContainer(ctx context.Context, address string) (Credentials, error) {
	e.once.Do(func() {
		e.turn = make(chan struct{}, 1)
		if e.client != nil { // of a test
			return
		}
		e.client = &http.Client{
			Timeout:       wait,
			Transport:     &http.Transport{Proxy: nil}, // they are on this machine
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Credentials{}, context.Cause(ctx)
	}
	now := time.Now()
	if e.address == address && now.Before(e.expires.Add(-early)) {
		return e.current, nil
	}
	valid := e.address == address && now.Before(e.expires)
	if valid && now.Before(e.retry) {
		return e.current, nil
	}
	most := attempts
	if valid {
		most = 1 // the request need not wait for it
	}
	credentials, expires, err := e.fetch(ctx, address, most)
	switch {
	case err == nil:
		e.address, e.current, e.expires, e.retry = address, credentials, expires, time.Time{}
		return credentials, nil
	case valid:
		e.retry = time.Now().Add(pause)
		return e.current, nil
	}
	return Credentials{}, err
}

// fetch asks for credentials, again if the response is an error of the other side.
func (e *environment) fetch(
	ctx context.Context,
	address string,
	most int,
) (Credentials, time.Time, error) {
	location, err := url.Parse(address)
	if strings.Contains(address, "@") { // maybe with a password
		return Credentials{}, time.Time{}, errors.New(
			"it must be as http://127.0.0.1:9001/credentials, without a user",
		)
	}
	if err != nil || location.Host == "" ||
		location.Scheme != "http" && location.Scheme != "https" {
		return Credentials{}, time.Time{}, fmt.Errorf(
			"it must be as http://127.0.0.1:9001/credentials, got %q",
			address,
		)
	}
	if location.Scheme == "http" && !isLocal(location.Hostname()) {
		return Credentials{}, time.Time{}, fmt.Errorf(
			"without TLS it must be of this machine, got %q",
			address,
		)
	}
	token := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return Credentials{}, time.Time{}, fmt.Errorf("cannot read the token: %w", err)
		}
		token = string(content)
	}
	if strings.ContainsAny(token, "\r\n") {
		return Credentials{}, time.Time{}, errors.New(
			"the token in AWS_CONTAINER_AUTHORIZATION_TOKEN or its file has a line break",
		)
	}
	for attempt := 1; ; attempt++ {
		credentials, expires, again, err := e.ask(ctx, address, token)
		if err == nil || !again || attempt >= most {
			return credentials, expires, err
		}
		select {
		case <-time.After(backoff << attempt):
		case <-ctx.Done():
			return credentials, expires, err
		}
	}
}

// ask makes one request. Its error never shows what it got, and again says whether another request
// may do better.
func (e *environment) ask(
	ctx context.Context,
	address, token string,
) (c Credentials, expires time.Time, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return c, expires, false, err
	}
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	response, err := e.client.Do(request)
	if err != nil {
		return c, expires, true, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return c, expires, response.StatusCode >= 500, fmt.Errorf(
			"%s responded with the status %d",
			address,
			response.StatusCode,
		)
	}
	var got struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      time.Time
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxCredentials)).Decode(&got); err != nil {
		return c, expires, true, fmt.Errorf(
			"%s responded with something else than credentials",
			address,
		)
	}
	c = Credentials{got.AccessKeyID, got.SecretAccessKey, got.Token}
	if err := c.check(); err != nil {
		return c, expires, false, fmt.Errorf("%s: %w", address, err)
	}
	if got.Expiration.IsZero() {
		got.Expiration = time.Now().Add(early * 2) // ask again soon
	}
	return c, got.Expiration, false, nil
}

// isLocal tells whether a host is this machine, or where ECS and EKS hand out credentials.
func isLocal(host string) bool {
	switch host {
	case "localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
