package problem

import (
	"errors"
	"net/http"
	"time"
)

// busyFor is what a caller is told to wait where nobody knows better: a second is
// longer than a queue of ours needs to drain, and shorter than anybody minds.
const busyFor = time.Second

// wait is an error that knows how long to wait.
type wait struct {
	error

	after time.Duration
}

// Unwrap gives the error itself.
func (w wait) Unwrap() error { return w.error }

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
	if known, ok := errors.AsType[wait](err); ok {
		return known.after
	}

	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusConflict:
		return busyFor
	}

	return 0
}
