// Package heartbeat calls the URLs outside that notice when Steward falls
// silent. A URL is called only after evidence was read and found good, so that
// its owner alarms when the call stays away, for whatever reason.
//
// The URL is a secret: whoever has it can keep the alarm quiet. It stands in an
// environment variable, and no error, log line or metric of this package repeats
// it or any part of it.
package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"steward/internal/failure"
	"steward/internal/patience"
	"steward/internal/policy"
	"steward/internal/promise"
)

// timeout is how long one call may take. Whoever watches for silence answers in
// a second or is down; Litestream waits as long.
const timeout = 30 * time.Second

// URL is the secret address of one heartbeat.
type URL struct{ secret *url.URL }

// ParseURL reads an address. It fails with ConfigInvalid unless it is https, or
// http on loopback; the text is not repeated.
func ParseURL(text string) (URL, error) {
	parsed, err := url.Parse(text)
	if err != nil || !safe(parsed) {
		return URL{}, failure.New(failure.ConfigInvalid, "reading a heartbeat's URL (it must be https)")
	}

	return URL{secret: parsed}, nil
}

// safe reports whether nobody on the way can read the address.
func safe(at *url.URL) bool {
	host := at.Hostname()
	address := net.ParseIP(host)
	loopback := host == "localhost" || address != nil && address.IsLoopback()

	return host != "" && (at.Scheme == "https" || at.Scheme == "http" && loopback)
}

// String hides the address.
func (URL) String() string { return "(secret)" }

// GoString hides the address from %#v too.
func (URL) GoString() string { return "(secret)" }

// LogValue hides the address from logs.
func (URL) LogValue() slog.Value { return slog.StringValue("(secret)") }

// MarshalText hides the address from JSON.
func (URL) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// FromEnv reads the URLs that the policy names, with a look-up such as
// os.LookupEnv. A promise whose variable is not set is in missing: nobody is
// told of it outside. It fails with ConfigInvalid for a URL that is none, and
// names the variable.
func FromEnv(rules *policy.Policy, lookup func(string) (string, bool)) (urls map[promise.Name]URL, missing []promise.Name, err error) {
	urls = map[promise.Name]URL{}

	for _, beat := range rules.Heartbeats {
		text, set := lookup(beat.URLEnv)
		if !set || text == "" {
			missing = append(missing, beat.Promise)

			continue
		}

		parsed, parseErr := ParseURL(text)
		err = errors.Join(err, failure.Wrap(failure.ConfigInvalid, "reading "+beat.URLEnv, parseErr))
		urls[beat.Promise] = parsed
	}

	return urls, missing, err
}

// Pinger calls heartbeats.
type Pinger struct{ client *http.Client }

// New gives a pinger over a transport, whose requests pass the fault gate if
// it is a faults.Transport.
func New(base http.RoundTripper, scale patience.Scale) *Pinger {
	return &Pinger{client: &http.Client{
		Transport: base,
		Timeout:   scale.Of(timeout),
		// A redirect would hand the secret to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ping makes one call. Calling twice is harmless. Anything but a status of 200
// to 299 is HeartbeatFailed.
func (p *Pinger) Ping(ctx context.Context, at URL) error {
	request := (&http.Request{Method: http.MethodGet, URL: at.secret, Header: http.Header{}}).WithContext(ctx)

	response, err := p.client.Do(request)
	if err != nil {
		// The cause would repeat the URL.
		return failure.New(failure.HeartbeatFailed, "calling a heartbeat, which did not answer")
	}
	defer response.Body.Close()

	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return failure.New(failure.HeartbeatFailed, fmt.Sprintf("calling a heartbeat, which answered %d", response.StatusCode))
	}

	return nil
}
