package promise_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/promise"
)

func TestEvaluateKeepsTheOrderOfRules(t *testing.T) {
	t.Parallel()
	rules := []promise.Rule{
		ledgerRule(t), backupRule(t, "app", "steward"),
		{Name: promise.Inactivity, Mode: promise.Observe},
		{Name: promise.Recovery, Mode: promise.Enforce},
	}
	var got []string
	for _, status := range promise.Evaluate(rules, week(t), instant(t, today)) {
		got = append(got, string(status.Promise)+"/"+status.Item+"="+string(status.State))
	}
	want := "ledger/=broken backups/app=kept backups/steward=broken inactivity/=not built recovery/=not built"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestARuleWithoutNumbersIsBroken(t *testing.T) {
	t.Parallel()
	empty := backupRule(t)
	for _, rule := range []promise.Rule{{Name: promise.Backups}, {Name: promise.Ledger}, {Name: "invented"}, empty} {
		got := one(t, rule, week(t), instant(t, today))
		if got.State != promise.Broken || !strings.Contains(got.Reason, "nothing by which") {
			t.Errorf("%s: %s (%s)", rule.Name, got.State, got.Reason)
		}
	}
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	for state, want := range map[promise.State]bool{
		promise.Kept: false, promise.Armed: false, promise.Observed: false, promise.NotBuilt: false,
		promise.AtRisk: true, promise.Broken: true, "": true, "unknown": true,
	} {
		if state.Alarms() != want || promise.Alarming([]promise.Status{{State: promise.Kept}, {State: state}}) != want {
			t.Errorf("%q alarms: %v", state, !want)
		}
	}
	if promise.Alarming(nil) {
		t.Error("nothing alarms")
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[promise.Name]bool{}
	for _, row := range promise.Table() {
		found, ok := promise.Find(row.Name)
		if seen[row.Name] || !ok || found.Says != row.Says || row.Says == "" || len(row.Workflows) == 0 {
			t.Errorf("row %+v", row)
		}
		seen[row.Name] = true
	}
	if _, ok := promise.Find("invented"); ok {
		t.Error("an invented promise is found")
	}
}

func TestLedgerBoundaries(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	armed := map[promise.Key]time.Time{{Promise: promise.Ledger}: start}
	verified := promise.LedgerEvidence{VerifiedAt: start, CheckpointAt: start, CheckpointSize: 42}
	waiting := verified
	waiting.VerifiedAt, waiting.OldestUnsealedAt = start.Add(12*time.Hour), start
	long := waiting
	long.VerifiedAt = start.Add(20 * time.Hour)
	found := verified
	found.VerifiedAt, found.Finding = start.Add(time.Hour), "entry 17 of the mirror was changed"
	for _, b := range []boundary{
		{"the first verification is due", start.Add(day), promise.Armed, promise.AtRisk, "was never verified, which was due at 2026-11-23 02:30 UTC", promise.Evidence{Armed: armed}},
		{"it was never verified", start.Add(2 * day), promise.AtRisk, promise.Broken, "Nothing proves the ledger now. The ledger was never", promise.Evidence{Armed: armed}},
		{"the next verification is due", start.Add(day), promise.Kept, promise.AtRisk, "last verified at 2026-11-22 02:30 UTC, and the next time was due at 2026-11-23 02:30 UTC", promise.Evidence{Armed: armed, Ledger: verified}},
		{"it was not verified again", start.Add(2 * day), promise.AtRisk, promise.Broken, "Nothing proves", promise.Evidence{Armed: armed, Ledger: verified}},
		{"an entry must be sealed", start.Add(15 * time.Minute), promise.Armed, promise.AtRisk, "waited 15 min for its seal; the limit is 15 minutes.", promise.Evidence{Armed: armed, Ledger: promise.LedgerEvidence{OldestUnsealedAt: start}}},
		{"an entry was not sealed", start.Add(day), promise.AtRisk, promise.Broken, "An entry has waited 24 h 0 min", promise.Evidence{Armed: armed, Ledger: long}},
		{"a finding", start.Add(time.Hour), promise.Armed, promise.Broken, "The verification at 2026-11-22 03:30 UTC found: entry 17 of the mirror was changed.", promise.Evidence{Armed: armed, Ledger: found}},
	} {
		checkBoundary(t, ledgerRule(t), b)
	}
}

func TestLedgerReasons(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := promise.Evidence{Armed: map[promise.Key]time.Time{{Promise: promise.Ledger}: start}}
	e.Ledger = promise.LedgerEvidence{VerifiedAt: start, CheckpointAt: start, CheckpointSize: 42}
	got := one(t, ledgerRule(t), e, start.Add(time.Hour))
	want := "Both copies were verified at 2026-11-22 02:30 UTC. The newest checkpoint is of 2026-11-22 02:30 UTC and covers 42 entries."
	if got.State != promise.Kept || got.Reason != want || !got.NextDue.Equal(start.Add(day)) || !got.NewestEvidence.Equal(start) {
		t.Errorf("%+v", got)
	}
	e.Ledger.CheckpointAt = time.Time{}
	if got := one(t, ledgerRule(t), e, start.Add(time.Hour)); !strings.HasSuffix(got.Reason, "It has no checkpoint yet.") {
		t.Errorf("%+v", got)
	}
	e.Ledger.OldestUnsealedAt = start.Add(2 * time.Hour)
	if got := one(t, ledgerRule(t), e, start.Add(time.Hour)); got.State != promise.Kept {
		t.Errorf("an entry of the future waits: %+v", got)
	}
	e.Armed = nil
	if got := one(t, ledgerRule(t), e, start.Add(time.Hour)); got.State != promise.Broken || !got.NextDue.IsZero() {
		t.Errorf("never set up: %+v", got)
	}
}

func TestLedgerOfAMachineThatWasOff(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := promise.Evidence{
		Dev: true, Off: []promise.Interval{{From: start.Add(time.Hour), To: start.Add(100 * time.Hour)}},
		Armed:  map[promise.Key]time.Time{{Promise: promise.Ledger}: start},
		Ledger: promise.LedgerEvidence{VerifiedAt: start},
	}
	if got := one(t, ledgerRule(t), e, start.Add(101*time.Hour)); got.State != promise.Kept {
		t.Errorf("%s (%s)", got.State, got.Reason)
	}
}
