package main

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/problem"
)

// maxToken is how long a token may be, in bytes: ours have less than a hundred.
const maxToken = 512

// garbled stands for what is shown in a way that no credential of ours is: it counts as
// a wrong one, so that nobody guesses for nothing.
const garbled = "garbled"

// bearer reads the token from the header Authorization (RFC 6750, 2.1); a header twice, too
// long, or of another kind is garbled. It fails with CredentialsNeeded where there is none.
func bearer(headers http.Header) (string, error) {
	values := headers.Values("Authorization")
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return "", failure.New(failure.CredentialsNeeded, "reading the header Authorization")
	}

	if len(values) != 1 || len(values[0]) > maxToken {
		return garbled, nil
	}

	scheme, token, found := strings.Cut(values[0], " ")
	if token = strings.TrimSpace(token); !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return garbled, nil
	}

	return token, nil
}

// notVerified is what a caller is told whose token was not accepted: nothing about
// why, unless it was not the token's fault, or the token was a right one once.
func notVerified(err error) error {
	if slowed, ok := errors.AsType[*credential.Slowed](err); ok {
		return problem.RetryAfter(err, slowed.RetryAfter())
	}

	switch failure.CodeOf(err) {
	case failure.CredentialsExpired, failure.CredentialsRevoked: // only who has the secret gets these
		return err
	case failure.Unavailable, failure.TimedOut, failure.TooManyRequests, failure.TooBusy, failure.Unauthorised, failure.Internal:
		return err
	default:
		return failure.Wrap(failure.CredentialsNeeded, "checking the credentials", hide(err))
	}
}

// hide takes the code from an error, so that the one it is wrapped with counts.
func hide(err error) error { return hidden{text: failure.Safe(err)} }

type hidden struct{ text string }

// Error is what was being done; it is logged.
func (h hidden) Error() string { return h.text }

// secretOf is what only the holder of the token has; the token itself is not kept.
func secretOf(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte("steward caller\x00" + token))
}

func tooMany(wait time.Duration) error {
	return problem.RetryAfter(failure.New(failure.TooManyRequests, "counting requests"), max(wait, time.Second))
}
