package promise_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/calendar"
	"steward/internal/promise"
)

// boundary is one limit: the states before it and from it on.
type boundary struct {
	why           string
	at            time.Time
	before, after promise.State
	reason        string // part of the reason after
	evidence      promise.Evidence
}

func checkBoundary(t *testing.T, rule promise.Rule, b boundary) {
	t.Helper()
	for offset, want := range map[time.Duration]promise.State{-1: b.before, 0: b.after, 1: b.after} {
		got := one(t, rule, b.evidence, b.at.Add(offset))
		if got.State != want {
			t.Errorf("%s, %d ns from the limit: %s, want %s (%s)", b.why, offset, got.State, want, got.Reason)
		}
		if offset == 0 && !strings.Contains(got.Reason, b.reason) {
			t.Errorf("%s: reason %q lacks %q", b.why, got.Reason, b.reason)
		}
	}
}

func TestBackupBoundaries(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	fresh := promise.Evidence{Armed: map[promise.Key]time.Time{{Promise: promise.Backups, Item: "app"}: start.Add(-time.Hour)}}
	old := week(t)
	old.Backups = append(old.Backups, drilled(t, start.Add(-7*day)))
	undrilled := week(t)
	undrilled.Backups = append(undrilled.Backups, promise.Backup{Database: "app", SnapshotAt: start.Add(-7 * day)})
	byHand := week(t, 0)
	byHand.Backups[0].SnapshotAt = start.Add(-day - 3*time.Hour)
	byHand.Backups = append(byHand.Backups, drilled(t, start.Add(-7*day)))
	gone := week(t)
	gone.Backups[3].GoneAt = start.Add(time.Hour)
	lost := week(t)
	lost.Backups[3].LostAt = start.Add(time.Hour)
	newestLost := week(t, 1, 2, 3, 4, 5, 6)
	newestLost.Armed[promise.Key{Promise: promise.Backups, Item: "app"}] = start
	newestLost.Backups[0].LostAt = start.Add(time.Hour)
	excepted := week(t)
	excepted.Backups = append(excepted.Backups, drilled(t, start.Add(-7*day)))
	excepted.Backups[7].ExceptedAt = start.Add(time.Minute)
	rule := backupRule(t, "app")
	for _, b := range []boundary{
		{
			"one has lost objects", start.Add(time.Hour), promise.Kept, promise.Broken,
			"The bucket has not all objects of the backup of 2026-11-19 any more, as was found at 2026-11-22 03:30 UTC.", lost,
		},
		{"the only one has lost objects", start.Add(time.Hour), promise.Kept, promise.Broken, "of 2026-11-22 any more", newestLost},
		{
			"one past keep and tolerance is an exception", start.Add(5*second + 2*time.Hour), promise.Kept, promise.Kept,
			"The backup of 2026-11-15 stays beyond its time as an exception since 2026-11-22 02:31 UTC, since no younger one is proven.", excepted,
		},
		{"today's backup is due", start.Add(2 * time.Hour), promise.Kept, promise.AtRisk, "due at 2026-11-22 04:30 UTC is not drilled yet", week(t, 0)},
		{"today can catch up", start.Add(20 * time.Hour), promise.AtRisk, promise.Broken, "No drilled backup exists for 2026-11-22, and", week(t, 0)},
		{"today is drilled", start.Add(20 * time.Minute), promise.Kept, promise.Kept, "is of 2026-11-22 02:30 UTC, 19 min ago.", week(t)},
		{"tomorrow's is due", start.Add(day + 2*time.Hour), promise.Kept, promise.AtRisk, "2026-11-23 04:30 UTC", week(t)},
		{"the first is due", start.Add(2 * time.Hour), promise.Armed, promise.AtRisk, "not drilled yet", fresh},
		{"the first can catch up", start.Add(20 * time.Hour), promise.AtRisk, promise.Broken, "for 2026-11-22, and", fresh},
		{
			"one past keep and tolerance", start.Add(5*second + 2*time.Hour), promise.Kept, promise.Broken,
			"The backup of 2026-11-15 still exists, though its 7 days and the tolerance of 2 hours were over at 2026-11-22 04:30 UTC.", old,
		},
		{"one that was never drilled ends too", start.Add(2 * time.Hour), promise.Kept, promise.Broken, "still exists", undrilled},
		{"an early backup grows too old before the next is due", start.Add(-time.Hour), promise.Kept, promise.AtRisk, "26 h 0 min ago, and the limit is 26 h 0 min", byHand},
		{
			"one is gone too early", start.Add(time.Hour), promise.Kept, promise.Broken,
			"The backup of 2026-11-19 was gone at 2026-11-22 03:30 UTC, before its 7 days were over at 2026-11-26 02:30 UTC.", gone,
		},
		{"a missed day is out of the period of keeping", start.Add(2 * day), promise.Broken, promise.Kept, "The newest drilled", missedFiveDaysAgo(t)},
	} {
		checkBoundary(t, rule, b)
	}
}

