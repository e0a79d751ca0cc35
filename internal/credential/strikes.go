package credential

import (
	"net/netip"
	"sync"
	"time"
)

// The pace of wrong credentials. A person who mistypes, or a deployment with an old
// key, has ten at once; whoever sends more is told to wait, longer with each one, up
// to ten minutes. All that this protects is the log and the database: no pace makes
// 256 random bits easier or harder to guess.
const (
	strikeEvery = 6 * time.Second
	strikeBurst = 10
	longestStay = 10 * time.Minute
	// strikesKept bounds the memory of each kind, some 5 MB. When it is full, others
	// are forgotten, at random: a flood from many addresses is then slowed less.
	strikesKept = 50_000
	// strikeBlock is the part of an IPv6 address that one customer of a provider has.
	strikeBlock = 64
)

// Slowed says for how long no more credentials should be tried.
//
//nolint:errname // it says what happened, as the code does
type Slowed struct {
	// After is when to come again, from now.
	After time.Duration
}

// Error implements error.
func (s *Slowed) Error() string { return "come again in " + s.RetryAfter().String() }

// RetryAfter is After in whole seconds, rounded up, as the header of that name has it.
func (s *Slowed) RetryAfter() time.Duration {
	return (s.After + time.Second - 1).Truncate(time.Second)
}

// strikes are the wrong credentials of late, by address and by id: for each, the
// instant at which it would be forgiven (GCRA's theoretical arrival time).
type strikes struct {
	mu   sync.Mutex
	from map[netip.Prefix]time.Time // owned by mu
	ids  map[string]time.Time       // owned by mu
}

func newStrikes() *strikes {
	return &strikes{from: map[netip.Prefix]time.Time{}, ids: map[string]time.Time{}}
}

// strike counts one wrong credential, and tells how long its sender is to wait; zero
// as long as there were few.
func (s *strikes) strike(from netip.Addr, id string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()

	wait := add(s.from, block(from), now)
	if id != "" {
		wait = max(wait, add(s.ids, id, now))
	}

	return wait
}

// waiting tells how long an address is to wait, without counting anything.
func (s *strikes) waiting(from netip.Addr, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()

	return stay(s.from[block(from)], now)
}

func add[K comparable](all map[K]time.Time, key K, now time.Time) time.Duration {
	forgiven, known := all[key]
	if !known && len(all) >= strikesKept {
		makeRoom(all)
	}

	if forgiven.Before(now) {
		forgiven = now
	}

	forgiven = forgiven.Add(strikeEvery)
	if limit := now.Add(strikeBurst*strikeEvery + longestStay); forgiven.After(limit) {
		forgiven = limit
	}

	all[key] = forgiven

	return stay(forgiven, now)
}

// stay is how long it takes until fewer than the burst are unforgiven.
func stay(forgiven, now time.Time) time.Duration {
	free := now.Add(strikeBurst * strikeEvery)
	if !forgiven.After(free) {
		return 0
	}

	return forgiven.Sub(free)
}

// makeRoom forgets one entry. Which one Go's map gives first is random.
func makeRoom[K comparable](all map[K]time.Time) {
	for key := range all {
		delete(all, key)

		return
	}
}

// block is what counts as one address. An invalid one, where nobody knows from
// where a request comes, is one block too.
func block(from netip.Addr) netip.Prefix {
	from = from.Unmap().WithZone("")

	bits := from.BitLen()
	if from.Is6() {
		bits = strikeBlock
	}

	prefix, err := from.Prefix(bits)
	if err != nil { // the invalid address has no prefix
		return netip.Prefix{}
	}

	return prefix
}
