// Package gcs speaks to Google Cloud Storage through the official client, with
// the traps of that client closed: no truncated object after a failed read, no
// upload that is not conditional, no wait without an end. It knows nothing of
// backups or of Temporal.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"

	"steward/internal/failure"
	"steward/internal/faults"
)

// Patience says how long to wait for the storage service.
type Patience struct {
	// Call bounds one request without a body, with all its retries.
	Call time.Duration
	// Chunk bounds one chunk of an upload with all its retries; the client's
	// own 32 s are too short for a day's only backup.
	Chunk time.Duration
	// Transfer bounds one try of one chunk of an upload, and one read of a
	// download, so that a stalled connection is given up; the client's default
	// is to wait for ever.
	Transfer time.Duration
}

// Patient is the patience of production.
func Patient() Patience {
	return Patience{Call: time.Minute, Chunk: 10 * time.Minute, Transfer: 2 * time.Minute}
}

// Scaled is the patience multiplied by factor; tests wait less.
func (p Patience) Scaled(factor float64) Patience {
	scale := func(d time.Duration) time.Duration { return time.Duration(float64(d) * factor) }

	return Patience{Call: scale(p.Call), Chunk: scale(p.Chunk), Transfer: scale(p.Transfer)}
}

// Options say where the service is.
type Options struct {
	// Endpoint is the address of an emulator, such as "http://127.0.0.1:9000".
	// Empty means Google's own service with the process's credentials.
	Endpoint string
	// Project is the Google Cloud project in which buckets are made.
	Project string
	// Patience says how long to wait; the zero value means Patient.
	Patience Patience
}

// Client speaks to one storage service. It is safe for concurrent use.
type Client struct {
	raw      *storage.Client
	project  string
	patience Patience
}

// backoff waits between tries: from a tenth of a second, so that a short fault
// costs little, to five, so that a long one is not hammered.
func backoff() gax.Backoff {
	const first, longest = 100 * time.Millisecond, 5 * time.Second

	return gax.Backoff{Initial: first, Max: longest, Multiplier: 2}
}

// Open makes a client; nothing is sent yet. It fails with ConfigInvalid where
// there are no credentials.
func Open(ctx context.Context, options Options) (*Client, error) {
	if options.Patience == (Patience{}) {
		options.Patience = Patient()
	}

	how, err := connection(ctx, options.Endpoint)
	if err != nil {
		return nil, err
	}

	raw, err := storage.NewClient(ctx, append(how, storage.WithDisabledClientMetrics())...)
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "opening the storage client", err)
	}

	raw.SetRetry(storage.WithBackoff(backoff()), storage.WithMaxRetryDuration(options.Patience.Call))

	return &Client{raw: raw, project: options.Project, patience: options.Patience}, nil
}

// connection puts the fault gate under the client, with or without Google's
// authentication above it.
func connection(ctx context.Context, endpoint string) ([]option.ClientOption, error) {
	base := http.DefaultTransport
	if endpoint != "" {
		client := &http.Client{Transport: faults.Transport{Base: base}}
		at := strings.TrimSuffix(strings.TrimSuffix(endpoint, "/"), "/storage/v1") + "/storage/v1/"

		return []option.ClientOption{option.WithEndpoint(at), option.WithHTTPClient(client), option.WithoutAuthentication()}, nil
	}

	transport, err := htransport.NewTransport(ctx, base, option.WithScopes(storage.ScopeFullControl))
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "finding the storage credentials", err)
	}

	return []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: faults.Transport{Base: transport}})}, nil
}

// Close lets the client's connections go.
func (c *Client) Close() error {
	if err := c.raw.Close(); err != nil {
		return fmt.Errorf("closing the storage client: %w", err)
	}

	return nil
}

// Bucket names a bucket; nothing is sent.
func (c *Client) Bucket(name string) *Bucket {
	return &Bucket{client: c, name: name, raw: c.raw.Bucket(name)}
}

// coded gives a storage error its code: what is not there, what is there
// already, what the bucket's settings forbid, what our credentials do not allow,
// and everything else as unavailable.
func coded(op string, err error) error {
	var answer *googleapi.Error

	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrObjectNotExist), errors.Is(err, storage.ErrBucketNotExist):
		return failure.Wrap(failure.ObjectNotFound, op, err)
	case errors.As(err, &answer) && answer.Code == http.StatusPreconditionFailed:
		return failure.Wrap(failure.ObjectExists, op, err)
	case errors.As(err, &answer) && notAllowed(answer):
		return failure.Wrap(failure.Unauthorised, op, err)
	case errors.As(err, &answer) && answer.Code == http.StatusForbidden:
		return failure.Wrap(failure.StorageRefused, op, err)
	case errors.As(err, &answer) && answer.Code == http.StatusNotFound:
		return failure.Wrap(failure.ObjectNotFound, op, err)
	case errors.As(err, &answer) && answer.Code == http.StatusConflict:
		return failure.Wrap(failure.ObjectExists, op, err)
	default:
		return failure.Wrap(failure.Unavailable, op, err)
	}
}

// notAllowed reports whether an answer is about who asks: 401, or a 403 with the
// reason that Cloud Storage gives for a missing permission. What a hold or a
// retention policy forbids to everybody has reasons of its own, such as
// objectUnderActiveHold and retentionPolicyNotMet (HTTP status and error codes of
// the JSON API).
func notAllowed(answer *googleapi.Error) bool {
	return answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden &&
		slices.ContainsFunc(answer.Errors, func(item googleapi.ErrorItem) bool {
			return item.Reason == "forbidden" || item.Reason == "insufficientPermissions"
		})
}
