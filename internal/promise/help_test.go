package promise_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"steward/internal/calendar"
	"steward/internal/promise"
)

// The times of the tests: backups begin at 02:30 UTC, must be drilled by
// 04:30, can catch up until 22:30, are kept 7 days and may stay 2 hours more.
const (
	today  = "2026-11-22T02:30:00Z"
	second = time.Second
	day    = 24 * time.Hour
)

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func duration(t testing.TB, text string) calendar.Duration {
	t.Helper()
	d, err := calendar.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func paris(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func backupRule(t testing.TB, databases ...string) promise.Rule {
	t.Helper()
	at, err := calendar.ParseTimeOfDay("02:30")
	if err != nil {
		t.Fatal(err)
	}
	return promise.Rule{Name: promise.Backups, Mode: promise.Enforce, Zone: paris(t), Backups: &promise.BackupRule{
		Databases: databases, At: at, DoneWithin: duration(t, "2h"), CatchUp: duration(t, "20h"),
		Keep: duration(t, "7d"), Tolerance: duration(t, "2h"),
	}}
}

func ledgerRule(t testing.TB) promise.Rule {
	t.Helper()
	return promise.Rule{Name: promise.Ledger, Mode: promise.Enforce, Zone: paris(t), Ledger: &promise.LedgerRule{
		VerifyEvery: duration(t, "24h"), SealWithin: duration(t, "15min"),
	}}
}

// drilled is the backup that began at at, drilled 20 minutes later, existing.
func drilled(t testing.TB, at time.Time) promise.Backup {
	t.Helper()
	return promise.Backup{
		Database: "app", Day: calendar.DayOf(at, paris(t)), SnapshotAt: at.Add(5 * second), DrilledAt: at.Add(20 * time.Minute),
	}
}

// week has a drilled backup for each of the days 0 (today) to 6, but not for
// those without, and was armed long ago.
func week(t testing.TB, without ...int) promise.Evidence {
	t.Helper()
	evidence := promise.Evidence{Armed: map[promise.Key]time.Time{
		{Promise: promise.Backups, Item: "app"}: instant(t, "2026-01-01T00:00:00Z"),
	}}
	skip := map[int]bool{}
	for _, n := range without {
		skip[n] = true
	}
	for n := range 7 {
		if !skip[n] {
			evidence.Backups = append(evidence.Backups, drilled(t, instant(t, today).Add(-time.Duration(n)*day)))
		}
	}
	return evidence
}

func one(t testing.TB, rule promise.Rule, evidence promise.Evidence, asOf time.Time) promise.Status {
	t.Helper()
	statuses := promise.Evaluate([]promise.Rule{rule}, evidence, asOf)
	for _, other := range statuses[1:] {
		if !other.LeftPolicy {
			t.Fatalf("%d statuses instead of 1", len(statuses))
		}
	}
	return statuses[0]
}
