// Package apiclient speaks to Steward's API for the command: one call for every
// operation, with the token, the Idempotency-Key and the retries that are safe.
// What the API answers becomes a failure with the API's own code, so that the
// command ends with the same hint and exit code as if it had done the work itself.
package apiclient

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
)

// The limits of one call.
const (
	// attemptTimeout bounds one request: the API's own limit for a request is
	// shorter, so whoever waits longer waits for a network that is gone.
	attemptTimeout = 30 * time.Second
	// answerLimit bounds what is read of an answer, in bytes: a page of the API is
	// some hundred rows, and whatever sends more is not our API.
	answerLimit = 16 << 20
	// keyPrefix is what the Idempotency-Keys of this client begin with.
	keyPrefix = "idk"
)

// Options say where the API is and who calls.
type Options struct {
	// URL is the base of the API, such as https://steward.example.com. It is https,
	// or http on loopback.
	URL string
	// Token is a token of staff, or an app's key.
	Token string
	// Transport makes the requests; nil means one of our own. It is for tests.
	Transport http.RoundTripper
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
	pause func(ctx context.Context, wait time.Duration) error
}

// New makes a client; nothing is sent yet. It fails with ConfigInvalid where the
// address is none, carries a login or a query, or would send the token in the
// clear, and where there is no token.
func New(options Options) (*Client, error) {
	base, err := Base(options.URL)
	if err != nil {
		return nil, err
	}

	if options.Token == "" || strings.TrimSpace(options.Token) != options.Token {
		return nil, failure.New(failure.ConfigInvalid, "reading the token (there is none; set STEWARD_TOKEN or log in)")
	}

	transport := options.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		}
	}

	return &Client{
		base: base, token: options.Token, pause: sleep,
		http: &http.Client{
			Transport: faults.Transport{Base: transport},
			// A redirect would carry the token to somebody who was not named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Base checks the address of an API; it has no slash at its end then. It fails with
// ConfigInvalid as New does.
func Base(address string) (string, error) {
	refused := func(why string) error {
		return failure.New(failure.ConfigInvalid, "reading STEWARD_API_URL ("+why+")")
	}

	if address == "" {
		return "", refused("it is not set")
	}

	parsed, err := url.Parse(address)

	switch {
	case err != nil, parsed.Host == "", parsed.Scheme != "http" && parsed.Scheme != "https":
		return "", refused("it is no address such as https://steward.example.com")
	case parsed.User != nil, parsed.RawQuery != "", parsed.Fragment != "":
		return "", refused("it has a login, a query or a fragment")
	case parsed.Scheme == "http" && !onLoopback(parsed.Hostname()):
		return "", refused("plain HTTP would send the token in the clear; use https")
	}

	return strings.TrimSuffix(parsed.String(), "/"), nil
}

func onLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)

	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Path joins the parts of a path, each escaped: Path("v1", "keys", id).
func Path(parts ...string) string {
	var path strings.Builder

	for _, part := range parts {
		path.WriteString("/" + url.PathEscape(part))
	}

	return path.String()
}

// Do calls one operation: in, unless nil, is sent as JSON, and the answer is read
// into out, unless nil. path begins with a slash and may have a query.
//
// A call that got no answer, or one that says to come again, is made again a few
// times. That is safe for every operation of the API: those that create, or that are an
// act each time, take the Idempotency-Key that all attempts of one call share, all others
// may be repeated.
//
// It fails with the code of the API's problem; with APIRefused, Unauthorised or
// APIUnavailable where the answer is no problem of Steward's; and with APIUnavailable
// where none came. A *Problem is in the chain of what the API said.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body []byte

	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return failure.Wrap(failure.Internal, "writing a request to the API", err)
		}
	}

	call := call{method: method, url: c.base + path, body: body}
	if method == http.MethodPost {
		call.key = ids.New(keyPrefix)
	}

	return c.retry(ctx, call, out)
}
