// Package ratelimit bounds how often somebody may do something: a token bucket for
// each key, in memory that is bounded however many keys come.
package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"steward/internal/clocks"
)

// Limit is how much is allowed.
type Limit struct {
	// Name is the policy's name in the headers, such as "credential".
	Name string
	// PerSecond is how many tokens come back each second; at or below zero there is
	// no limit.
	PerSecond float64
	// Burst is how many there are at most.
	Burst int
}

// Decision is the answer to one call.
type Decision struct {
	// Allowed says that it may go on; a token was taken.
	Allowed bool
	// Limit is the one that decided.
	Limit Limit
	// Remaining is how many calls are left at once.
	Remaining int
	// RetryIn is how long until the next call is allowed; zero if one is now.
	RetryIn time.Duration
	// ResetIn is how long until the burst is whole again.
	ResetIn time.Duration
}

// maxKeys bounds the memory: two generations of so many buckets, of less than 200
// bytes each, are 13 MB. An attacker with more networks than that gets a whole
// bucket again for the oldest of them, which costs him as many networks.
const maxKeys = 32 << 10

// Limiter counts by key. It is safe for concurrent use.
type Limiter[K comparable] struct {
	limit Limit
	clock clocks.Clock

	mu sync.Mutex
	// young and old are the buckets; those that are asked for move to young, and
	// when that is full, old is forgotten. Owned by mu.
	young, old map[K]*rate.Limiter
}

// New makes a limiter; its clock is the machine's own, not the one of the promises.
func New[K comparable](limit Limit, clock clocks.Clock) *Limiter[K] {
	return &Limiter[K]{limit: limit, clock: clock, young: map[K]*rate.Limiter{}, old: map[K]*rate.Limiter{}}
}

// Allow takes a token of the key if there is one.
func (l *Limiter[K]) Allow(key K) Decision {
	if l.limit.PerSecond <= 0 {
		return Decision{Allowed: true}
	}

	now := l.clock.Now()

	l.mu.Lock()
	defer l.mu.Unlock()

	bucket := l.bucket(key)
	allowed := bucket.AllowN(now, 1)

	return l.decide(allowed, bucket.TokensAt(now))
}

func (l *Limiter[K]) decide(allowed bool, tokens float64) Decision {
	made := Decision{
		Allowed: allowed, Limit: l.limit, Remaining: max(0, int(tokens)),
		ResetIn: l.until(float64(l.limit.Burst) - tokens),
	}

	if tokens < 1 {
		made.RetryIn = l.until(1 - tokens)
	}

	return made
}

// until is how long so many tokens take to come back.
func (l *Limiter[K]) until(tokens float64) time.Duration {
	return time.Duration(max(0, tokens) / l.limit.PerSecond * float64(time.Second))
}

// bucket finds or makes the bucket of a key. The caller holds mu.
func (l *Limiter[K]) bucket(key K) *rate.Limiter {
	if bucket, ok := l.young[key]; ok {
		return bucket
	}

	bucket, ok := l.old[key]
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)
	}

	if len(l.young) >= maxKeys {
		l.old, l.young = l.young, make(map[K]*rate.Limiter, maxKeys)
	}

	l.young[key] = bucket

	return bucket
}

// Headers tells the caller how much is left, in the shape of
// draft-ietf-httpapi-ratelimit-headers-10. Of no limit nothing is told.
func (d Decision) Headers(headers http.Header) {
	if d.Limit.PerSecond <= 0 {
		return
	}

	window := max(1, int(float64(d.Limit.Burst)/d.Limit.PerSecond))
	headers.Set("Ratelimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", d.Limit.Name, d.Limit.Burst, window))
	headers.Set("Ratelimit", fmt.Sprintf("%q;r=%d;t=%s", d.Limit.Name, d.Remaining, seconds(d.ResetIn)))
}

// seconds rounds up: who waits that long is not refused again.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// Keys is how many keys are remembered.
func (l *Limiter[K]) Keys() int {
	l.mu.Lock()
	defer l.mu.Unlock()

	return len(l.young) + len(l.old)
}
