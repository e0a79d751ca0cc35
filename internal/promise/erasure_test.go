package promise_test

import (
	"testing"
	"time"

	"steward/internal/promise"
)

func erasureRule() promise.Rule { return promise.Rule{Name: promise.Erasure, Mode: promise.Enforce} }

// erased is evidence of a policy that was set up a day before anything was decided.
func erased(t testing.TB, found promise.ErasureEvidence) promise.Evidence {
	t.Helper()
	armed := map[promise.Key]time.Time{{Promise: promise.Erasure}: instant(t, today).Add(-day)}
	return promise.Evidence{Armed: armed, Erasures: found}
}

func TestErasureBoundaries(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	unanswered := promise.ErasureEvidence{Decided: 3, Finished: 1, Unanswered: 2, UnansweredSince: start}
	dayless := promise.ErasureEvidence{Decided: 2, Dayless: 2, DaylessSince: start, CertifiedAt: start}
	waiting := promise.ErasureEvidence{Decided: 2, Finished: 1, GoneBy: start, CertifiedAt: start.Add(-7 * day)}
	both := waiting
	both.Unanswered, both.UnansweredSince = 1, start.Add(-29*day)
	for _, b := range []boundary{
		{"it should have been answered", start.Add(6 * time.Hour), promise.Kept, promise.AtRisk, "2 decided erasures have no certificate; the first was decided at 2026-11-22 02:30 UTC.", erased(t, unanswered)},
		{"it was not answered within a month", start.Add(30 * day), promise.AtRisk, promise.Broken, "2 decided erasures have no certificate", erased(t, unanswered)},
		{"nobody could say for a month", start.Add(30 * day), promise.Kept, promise.AtRisk, "Of 2 erased subjects nobody can say", erased(t, dayless)},
		{"the final certificate is due", start.Add(time.Hour), promise.Kept, promise.AtRisk, "gone everywhere at 2026-11-22 02:30 UTC; its final certificate is due", erased(t, waiting)},
		{"the day is over", start.Add(day), promise.AtRisk, promise.Broken, "no final certificate says so", erased(t, waiting)},
		{"one that is late does not hide another", start.Add(day), promise.AtRisk, promise.Broken, "no final certificate says so", erased(t, both)},
	} {
		checkBoundary(t, erasureRule(), b)
	}
}

func TestErasureReasons(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	gone, first := start.Add(7*day), start.Add(6*time.Hour)
	for name, each := range map[string]struct {
		found  promise.ErasureEvidence
		state  promise.State
		reason string
		due    time.Time
	}{
		"none was decided": {promise.ErasureEvidence{}, promise.Armed, "No erasure has been decided yet.", time.Time{}},
		"all are gone": {
			promise.ErasureEvidence{Decided: 4, Finished: 4, CertifiedAt: start},
			promise.Kept,
			"Of 4 decided erasures 4 are gone everywhere.",
			time.Time{},
		},
		"one waits for its day, one cannot say": {
			promise.ErasureEvidence{Decided: 4, Finished: 2, GoneBy: gone, Dayless: 1, DaylessSince: start, CertifiedAt: start},
			promise.Kept,
			"Of 4 decided erasures 2 are gone everywhere. The next is to be at 2026-11-29 02:30 UTC. " +
				"Of 1 erased subjects nobody can say by when they are gone everywhere, since a store cannot (steward erase list).", gone,
		},
		"one was just decided": {
			promise.ErasureEvidence{Decided: 1, Unanswered: 1, UnansweredSince: start, GoneBy: gone},
			promise.Kept,
			"Of 1 decided erasures 0 are gone everywhere. The next is to be at 2026-11-29 02:30 UTC.", first,
		},
		"another is due before it": {
			promise.ErasureEvidence{Decided: 2, Unanswered: 1, UnansweredSince: start, GoneBy: start.Add(time.Minute)},
			promise.Kept,
			"Of 2 decided erasures 0 are gone everywhere. The next is to be at 2026-11-22 02:31 UTC.", start.Add(time.Minute),
		},
		"something was found again": {
			promise.ErasureEvidence{Decided: 1, Finished: 0, GoneBy: gone, Found: 1, CertifiedAt: start},
			promise.AtRisk,
			"Of 1 erased subjects something was found again after their first certificate.", gone,
		},
	} {
		got := one(t, erasureRule(), erased(t, each.found), start)
		if got.State != each.state || got.Reason != each.reason || !got.NextDue.Equal(each.due) || !got.NewestEvidence.Equal(each.found.CertifiedAt) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := one(t, erasureRule(), promise.Evidence{}, start); got.State != promise.Broken || !got.NextDue.IsZero() {
		t.Errorf("never set up: %+v", got)
	}
	later := erased(t, promise.ErasureEvidence{Decided: 1, Unanswered: 1, UnansweredSince: start.Add(day), CertifiedAt: start.Add(day)})
	if got := one(t, erasureRule(), later, start); got.State != promise.Kept || !got.NewestEvidence.IsZero() {
		t.Errorf("what is to come counts: %+v", got)
	}
}

// A dev machine that was off for a month has not kept anybody waiting.
func TestErasuresOfAMachineThatWasOff(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := erased(t, promise.ErasureEvidence{Decided: 1, Unanswered: 1, UnansweredSince: start, GoneBy: start})
	e.Dev, e.Off = true, []promise.Interval{{From: start, To: start.Add(40 * day)}}
	if got := one(t, erasureRule(), e, start.Add(40*day+time.Minute)); got.State != promise.Kept {
		t.Errorf("%s (%s)", got.State, got.Reason)
	}
}
