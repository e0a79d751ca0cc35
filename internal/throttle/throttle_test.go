package throttle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"steward/internal/throttle"
)

func TestDecide(t *testing.T) {
	t.Parallel()

	rule := throttle.Rule{MaxLag: time.Minute}

	for name, test := range map[string]struct {
		rule       throttle.Rule
		seen       throttle.Reading
		paused     bool
		held, most time.Duration
		want       bool
	}{
		"calm":                             {rule, throttle.Reading{}, false, 0, time.Hour, false},
		"at the limit":                     {rule, throttle.Reading{Lag: time.Minute}, false, 0, time.Hour, false},
		"beyond the limit":                 {rule, throttle.Reading{Lag: time.Minute + 1}, false, 0, time.Hour, true},
		"half as much does not begin it":   {rule, throttle.Reading{Lag: 31 * time.Second}, false, 0, time.Hour, false},
		"nor end it":                       {rule, throttle.Reading{Lag: 31 * time.Second}, true, 0, time.Hour, true},
		"less than half ends it":           {rule, throttle.Reading{Lag: 30 * time.Second}, true, 0, time.Hour, false},
		"no limit, no look at lag":         {throttle.Rule{}, throttle.Reading{Lag: time.Hour}, false, 0, time.Hour, false},
		"the load query":                   {throttle.Rule{}, throttle.Reading{Loaded: true}, false, 0, time.Hour, true},
		"silence":                          {throttle.Rule{}, throttle.Reading{Silent: true}, false, 0, time.Hour, true},
		"the last moment":                  {rule, throttle.Reading{Loaded: true}, true, time.Hour - 1, time.Hour, true},
		"the time for pauses is used up":   {rule, throttle.Reading{Loaded: true}, true, time.Hour, time.Hour, false},
		"there never was any":              {rule, throttle.Reading{Silent: true}, false, 0, 0, false},
		"used up, and not loaded any more": {rule, throttle.Reading{}, true, time.Hour, time.Hour, false},
	} {
		if got := test.rule.Decide(test.seen, test.paused, test.held, test.most); got.Pause != test.want || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestMost(t *testing.T) {
	t.Parallel()

	start := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)

	for deadline, want := range map[time.Time]time.Duration{
		start.Add(time.Hour): 30 * time.Minute, start.Add(100 * time.Hour): 2 * time.Hour,
		start.Add(-time.Hour): 0, start: 0, {}: 2 * time.Hour,
	} {
		if got := throttle.Most(start, deadline); got != want {
			t.Errorf("until %s: %s, want %s", deadline, got, want)
		}
	}
}

// Whatever is seen, at each look, the pauses never use up more than they may and
// one interval.
func TestPausesAreBounded(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		const look = 10 * time.Second

		now := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)
		most := time.Duration(rapid.IntRange(0, 600).Draw(t, "most")) * time.Second
		rule := throttle.Rule{MaxLag: time.Minute}

		var gate throttle.Gate

		for range rapid.IntRange(1, 200).Draw(t, "looks") {
			closed, held := gate.Held(now)
			seen := throttle.Reading{
				Lag:    time.Duration(rapid.IntRange(0, 120).Draw(t, "lag")) * time.Second,
				Loaded: rapid.Bool().Draw(t, "loaded"), Silent: rapid.Bool().Draw(t, "silent"),
			}

			if rule.Decide(seen, closed, held, most).Pause {
				gate.Hold(now)
			} else {
				gate.Release(now)
			}

			now = now.Add(look)
		}

		if _, held := gate.Held(now); held >= most+look {
			t.Fatalf("held for %s, at most %s were allowed", held, most)
		}
	})
}

func TestTheGateHolds(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var (
			gate throttle.Gate
			out  bytes.Buffer
		)

		to := gate.Writer(t.Context(), &out)
		gate.Hold(time.Now())
		gate.Hold(time.Now().Add(time.Hour)) // changes nothing

		time.AfterFunc(time.Minute, func() { gate.Release(time.Now()) })

		started := time.Now()

		if _, err := io.WriteString(to, "row"); err != nil || time.Since(started) != time.Minute {
			t.Errorf("written after %s, error %v", time.Since(started), err)
		}

		gate.Release(time.Now()) // changes nothing

		if closed, total := gate.Held(time.Now()); closed || total != time.Minute || out.String() != "row" {
			t.Errorf("closed %v, held %s, wrote %q", closed, total, &out)
		}
	})
}

func TestAClosedGateLetsACancelledCallerGo(t *testing.T) {
	t.Parallel()

	var gate throttle.Gate

	ctx, cancel := context.WithCancel(t.Context())
	gate.Hold(time.Time{})
	cancel()

	if n, err := gate.Writer(ctx, io.Discard).Write([]byte("row")); n != 0 || !errors.Is(err, context.Canceled) {
		t.Error(n, err)
	}
}

func TestPaced(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const perSecond, size, writes = 1000, 100, 50

		started := time.Now()
		to := throttle.Paced(t.Context(), io.Discard, perSecond)

		for range writes {
			if n, err := to.Write(make([]byte, size)); n != size || err != nil {
				t.Fatal(n, err)
			}
		}

		// All but the last, whose wait the next write would have.
		if took, want := time.Since(started), 4900*time.Millisecond; took != want {
			t.Errorf("%d bytes took %s, want %s", writes*size, took, want)
		}

		<-time.After(time.Hour)

		idle := time.Now()

		for range 12 {
			_, _ = to.Write(make([]byte, size))
		}

		if took, want := time.Since(idle), 100*time.Millisecond; took != want {
			t.Errorf("after a rest of an hour 1200 bytes took %s, want %s: only one second may be made good", took, want)
		}
	})
}

func TestPacedEndsWithItsCaller(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	to := throttle.Paced(ctx, io.Discard, 1)

	if _, err := to.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}

	cancel()

	if n, err := to.Write([]byte("x")); n != 0 || !errors.Is(err, context.Canceled) {
		t.Error(n, err)
	}

	if to := throttle.Paced(ctx, io.Discard, 0); to != io.Discard {
		t.Error("no limit is a limit")
	}
}
