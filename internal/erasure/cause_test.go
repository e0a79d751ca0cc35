package erasure_test

import (
	"context"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/task"
)

// askedFor is a case as it is opened for each origin, with what the database holds of that.
func askedFor() map[erasure.Origin]func() (erasure.Case, erasure.Asking) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

	return map[erasure.Origin]func() (erasure.Case, erasure.Asking){
		erasure.ByTask: func() (erasure.Case, erasure.Asking) {
			found := erasure.Case{
				ID: "era_a", Cause: "tsk_a", Reason: erasure.AccountDelete, Kind: plan.Account, Account: "7", AskedBy: "app_a", OpenedBy: "stf_a",
				OpenedAt: at,
			}
			done := task.Task{
				ID: "tsk_a", Kind: task.DeleteAccount, Subject: "7", OpenedBy: "app_a", DoneBy: "stf_a", Outcome: task.Accepted, DoneAt: at,
			}
			did := act.What{Verb: "task.accepted", Object: "tsk_a"}

			return found, erasure.Asking{
				Task: done, Act: act.Act{What: did, ID: "act_a", Staff: "stf_a", Role: access.Support, At: at, Outcome: act.Done},
			}
		},
		erasure.ByAct: func() (erasure.Case, erasure.Asking) {
			found := erasure.Case{
				ID: "era_a", Cause: "act_a", Reason: erasure.ByStaff, Kind: plan.Person, AskedBy: "stf_a", OpenedBy: "stf_a", OpenedAt: at,
			}
			did := act.What{Verb: "erasure.open", Object: "era_a"}

			return found, erasure.Asking{Act: act.Act{What: did, ID: "act_a", Staff: "stf_a", Role: access.Lead, At: at, Outcome: act.Done}}
		},
	}
}

// Each reason has an origin, and a case is asked for if all that it says is so, and not if any one thing is another.
func TestACaseIsAskedFor(t *testing.T) {
	t.Parallel()

	both := map[string]func(*erasure.Case, *erasure.Asking){
		"no act":                func(_ *erasure.Case, a *erasure.Asking) { a.Act = act.Act{} },
		"an act without an id":  func(_ *erasure.Case, a *erasure.Asking) { a.Act.ID = "" },
		"an act that failed":    func(_ *erasure.Case, a *erasure.Asking) { a.Act.Outcome = "unavailable" },
		"not ended":             func(_ *erasure.Case, a *erasure.Asking) { a.Act.Outcome = "" },
		"somebody else's":       func(_ *erasure.Case, a *erasure.Asking) { a.Act.Staff = "stf_b" },
		"an operator's":         func(_ *erasure.Case, a *erasure.Asking) { a.Act.Role = access.Operator },
		"an auditor's":          func(_ *erasure.Case, a *erasure.Asking) { a.Act.Role = access.Auditor },
		"of the day before":     func(_ *erasure.Case, a *erasure.Asking) { a.Act.At = a.Act.At.Add(-2 * time.Hour) },
		"of the day after":      func(_ *erasure.Case, a *erasure.Asking) { a.Act.At = a.Act.At.Add(2 * time.Hour) },
		"another verb":          func(_ *erasure.Case, a *erasure.Asking) { a.Act.Verb = "erasure.cancel" },
		"about something else":  func(_ *erasure.Case, a *erasure.Asking) { a.Act.Object = "era_b" },
		"for an unknown reason": func(c *erasure.Case, _ *erasure.Asking) { c.Reason = "unheard.of" },
		"asked by another":      func(c *erasure.Case, _ *erasure.Asking) { c.AskedBy = "app_b" },
		"opened by another":     func(c *erasure.Case, _ *erasure.Asking) { c.OpenedBy = "stf_b" },
		"another cause":         func(c *erasure.Case, _ *erasure.Asking) { c.Cause = "act_b" },
	}
	of := map[erasure.Origin]map[string]func(*erasure.Case, *erasure.Asking){
		erasure.ByAct: {
			"of another reason": func(c *erasure.Case, _ *erasure.Asking) { c.Reason = erasure.AccountDelete },
			"another case":      func(c *erasure.Case, _ *erasure.Asking) { c.ID = "era_b" },
		},
		erasure.ByTask: {
			"of another reason": func(c *erasure.Case, _ *erasure.Asking) { c.Reason = erasure.ByStaff },
			"no task":           func(_ *erasure.Case, a *erasure.Asking) { a.Task = task.Task{} },
			"another task":      func(_ *erasure.Case, a *erasure.Asking) { a.Task.ID = "tsk_b" },
			"of another kind":   func(_ *erasure.Case, a *erasure.Asking) { a.Task.Kind = task.HoldEnded },
			"another account's": func(_ *erasure.Case, a *erasure.Asking) { a.Task.Subject = "8" },
			"refused":           func(_ *erasure.Case, a *erasure.Asking) { a.Task.Outcome = task.Refused },
			"open":              func(_ *erasure.Case, a *erasure.Asking) { a.Task.Outcome = "" },
			"done by another":   func(_ *erasure.Case, a *erasure.Asking) { a.Task.DoneBy = "stf_b" },
			"of another's wish": func(_ *erasure.Case, a *erasure.Asking) { a.Task.OpenedBy = "app_b" },
			"of a person":       func(c *erasure.Case, _ *erasure.Asking) { c.Kind = plan.Person },
		},
	}

	for _, row := range erasure.Reasons() {
		asked, known := askedFor()[row.Origin]
		if !known {
			t.Fatalf("%s has no origin", row.Reason)
		}

		if found, asking := asked(); !asking.For(found) {
			t.Errorf("%s: not asked for", row.Reason)
		}

		for _, all := range []map[string]func(*erasure.Case, *erasure.Asking){both, of[row.Origin]} {
			for name, change := range all {
				found, asking := asked()
				change(&found, &asking)

				if asking.For(found) {
					t.Errorf("%s: asked for, %s", row.Reason, name)
				}
			}
		}
	}
}

