package account

import (
	"context"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
)

// Intake takes signs of life as senders write them. It is safe for concurrent use.
type Intake struct {
	// Resolver finds the ids of accounts.
	Resolver *Resolver
	// Committer writes what can be recorded.
	Committer *Committer
	// Clock tells what is the future.
	Clock clocks.Clock
}

// Claim is one sign of life as a sender writes it.
type Claim struct {
	// Account is the app's key of the account, or its id.
	Account string
	// At is when the user was there; no time means now.
	At time.Time
}

// Refusal says why one claim of a call was not recorded.
type Refusal struct {
	// Index is the place of the claim in the call, from 0.
	Index int
	// Code is AccountKeyRefused, AccountUnknown, AccountGone, SignInFuture or SignTooOld.
	Code failure.Code
}

// Take records the claims and says which it refuses, in their order. All others are
// durable when it returns without an error. An error is one of the whole call, of
// which then any part may be recorded; sending it again does no harm.
func (i *Intake) Take(ctx context.Context, claims []Claim) ([]Refusal, error) {
	asOf := i.Clock.Now()
	signs, refused := make([]Sign, len(claims)), make([]failure.Code, len(claims))

	keys, places := i.read(claims, signs, refused, asOf)

	var gone map[string]bool

	err := i.Resolver.Use(ctx, keys, asOf, func(found []string) (err error) {
		wanted := make([]Sign, 0, len(keys))

		for n, id := range found {
			if signs[places[n]].Account = id; id == "" {
				refused[places[n]] = failure.AccountUnknown
			} else {
				wanted = append(wanted, signs[places[n]])
			}
		}

		gone, err = i.Committer.Record(ctx, wanted)

		return err
	})
	if err != nil {
		return nil, err
	}

	return refusals(signs, refused, gone), nil
}

// read checks each claim by itself, and gives the keys of those that pass with
// their places.
func (i *Intake) read(claims []Claim, signs []Sign, refused []failure.Code, asOf time.Time) (keys []Key, places []int) {
	for n, claim := range claims {
		if claim.At.IsZero() {
			claim.At = asOf
		}

		at, err := Plausible(claim.At, asOf)

		key, keyErr := ParseKey(claim.Account)
		if keyErr == nil && !i.Resolver.Takes(key) {
			keyErr = failure.New(failure.AccountKeyRefused, "taking signs of life")
		}

		switch {
		case keyErr != nil:
			refused[n] = failure.CodeOf(keyErr)
		case err != nil:
			refused[n] = failure.CodeOf(err)
		default:
			signs[n].At = at
			keys, places = append(keys, key), append(places, n)
		}
	}

	return keys, places
}

func refusals(signs []Sign, refused []failure.Code, gone map[string]bool) []Refusal {
	var found []Refusal

	for n, code := range refused {
		if code == "" && gone[signs[n].Account] {
			code = failure.AccountGone
		}

		if code != "" {
			found = append(found, Refusal{Index: n, Code: code})
		}
	}

	return found
}