// missedFiveDaysAgo lacks day 5 of the week and has the two days to come.
func missedFiveDaysAgo(t *testing.T) promise.Evidence {
	t.Helper()
	e := week(t, 5)
	last := len(e.Backups) - 1 // of day 6, pruned in time
	e.Backups[last].GoneAt = e.Backups[last].SnapshotAt.Add(7*day + time.Hour)
	e.Backups = append(e.Backups, drilled(t, instant(t, today).Add(day)))
	return e
}

func TestSeveralFaultsAreAllTold(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := week(t, 1, 2, 4)
	e.Backups[1].GoneAt, e.Backups[2].GoneAt, e.Backups[3].GoneAt = start, start, start
	for n := 8; n < 10; n++ {
		e.Backups = append(e.Backups, drilled(t, start.Add(-time.Duration(n)*day)))
	}
	got := one(t, backupRule(t, "app"), e, start.Add(time.Hour))
	want := "No drilled backup exists for 2026-11-18, 2026-11-20 and 2026-11-21, and the time to catch up is over. " +
		"The backup of 2026-11-16 was gone at 2026-11-22 02:30 UTC, before its 7 days were over at 2026-11-23 02:30 UTC, and so are 2 more. " +
		"The backup of 2026-11-13 still exists, though its 7 days and the tolerance of 2 hours were over at 2026-11-20 04:30 UTC, and so is 1 more."
	if got.State != promise.Broken || got.Reason != want {
		t.Errorf("%s:\n got %s\nwant %s", got.State, got.Reason, want)
	}
}

func TestManyMissedDaysAreCounted(t *testing.T) {
	t.Parallel()
	rule, e := backupRule(t, "app"), week(t)
	rule.Backups.Keep = duration(t, "1mo")
	got := one(t, rule, e, instant(t, "2026-12-10T00:00:00Z"))
	if !strings.Contains(got.Reason, "for 2026-11-10, 2026-11-11, 2026-11-12, 2026-11-13, 2026-11-14, 2026-11-15, 2026-11-23 and 16 more, and") {
		t.Errorf("reason %q", got.Reason)
	}
}

func TestEvidenceOfOthersAndOfTheFutureProvesNothing(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	asOf := start.Add(3 * time.Hour)
	for why, change := range map[string]func(*promise.Backup){
		"another database":    func(b *promise.Backup) { b.Database = "steward" },
		"another day":         func(b *promise.Backup) { b.Day = b.Day.Next() },
		"not drilled":         func(b *promise.Backup) { b.DrilledAt = time.Time{} },
		"drilled later":       func(b *promise.Backup) { b.DrilledAt = asOf.Add(1) },
		"a snapshot to come":  func(b *promise.Backup) { b.SnapshotAt = asOf.Add(1) },
		"gone, and too early": func(b *promise.Backup) { b.GoneAt = asOf },
	} {
		e := week(t)
		change(&e.Backups[0])
		if got := one(t, backupRule(t, "app"), e, asOf); got.State == promise.Kept {
			t.Errorf("%s: %s (%s)", why, got.State, got.Reason)
		}
	}
	if got := one(t, backupRule(t, "app"), week(t), start.Add(2*day)); !strings.Contains(got.Reason, "2026-11-23") {
		t.Errorf("two days later: %s (%s)", got.State, got.Reason)
	}
	e := week(t)
	e.Backups[0].GoneAt = asOf.Add(1)
	if got := one(t, backupRule(t, "app"), e, asOf); got.State != promise.Kept {
		t.Errorf("gone later: %s (%s)", got.State, got.Reason)
	}
}

func TestNeverSetUpIsBroken(t *testing.T) {
	t.Parallel()
	got := one(t, backupRule(t, "other"), week(t), instant(t, today))
	if got.State != promise.Broken || !strings.Contains(got.Reason, "never set up") || got.Item != "other" {
		t.Errorf("%+v", got)
	}
}

