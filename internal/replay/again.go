package replay

import (
	"context"
	"slices"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// Result is how a replay in one store came out.
type Result struct {
	// Erasure is the opaque id of the erasure.
	Erasure string `json:"erasure"`
	// Store is the store's name.
	Store string `json:"store"`
	// Outcome is that of the store.
	Outcome store.Outcome `json:"outcome"`
	// Found counts the identities of a person that were found in the restored data.
	Found int `json:"found"`
	// Left is what the store's own verification found afterwards: a replay that left something has failed.
	Left []store.Remainder `json:"left"`
}

// Again erases the subject of a record again in restored data: what its keys name, and what is reachable from the subject
// there, which may be more than there was when it was erased first. A person is found by the values whose
// HMACs the record has. It may be called again after any end; the second time finds nothing.
//
// It asks for no tombstone and no approval: whoever calls it has made sure that the erasure was decided for
// good (Decided). It fails as the store does, and with ReplayInvalid where the replay key is not held.
func (r Record) Again(ctx context.Context, key *Key, in store.Store, finder Finder, beat func(done int64)) (Result, error) {
	result := Result{Erasure: r.Erasure, Store: in.Name(), Left: []store.Remainder{}}

	subject, err := r.subject(ctx, key, finder)
	if err != nil {
		return result, err
	}

	for _, values := range subject.Identities {
		result.Found += len(values)
	}

	r.standIns(&subject)

	keys := together{then: r.Keys, now: NewKeys()}
	if err := in.Freeze(ctx, subject, keys); err != nil {
		return result, failure.Wrap(failure.Unavailable, "finding what to erase again", err)
	}

	if result.Outcome, err = in.Erase(ctx, subject, keys, beat); err != nil {
		return result, failure.Wrap(failure.Unavailable, "erasing again", err)
	}

	left, err := in.Verify(ctx, subject, keys)
	result.Left = append(result.Left, left...)

	return result, failure.Wrap(failure.Unavailable, "verifying what was erased again", err)
}

// subject is whom the record is about, with what was found of it in restored data.
func (r Record) subject(ctx context.Context, key *Key, finder Finder) (store.Subject, error) {
	subject := store.Subject{Erasure: r.Erasure, Kind: r.Kind, Account: r.Account}
	if r.Kind != plan.Person {
		return subject, nil
	}

	matcher, err := key.Matcher(r.Key)
	if err != nil {
		return subject, err
	}

	subject.Identities, err = finder.Find(ctx, func(kind, value string) bool {
		return slices.Contains(r.Identities[kind], matcher.Hash(kind, value))
	})

	return subject, failure.Wrap(failure.Unavailable, "finding a person in restored data", err)
}

// standIns gives a person of whom nothing was found an identity that nobody has: what the
// record's keys name goes all the same.
func (r Record) standIns(subject *store.Subject) {
	for kind, hashes := range r.Identities {
		if len(subject.Identities[kind]) == 0 && len(hashes) > 0 {
			if subject.Identities == nil {
				subject.Identities = map[string][]string{}
			}

			subject.Identities[kind] = hashes[:1]
		}
	}
}
