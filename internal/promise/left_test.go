package promise_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/promise"
)

// leavers gives the statuses of what left the policy, by item.
func leavers(t *testing.T, rule promise.Rule, evidence promise.Evidence, asOf time.Time) map[string]promise.Status {
	t.Helper()
	found := map[string]promise.Status{}
	for _, status := range promise.Evaluate([]promise.Rule{rule}, evidence, asOf) {
		if status.LeftPolicy {
			found[status.Item] = status
		}
	}
	return found
}

// What left the policy is judged until it is gone: kept while it goes at its time, at
// risk while an exception lasts that has no reason any more, broken once it is there
// too long.
func TestWhatLeftThePolicyHasToGo(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	for _, item := range []string{"old", "files/old", "copies/far/app"} {
		e := week(t)
		for n := range 3 { // of the days 5, 6 and 7 before today
			backup := drilled(t, start.Add(-time.Duration(5+n)*day))
			backup.Database = item
			e.Backups = append(e.Backups, backup)
		}
		oldest := &e.Backups[len(e.Backups)-1]
		checks := []struct {
			after time.Duration // since the time of the oldest was over
			state promise.State
			says  string
		}{
			{-1, promise.Kept, "It left the policy. What is stored of it goes at its time: that of 2026-11-15 at 2026-11-22 02:30 UTC, and 3 in all by 2026-11-24 02:30 UTC."},
			{2*time.Hour - 1, promise.Kept, "goes at its time"},
			{2 * time.Hour, promise.Broken, "It left the policy. The backup of 2026-11-15 still exists, though"},
			{2*time.Hour + day, promise.Broken, "and so is 1 more."},
		}
		ends := start.Add(5 * second)
		for _, check := range checks {
			got := leavers(t, backupRule(t, "app"), e, ends.Add(check.after))[item]
			if got.State != check.state || !strings.Contains(got.Reason, check.says) || !got.NewestEvidence.IsZero() {
				t.Errorf("%s after %s: %+v", item, check.after, got)
			}
			if due := ends.Add(2 * time.Hour); check.state == promise.Kept && !got.NextDue.Equal(due) {
				t.Errorf("%s: due %s instead of %s", item, got.NextDue, due)
			}
		}
		oldest.ExceptedAt = start
		if got := leavers(t, backupRule(t, "app"), e, ends.Add(3*time.Hour))[item]; got.State != promise.AtRisk || !strings.Contains(got.Reason, "as an exception since") {
			t.Errorf("%s: %+v", item, got)
		}
		observed := backupRule(t, "app")
		observed.Mode = promise.Observe
		if got := leavers(t, observed, e, ends)[item]; got.State != promise.Observed {
			t.Errorf("%s: %+v", item, got)
		}
		if all := leavers(t, backupRule(t, "app", item), e, ends); len(all) != 0 {
			t.Errorf("%s is in the policy: %+v", item, all)
		}
		for i := range e.Backups {
			if e.Backups[i].Database == item {
				e.Backups[i].GoneAt = ends.Add(time.Hour)
			}
		}
		if all := leavers(t, backupRule(t, "app"), e, ends.Add(30*time.Minute)); len(all) != 1 {
			t.Errorf("%s is not gone yet: %+v", item, all)
		}
		if all := leavers(t, backupRule(t, "app"), e, ends.Add(time.Hour)); len(all) != 0 {
			t.Errorf("%s is gone: %+v", item, all)
		}
	}
}

// A backup whose objects are known to be missing is not told as one that is stored. What is
// left of it has to go as well.
func TestWhatLeftThePolicyAndLostObjects(t *testing.T) {
	t.Parallel()
	start := instant(t, today)
	e := week(t)
	for n := range 3 { // of the days 3, 4 and 5 before today
		backup := drilled(t, start.Add(-time.Duration(3+n)*day))
		backup.Database = "old"
		e.Backups = append(e.Backups, backup)
	}
	stored := e.Backups[len(e.Backups)-3:] // newest first
	due := stored[2].SnapshotAt.Add(7*day + 2*time.Hour)
	const first, second, third = "The bucket has not all objects of the backup of 2026-11-17 any more, as was found at 2026-11-22 02:30 UTC",
		"What is stored of it goes at its time: that of 2026-11-18 at 2026-11-25 02:30 UTC, and 2 in all by 2026-11-26 02:30 UTC. ",
		". What is left of that goes by 2026-11-24 02:30 UTC."
	check := func(says string) {
		t.Helper()
		got := leavers(t, backupRule(t, "app"), e, start.Add(time.Hour))["old"]
		if got.State != promise.Kept || got.Reason != "It left the policy. "+says || !got.NextDue.Equal(due) {
			t.Errorf("%s, due %s: %s", got.State, got.NextDue, got.Reason)
		}
	}
	stored[2].LostAt = start
	check(second + first + third)
	stored[0].LostAt, stored[1].LostAt = start, start
	check(first + ", and so are 2 more. What is left of that goes by 2026-11-26 02:30 UTC.")
	stored[1].LostAt = start.Add(2 * time.Hour) // not known yet
	stored[0].LostAt = stored[1].LostAt
	check(second + first + third)
	if got := leavers(t, backupRule(t, "app"), e, due)["old"]; got.State != promise.Broken {
		t.Errorf("what is left of it stays too long: %+v", got)
	}
}

// Each has a status of its own, after those of the policy, and an alarm.
func TestSeveralThatLeft(t *testing.T) {
	t.Parallel()
	e := week(t)
	for _, item := range []string{"b", "a", "a"} {
		backup := drilled(t, instant(t, today).Add(-9*day))
		backup.Database = item
		e.Backups = append(e.Backups, backup)
	}
	statuses := promise.Evaluate([]promise.Rule{backupRule(t, "app")}, e, instant(t, today).Add(time.Hour))
	if len(statuses) != 3 || statuses[0].Item != "app" || statuses[1].Item != "a" || statuses[2].Item != "b" || !promise.Alarming(statuses) {
		t.Errorf("%+v", statuses)
	}
	if promise.Alarming(statuses[:1]) {
		t.Errorf("%+v", statuses[0])
	}
}
