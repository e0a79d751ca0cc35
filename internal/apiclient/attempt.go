package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"steward/internal/failure"
)

// The pace of attempts: four in some two seconds outlast the restart of a process
// behind a balancer. A server that names a longer wait than longestWait is told to
// the person instead, who can decide.
const (
	attempts    = 4
	firstWait   = 250 * time.Millisecond
	longestWait = 20 * time.Second
)

// running is the code of a call whose first attempt is still at work.
const running failure.Code = "idempotency_key_running"

// call is one call of an operation, the same for all of its attempts.
type call struct {
	method, url string
	body        []byte
	// key is the Idempotency-Key; empty for what may be repeated anyway.
	key string
}

// again is a failure after which the call may be made once more.
type again struct {
	error

	// after is how long the server wants us to wait; zero where it said nothing.
	after time.Duration
}

// Unwrap gives the failure itself.
func (a again) Unwrap() error { return a.error }

// retry makes the call until it is answered for good. A crash in between leaves
// the operation done or not done; run anew, the command is another call.
func (c *Client) retry(ctx context.Context, call call, out any) error {
	wait := firstWait

	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, call, out)

		repeat, ok := errors.AsType[again](err)
		if !ok {
			return err
		}

		if attempt == attempts || repeat.after > longestWait || ctx.Err() != nil {
			return repeat.error
		}

		// Many commands that met the same restart do not come back in one instant.
		spread := wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads retries, hides nothing
		if err := c.pause(ctx, max(repeat.after, spread)); err != nil {
			return repeat.error
		}

		wait *= 2
	}
}

// attempt makes one request and reads its answer.
func (c *Client) attempt(ctx context.Context, call call, out any) (err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()

	request, err := c.request(ctx, call)
	if err != nil {
		return err
	}

	response, err := c.http.Do(request)
	if err != nil {
		return again{error: failure.Wrap(failure.APIUnavailable, "asking the API", err)}
	}
	defer response.Body.Close()

	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil {
		return again{error: failure.Wrap(failure.APIUnavailable, "reading the API's answer", err)}
	}

	if len(answer) > answerLimit {
		return failure.New(failure.APIUnavailable, "reading the API's answer (it is longer than any of Steward's)")
	}

	if response.StatusCode >= http.StatusOK && response.StatusCode < http.StatusMultipleChoices {
		return read(answer, out)
	}

	return refusal(response, answer)
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, call.url, bytes.NewReader(call.body))
	if err != nil {
		return nil, failure.New(failure.Internal, "making a request to the API")
	}

	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json, application/problem+json")
	request.Header.Set("User-Agent", "steward")

	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}

	if call.key != "" {
		request.Header.Set("Idempotency-Key", call.key)
	}

	return request, nil
}

// read takes what was asked for out of an answer. Members that this version does
// not know are skipped: the API may be newer.
func read(answer []byte, out any) error {
	if out == nil {
		return nil
	}

	if err := json.Unmarshal(answer, out); err != nil {
		return failure.New(failure.APIUnavailable, "reading the API's answer (it is not what this version knows; is STEWARD_API_URL right?)")
	}

	return nil
}

// refusal makes a failure of an answer that is no success.
func refusal(response *http.Response, answer []byte) error {
	err := problemOf(response, answer)

	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return again{error: err, after: retryAfter(response.Header.Get("Retry-After"))}
	case http.StatusConflict:
		if told, ok := errors.AsType[*Problem](err); ok && told.Code == running {
			return again{error: err, after: retryAfter(response.Header.Get("Retry-After"))}
		}
	}

	return err
}

// retryAfter reads a number of seconds (RFC 9110, 10.2.3). The API sends no dates.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}

	return time.Duration(seconds) * time.Second
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()

	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