func TestNextDue(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	armedLater := promise.Evidence{Armed: map[promise.Key]time.Time{{Promise: promise.Backups, Item: "app"}: start.Add(day)}}
	for why, test := range map[string]struct {
		evidence promise.Evidence
		asOf     time.Time
		want     string
	}{
		"the next day's":                   {week(t), start.Add(time.Hour), "2026-11-23T04:30:00Z"},
		"today's, which began":             {week(t, 0), start, "2026-11-22T04:30:00Z"},
		"today's, which has not begun":     {week(t, 0), start.Add(-1), "2026-11-22T04:30:00Z"},
		"today's, late":                    {week(t, 0), start.Add(19 * time.Hour), "2026-11-22T04:30:00Z"},
		"tomorrow's, after today is lost":  {week(t, 0), start.Add(21 * time.Hour), "2026-11-23T04:30:00Z"},
		"armed for the instant of a begin": {armedLater, start, "2026-11-23T04:30:00Z"},
	} {
		if got := one(t, backupRule(t, "app"), test.evidence, test.asOf); !got.NextDue.Equal(instant(t, test.want)) {
			t.Errorf("%s: %v", why, got.NextDue)
		}
	}
}

func TestMachineOff(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	off := func(from, to time.Duration) []promise.Interval {
		return []promise.Interval{{From: start.Add(from), To: start.Add(to)}}
	}
	stale := week(t)
	stale.Backups = append(stale.Backups, drilled(t, start.Add(-7*day)))
	for _, test := range []struct {
		why   string
		e     promise.Evidence
		off   []promise.Interval
		after time.Duration
		want  promise.State
		says  string
	}{
		{
			"off the whole day", week(t, 0), off(-time.Hour, 21*time.Hour), 21 * time.Hour, promise.Kept,
			"2026-11-22 is excused: the machine was off from 2026-11-22 01:30 UTC to 2026-11-22 23:30 UTC.",
		},
		{
			"on for too short to back up", week(t, 0), append(off(-time.Hour, time.Hour), off(2*time.Hour, 21*time.Hour)...), 21 * time.Hour, promise.Kept,
			"from 2026-11-22 01:30 UTC to 2026-11-22 03:30 UTC and from 2026-11-22 04:30 UTC to 2026-11-22 23:30 UTC",
		},
		{"on for long enough", week(t, 0), off(2*time.Hour, 21*time.Hour), 21 * time.Hour, promise.Broken, "No drilled backup exists for 2026-11-22"},
		{"just switched on", week(t, 0), off(-time.Hour, 5*time.Hour), 6 * time.Hour, promise.Kept, "newest drilled"},
		{"switched on two hours ago", week(t, 0), off(-time.Hour, 5*time.Hour), 7 * time.Hour, promise.AtRisk, "not drilled yet"},
		{"no time to prune yet", stale, off(-time.Hour, 5*time.Hour), 6 * time.Hour, promise.Kept, "newest drilled"},
		{"time enough to prune", stale, off(-time.Hour, 5*time.Hour), 7 * time.Hour, promise.Broken, "still exists"},
		{"intervals that overlap count once", week(t, 0), append(off(time.Hour, 3*time.Hour), off(0, 4*time.Hour)...), 5*time.Hour + 59*time.Minute, promise.Kept, ""},
		{"an empty interval counts nothing", week(t, 0), off(time.Hour, time.Hour), 2 * time.Hour, promise.AtRisk, ""},
	} {
		test.e.Dev, test.e.Off = true, test.off
		got := one(t, backupRule(t, "app"), test.e, start.Add(test.after))
		if got.State != test.want || !strings.Contains(got.Reason, test.says) {
			t.Errorf("%s: %s (%s)", test.why, got.State, got.Reason)
		}
	}
	e := week(t, 0)
	e.Off = off(-time.Hour, 21*time.Hour)
	if got := one(t, backupRule(t, "app"), e, start.Add(21*time.Hour)); got.State != promise.Broken {
		t.Errorf("production excuses a machine that was off: %s (%s)", got.State, got.Reason)
	}
}

func TestAfterDaysOffTheAgeIsTold(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := week(t)
	e.Dev, e.Off = true, []promise.Interval{{From: start.Add(time.Hour), To: start.Add(3*day - 3*time.Hour)}}
	got := one(t, backupRule(t, "app"), e, start.Add(3*day-2*time.Hour))
	if got.State != promise.Kept || !strings.Contains(got.Reason, "2 days 21 h ago. 2026-11-23 is excused") {
		t.Errorf("%s (%s)", got.State, got.Reason)
	}
}

