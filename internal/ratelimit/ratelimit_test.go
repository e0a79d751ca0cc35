package ratelimit_test

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/ratelimit"
)

// hand is a clock that the test turns.
type hand struct{ at time.Time }

func (h *hand) Now() time.Time { return h.at }

func newHand() *hand { return &hand{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func TestALimit(t *testing.T) {
	t.Parallel()

	clock := newHand()
	limiter := ratelimit.New[string](ratelimit.Limit{Name: "credential", PerSecond: 2, Burst: 3}, clock)

	for left := 2; left >= 0; left-- {
		if got := limiter.Allow("a"); !got.Allowed || got.Remaining != left {
			t.Errorf("%d left: %+v", left, got)
		}
	}

	refused := limiter.Allow("a")
	if refused.Allowed || refused.RetryIn != 500*time.Millisecond || refused.ResetIn != 1500*time.Millisecond {
		t.Errorf("%+v", refused)
	}

	if got := limiter.Allow("b"); !got.Allowed {
		t.Errorf("another key: %+v", got)
	}

	clock.at = clock.at.Add(refused.RetryIn)

	if got := limiter.Allow("a"); !got.Allowed {
		t.Errorf("after waiting: %+v", got)
	}

	headers := http.Header{}
	refused.Headers(headers)

	if headers.Get("Ratelimit") != `"credential";r=0;t=2` || headers.Get("Ratelimit-Policy") != `"credential";q=3;w=1` {
		t.Error(headers)
	}
}

func TestNoLimit(t *testing.T) {
	t.Parallel()

	limiter := ratelimit.New[string](ratelimit.Limit{}, newHand())
	headers := http.Header{}

	for range 1000 {
		decision := limiter.Allow("a")
		decision.Headers(headers)

		if !decision.Allowed || len(headers) != 0 {
			t.Fatal(decision, headers)
		}
	}
}

// TestMemoryIsBounded: more keys than there is room for forget the oldest, and nobody
// who keeps calling is forgotten.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()

	limiter := ratelimit.New[int](ratelimit.Limit{Name: "address", PerSecond: 1, Burst: 1}, newHand())
	limiter.Allow(-1)

	for key := range 200_000 {
		limiter.Allow(key)

		if key%10_000 == 0 && limiter.Allow(-1).Allowed {
			t.Fatalf("after %d keys, one that keeps calling was forgotten", key)
		}
	}

	if kept := limiter.Keys(); kept > 64<<10 {
		t.Errorf("%d keys are kept", kept)
	}
}

// TestNeverMoreThanTheLimit: in no order of calls and pauses are there more calls than
// the burst and what came back.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		clock := newHand()
		limit := ratelimit.Limit{
			Name: "address", PerSecond: float64(rapid.IntRange(1, 50).Draw(t, "rate")), Burst: rapid.IntRange(1, 20).Draw(t, "burst"),
		}
		limiter := ratelimit.New[string](limit, clock)
		allowed, began := 0, clock.at

		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			clock.at = clock.at.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "pause")) * time.Millisecond)

			decision := limiter.Allow("a")
			if decision.Allowed {
				allowed++
			}

			if most := float64(limit.Burst) + limit.PerSecond*clock.at.Sub(began).Seconds() + 0.001; float64(allowed) > most {
				t.Fatalf("%d calls, at most %f", allowed, most)
			}

			if !decision.Allowed {
				clock.at = clock.at.Add(decision.RetryIn + time.Microsecond)
				if !limiter.Allow("a").Allowed {
					t.Fatal("who waited as told was refused")
				}

				allowed++
			}
		}
	})
}