// Whoever has the API's login of the database can insert a case. Nothing is planned, closed or frozen for one that nobody asked for,
// however often it is tried again, and it can be cancelled.
func TestACaseThatNobodyAskedFor(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	before := b.opening(t) // asked for by the app, and accepted: for another case

	for n, forged := range []struct {
		cause  string
		reason erasure.Reason
	}{
		{ids.New("tsk"), erasure.AccountDelete}, {ids.New("act"), erasure.ByStaff}, {before.Cause, erasure.ByStaff},
	} {
		id := ids.New(erasure.Prefix)

		_, err := b.api.Exec(t.Context(), `insert into erasures
				(id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at)
			values ($1, $2, $3, true, 'account', $4, 'enforce', 'en', $5, $5, $6, $6)`,
			id, forged.cause, forged.reason, subject, b.support.ID, b.clock.now)
		must(t, err)

		for range 2 {
			if seen := b.until(t, id, erasure.Blocked); seen.Code != failure.CauseMissing {
				t.Errorf("%d: %+v", n, seen)
			}

			b.retry(t, id)
		}

		b.until(t, id, erasure.Blocked)
		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Cancel(ctx, tx, b.lead, id, b.clock.now)
		}))
		b.until(t, id, erasure.Cancelled)
	}

	if planned := count(t, b.root, `select (select count(*) from erasure_plans) + (select count(*) from erasure_frozen)`); planned != 0 {
		t.Errorf("%d plans and frozen keys", planned)
	}

	b.untouched(t)
}

// What a case was opened for is read back until its tombstone, and not only when it begins.
func TestACaseWhoseTaskIsGone(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)

	_, err := b.root.Exec(t.Context(), `delete from tasks where kind = 'account.delete'`)
	must(t, err)

	seen, err := b.judge.CommitTombstone(t.Context(), id)
	if err != nil || seen.BackTo != erasure.Requested {
		t.Errorf("%+v, %v", seen, err)
	}

	if seen := b.until(t, id, erasure.Blocked); seen.Code != failure.CauseMissing {
		t.Errorf("%+v", seen)
	}

	b.untouched(t)
}