func TestNothingButExcusesIsNotKept(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := promise.Evidence{
		Dev: true, Off: []promise.Interval{{From: start.Add(-day), To: start.Add(30 * day)}},
		Armed: map[promise.Key]time.Time{{Promise: promise.Backups, Item: "app"}: start.Add(-2 * day)},
	}
	if got := one(t, backupRule(t, "app"), e, start.Add(20*day)); got.State != promise.Armed {
		t.Errorf("%s (%s)", got.State, got.Reason)
	}
}

// drawEvidence makes any history: each of the last 12 days has none, one or two
// backups, drilled or not, gone or not, early or late.
func drawEvidence(t *testing.T, rt *rapid.T) promise.Evidence {
	t.Helper()
	e := week(t, 0, 1, 2, 3, 4, 5, 6)
	for n := range 12 {
		for range rapid.IntRange(0, 2).Draw(rt, "backups") {
			at := instant(t, today).Add(-time.Duration(n) * day)
			b := promise.Backup{Database: "app", Day: calendar.DayOf(at, paris(t))}
			b.SnapshotAt = at.Add(time.Duration(rapid.IntRange(-120, 1500).Draw(rt, "snapshot")) * time.Minute)
			if rapid.Bool().Draw(rt, "drilled") {
				b.DrilledAt = b.SnapshotAt.Add(time.Duration(rapid.IntRange(1, 300).Draw(rt, "drill")) * time.Minute)
			}
			if rapid.Bool().Draw(rt, "gone") {
				b.GoneAt = b.SnapshotAt.Add(time.Duration(rapid.IntRange(1, 15_000).Draw(rt, "goneAfter")) * time.Minute)
			}
			e.Backups = append(e.Backups, b)
		}
	}
	return e
}

func TestBackupProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := drawEvidence(t, rt)
		asOf := instant(t, today).Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(rt, "asOf")) * time.Minute)
		rule := backupRule(t, "app")
		got := one(t, rule, e, asOf)
		if got.Reason == "" || !strings.HasSuffix(got.Reason, ".") {
			rt.Fatalf("reason %q is no sentence", got.Reason)
		}
		if got.NextDue.IsZero() || got.NewestEvidence.After(asOf) {
			rt.Fatalf("due %v, newest %v", got.NextDue, got.NewestEvidence)
		}
		if got.State == promise.Kept {
			checkKept(rt, e, asOf)
		}
		observed := rule
		observed.Mode = promise.Observe
		if seen := one(t, observed, e, asOf); seen.State != promise.Observed || !strings.Contains(seen.Reason, "it would be "+string(got.State)) {
			rt.Fatalf("observed as %s: %s", seen.State, seen.Reason)
		}
		// Nothing that is recorded later changes the judgement.
		later := e
		later.Backups = append(slices.Clip(later.Backups), drilled(t, asOf.Add(1)))
		if again := one(t, rule, later, asOf); again != got {
			rt.Fatalf("the future changes %+v to %+v", got, again)
		}
	})
}

// checkKept asks the promise's own words, not the code under test.
func checkKept(rt *rapid.T, e promise.Evidence, asOf time.Time) {
	fresh := false
	for _, b := range e.Backups {
		exists := !b.SnapshotAt.After(asOf) && (b.GoneAt.IsZero() || b.GoneAt.After(asOf))
		done := !b.DrilledAt.IsZero() && !b.DrilledAt.After(asOf)
		if exists && done && asOf.Sub(b.SnapshotAt) < 26*time.Hour {
			fresh = true
		}
		if exists && asOf.Sub(b.SnapshotAt) >= 7*day+2*time.Hour {
			rt.Fatalf("kept, though the backup of %v still exists", b.SnapshotAt)
		}
	}
	if !fresh {
		rt.Fatalf("kept without a drilled backup younger than 26 hours")
	}
}

// As time passes without new evidence, things never get better.
func TestSilenceNeverHeals(t *testing.T) {
	t.Parallel()
	rank := map[promise.State]int{promise.Armed: 0, promise.Kept: 0, promise.AtRisk: 1, promise.Broken: 2}
	rapid.Check(t, func(rt *rapid.T) {
		e := week(t)
		first := rapid.IntRange(0, 20_000).Draw(rt, "first")
		second := rapid.IntRange(first, 40_000).Draw(rt, "second")
		before := one(t, backupRule(t, "app"), e, instant(t, today).Add(time.Duration(first)*time.Minute))
		after := one(t, backupRule(t, "app"), e, instant(t, today).Add(time.Duration(second)*time.Minute))
		if rank[after.State] < rank[before.State] {
			rt.Fatalf("%s after %d min, %s after %d", before.State, first, after.State, second)
		}
	})
}
