package ledger

import (
	"context"
	"iter"
)

// Generation tells one version of an object from the next. NoObject is the
// generation of an object that is not there.
type Generation int64

// NoObject asks Put to create: it fails if there is an object of that name.
const NoObject Generation = 0

// Mirror is the second copy of the ledger: a bucket of small objects. Package
// ledgertest has the conformance suite that each implementation passes.
//
// Durability: when Put returns without an error, the object outlives the loss
// of this process and of the database. After an error it may be there whole or
// not at all, never in part.
//
// Concurrency: all methods may be called at once, from several processes; of
// two Puts on the same generation exactly one succeeds.
//
// Retention: objects under [WorkPrefix] are replaced and deleted, all others
// are written once; an implementation may keep the two in different buckets,
// since a retention policy forbids to replace or delete.
type Mirror interface {
	// Put stores data under name if the object's generation is still the given
	// one (NoObject: if there is none) and returns the new one. Otherwise it
	// returns failure.ObjectExists and changes nothing. It may report
	// ObjectExists for its own earlier attempt whose answer was lost; callers
	// read back and compare.
	Put(ctx context.Context, name string, data []byte, generation Generation) (Generation, error)
	// Get returns the object's content and generation, or failure.ObjectNotFound.
	// It sees every Put that returned before it was called.
	Get(ctx context.Context, name string) ([]byte, Generation, error)
	// List gives the names that begin with prefix and are not below from, in
	// byte order. An error ends the sequence. It sees every Put that returned
	// before it was called.
	List(ctx context.Context, prefix, from string) iter.Seq2[string, error]
	// Delete removes an object under WorkPrefix. Deleting what is not there is
	// no error.
	Delete(ctx context.Context, name string) error
}
