package objects

import (
	"steward/internal/clocks"
	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/gcs"
	"steward/internal/store"
)

// moved says where what lay in a bucket lies now. Nil says that nothing has moved; otherwise what it does not name is not here.
type moved map[string]string

// at is where the objects of a bucket are looked for, and whether they are looked for at all.
func (m moved) at(bucket string) (name string, here bool) {
	if m == nil {
		return bucket, true
	}

	name, here = m[bucket]

	return name, here
}

// bucket is the one in which an object lies.
func (s *Store) bucket(object appdb.Object) *gcs.Bucket {
	name, _ := s.moved.at(object.Bucket) // of one that is not here, nobody is told

	return s.client.Bucket(name)
}

// Restored makes the stores of objects that a backup of files has brought back, to erase them again before the rows that name them:
// those that rows name, and those below prefixes. In names for each bucket of the app the one that it was restored into; no
// other bucket is touched. Whether somebody else's row names an object is asked of rows. What places say is the app's bucket.
func Restored(
	rows *appdb.Store, declared []datamap.Prefix, client *gcs.Client, clock clocks.Clock, in map[string]string, own ...string,
) []store.Store {
	named, below := New(rows, client, clock, own...), below{rows: rows, declared: declared, client: client, own: own, moved: in}
	named.moved = in

	return []store.Store{
		named,
		Prefixes{&Store{source: below, all: []*appdb.Store{rows}, client: client, clock: clock, own: own, moved: in}, below},
	}
}
