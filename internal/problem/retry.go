package problem

import (
	"errors"
	"net/http"
	"time"
)

// busyFor is what a caller is told to wait where nobody knows better: a second is
// longer than a queue of ours needs to drain, and shorter than anybody minds.
const busyFor = time.Second

// patient is what an error in the chain has that knows how long to wait.
type patient interface{ RetryAfter() time.Duration }

// wait is an error that knows how long to wait.
type wait struct {
	error

	after time.Duration
}

// Unwrap gives the error itself.
func (w wait) Unwrap() error { return w.error }

// RetryAfter implements patient.
func (w wait) RetryAfter() time.Duration { return w.after }

// RetryAfter adds to an error how long the caller should wait; it becomes the
// header Retry-After. Nil stays nil.
func RetryAfter(err error, after time.Duration) error {
	if err == nil {
		return nil
	}

	return wait{error: err, after: after}
}

// retryAfter is how long the caller of a request that ended with err should wait;
// zero where waiting does not help.
func retryAfter(status int, err error) time.Duration {
	var known patient
	if errors.As(err, &known) {
		return known.RetryAfter()
	}

	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusConflict:
		return busyFor
	}

	return 0
}
