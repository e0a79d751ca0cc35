package credential

import (
	"sync"
	"time"
)

const (
	// rosterLimit bounds how many credentials are kept in memory, some 300 bytes each.
	// A company has dozens; where there are more, those beyond are asked for one by one.
	rosterLimit = 20_000
	// lease is for how long what is known counts without proof that changes would
	// still be heard of. It bounds how long a revoked credential may live where the
	// network to the database fails silently; otherwise it is revoked at once.
	lease = 3 * time.Second
	// beat is how often that proof is asked for.
	beat = time.Second
)

// roster is what is known of all credentials, as long as changes are heard of.
type roster struct {
	mu    sync.RWMutex
	byID  map[string]*record // owned by mu; a record never changes
	whole bool               // owned by mu; an id that is not here does not exist
	until time.Time          // owned by mu; the end of the lease
}

func newRoster() *roster { return &roster{} }

// find looks an id up. Where certain is false, only the database knows.
func (r *roster) find(id string, now time.Time) (have *record, certain bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()

	if !now.Before(r.until) {
		return nil, false
	}

	have = r.byID[id]

	return have, have != nil || r.whole
}

// learn replaces everything that is known.
func (r *roster) learn(records []record, until time.Time) {
	byID := make(map[string]*record, len(records))
	for i := range records {
		byID[records[i].id] = &records[i]
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	r.byID, r.whole, r.until = byID, len(records) < rosterLimit, until
}

// extend lets what is known count for longer; nothing known stays nothing.
func (r *roster) extend(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.byID != nil {
		r.until = until
	}
}

// forget empties it: something changed, or changes are not heard of.
func (r *roster) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.byID, r.whole, r.until = nil, false, time.Time{}
}
