package credential

import (
	"sync"
	"time"
)

const (
	// rosterLimit bounds how many credentials are kept in memory, some 300 bytes each.
	// A company has dozens; where there are more, those beyond are asked for one by one.
	rosterLimit = 20_000
	// usualLease and usualBeat are those of every process but a test's.
	usualLease = 3 * time.Second
	usualBeat  = time.Second
	// usualAnswer is how long the database has to answer: a look at one row, or at all
	// of them, takes milliseconds. It leaves the handler most of its time.
	usualAnswer = 3 * time.Second
)

// pace says how a process keeps sure of what it knows.
type pace struct {
	// lease is for how long what is known counts without proof that changes would
	// still be heard of. It bounds how long a revoked credential may live where the
	// network to the database fails silently; otherwise it is revoked at once.
	lease time.Duration
	// beat is how often that proof is asked for.
	beat time.Duration
	// answer is how long one question to the database may take, with the wait for it.
	answer time.Duration
}

func usualPace() pace { return pace{lease: usualLease, beat: usualBeat, answer: usualAnswer} }

// roster is what is known of all credentials, as long as changes are heard of.
type roster struct {
	mu    sync.RWMutex
	byID  map[string]*record // owned by mu; a record never changes
	whole bool               // owned by mu; an id that is not here does not exist
	until time.Time          // owned by mu; the end of the lease
	// turn counts how often everything was forgotten; owned by mu. What was read before
	// that is not learned after it.
	turn int
	// wake, unless nil, is called each time that everything is forgotten; owned by mu. It
	// must not block.
	wake func()
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

// knew reports whether the id was there when somebody last looked.
func (r *roster) knew(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()

	return r.byID[id] != nil
}

// begin gives the turn in which reading begins.
func (r *roster) begin() int {
	r.mu.RLock()
	defer r.mu.RUnlock()

	return r.turn
}

// learn replaces everything that is known, unless it was forgotten since the turn in
// which it was read; false then.
func (r *roster) learn(turn int, records []record, until time.Time) bool {
	byID := make(map[string]*record, len(records))
	for i := range records {
		byID[records[i].id] = &records[i]
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	if r.turn != turn {
		return false
	}

	r.byID, r.whole, r.until = byID, len(records) < rosterLimit, until

	return true
}

// extend lets what is known count for longer. What was forgotten stays so: false then.
func (r *roster) extend(until time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.until.IsZero() {
		return false
	}

	r.until = until

	return true
}

// forget lets nothing count: something changed, or may have, or changes are not heard of.
func (r *roster) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.turn++
	r.until = time.Time{}

	if r.wake != nil {
		r.wake()
	}
}

// wakes lets the next forget call wake instead of what it called before, and calls it at
// once where everything is forgotten already.
func (r *roster) wakes(wake func()) {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.wake = wake
	if r.until.IsZero() {
		wake()
	}
}
