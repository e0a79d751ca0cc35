// Package store is what every place that holds a subject's data answers an erasure: what
// it will do, that it did, and what is left. The databases, Cloud Storage, the backups and
// the processors are stores; one suite tests them all.
package store

import (
	"context"
	"time"

	"steward/internal/erasure/plan"
)

// Kind is how a store came out of an erasure.
type Kind string

// The outcomes. Nothing reaches the final certificate with Failed.
const (
	Erased        Kind = "erased"
	Pseudonymised Kind = "pseudonymised"
	Retained      Kind = "retained"
	NothingFound  Kind = "nothing-found"
	Expires       Kind = "expires"
	Failed        Kind = "failed"
	Attested      Kind = "attested"
)

// Outcome is how one store came out.
type Outcome struct {
	// Kind says in one word what became of what was there.
	Kind Kind `json:"kind"`
	// Count is how many rows or objects were erased, pseudonymised or retained.
	Count int64 `json:"count"`
	// At is when what is left expires.
	At time.Time `json:"at,omitzero"`
	// Code is the failure code of what failed, such as "no_connector".
	Code string `json:"code,omitempty"`
	// Parts are all that became of rows, where kind and count do not say it all: where several things did, or where
	// something is retained. A row may count in more than one of them. In the order of the kinds above.
	Parts []Part `json:"parts,omitempty"`
}

// Part is one of several things that became of what was there.
type Part struct {
	// Kind is Erased, Pseudonymised or Retained.
	Kind Kind `json:"kind"`
	// Count is how many rows or objects.
	Count int64 `json:"count"`
	// Basis is the published exception under which rows are retained.
	Basis string `json:"basis,omitempty"`
	// For is for how long they are at most, in the data map's words, such as "10y".
	For string `json:"for,omitempty"`
	// Until is the same as an instant; zero where only For is known.
	Until time.Time `json:"until,omitzero"`
}

// CountOf says how many rows or objects became this; none where that is not known to have happened.
func (o Outcome) CountOf(kind Kind) (count int64) {
	if len(o.Parts) == 0 && o.Kind == kind {
		return o.Count
	}

	for _, part := range o.Parts {
		if part.Kind == kind {
			count += part.Count
		}
	}

	return count
}

// Retains are the parts that stay on a basis. Something retained of which no part says on which basis gives one
// without: that has no certificate.
func (o Outcome) Retains() []Part {
	var retained []Part

	for _, part := range o.Parts {
		if part.Kind == Retained {
			retained = append(retained, part)
		}
	}

	if len(retained) == 0 && o.Kind == Retained {
		retained = []Part{{Kind: Retained, Count: o.Count}}
	}

	return retained
}

// Subject is what a store needs to find somebody. It lives in memory only, while a step runs.
type Subject struct {
	// Erasure is the opaque id of the erasure: the same for each try.
	Erasure string
	// Kind says whether an account or a person goes.
	Kind plan.Subject
	// Account is the account's key as the app writes it; a person's is that of the
	// scope, empty for all tables of the controller.
	Account string
	// Identities are a person's typed values, by type; nil for an account.
	Identities map[string][]string
}

// Remainder is what is still there of a subject, and where.
type Remainder struct {
	// Place names a table, a column, a bucket: never a value.
	Place string `json:"place"`
	// Rows is how many rows or objects; 0 never stands here.
	Rows int64 `json:"rows"`
	// Why says what was looked for, such as "frozen key", "orphan" or "statistics".
	Why string `json:"why"`
}

// Frozen keeps the keys of what goes, as they were before anything went: without them nothing
// could be looked for once the parents are gone. They are sealed under the erasure's case
// key where they are stored. Keys are texts in the order of the set's columns, none of them null.
type Frozen interface {
	// Put stores one chunk of a set; the same chunk again replaces it. Chunks count from 0.
	Put(ctx context.Context, set string, chunk int, rows [][]string) error
	// Get reads one chunk; one that was never put is nil without an error.
	Get(ctx context.Context, set string, chunk int) ([][]string, error)
	// Sets counts the chunks of each set.
	Sets(ctx context.Context) (map[string]int, error)
}

// Store is a place that holds data of subjects. Each method may be called again after
// any error or crash, in any process, and one at a time for each erasure. Unknown is an
// error, never an outcome: what is answered was seen.
type Store interface {
	// Name is the store's name in plans and certificates.
	Name() string
	// Plan counts what the erasure will do here, and changes nothing. A store that cannot count says so
	// with a step of -1 rows. It fails where the store is not as it was decided about.
	Plan(ctx context.Context, subject Subject) ([]plan.Step, error)
	// Freeze stores what Verify will need once the rows are gone. It changes nothing in the store itself.
	Freeze(ctx context.Context, subject Subject, frozen Frozen) error
	// Erase erases what there is. It calls beat with what is done so far, often enough for a heartbeat.
	Erase(ctx context.Context, subject Subject, frozen Frozen, beat func(done int64)) (Outcome, error)
	// Verify looks, by other code than that which erased, for what is left: none means nothing.
	Verify(ctx context.Context, subject Subject, frozen Frozen) ([]Remainder, error)
	// GoneBy is when nothing of the subject can be left here any more, if Erase ended at erasedAt: that
	// instant itself where it is gone at once. It fails with the store's code where nobody can say.
	GoneBy(ctx context.Context, subject Subject, erasedAt time.Time) (time.Time, error)
}

// Later is a Store that may come to know of more while those after it erase, such as objects that only rows name, which
// are recorded when those rows go. It is erased once more then.
type Later interface {
	// Later says that anything was recorded for it that was not known when it was frozen, whether it was erased since or not.
	Later(ctx context.Context, frozen Frozen) (bool, error)
}
