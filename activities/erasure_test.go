package activities_test

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// TestForgedErasuresDoNothing: each step that a run asks for, and that is not the case's own,
// is refused before it looks at anything; so is one of a case that nobody opened.
func TestForgedErasuresDoNothing(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	clock := clocks.Fixed(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))

	const id = "era_aaaaaaaaaaaaaaaaaaaaaaaaaa"

	if _, err := db.Exec(t.Context(), `insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at)
		values ($1, 'tsk_' || repeat('a', 26), 'account.delete', true, 'account', '7', 'enforce', 'en', 'steward', 'steward', $2, $2)`,
		id, clock.Now()); err != nil {
		t.Fatal(err)
	}

	var before string
	if err := db.QueryRow(t.Context(), `select e::text from erasures as e`).Scan(&before); err != nil {
		t.Fatal(err)
	}

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	core := &activities.Erasures{Judge: erasure.Judge{Steward: db, Clock: clock}}
	stores := &activities.ErasureStores{Eraser: erasure.Eraser{Steward: db, Clock: clock}}

	env.RegisterActivity(core)
	env.RegisterActivity(stores)

	for name, step := range map[string]any{
		"look": core.LookAtErasure, "decide": core.DecideErasure, "tombstone": core.CommitTombstone, "seal": core.AwaitTombstoneSeal,
		"answer": core.AnswerErasure, "finish": core.FinishErasure, "plan": stores.PlanErasure, "close": stores.CloseSubject,
		"reopen": stores.ReopenSubject, "execute": stores.ExecuteErasure, "verify": stores.VerifyErasure, "forget": stores.ForgetErasure,
	} {
		for of, want := range map[string]failure.Code{id: failure.EvidenceMissing, "era_b": failure.ErasureUnknown} {
			if _, err := env.ExecuteActivity(step, of); codeIn(err) != want {
				t.Errorf("%s of %s: %v", name, of, err)
			}
		}
	}

	if _, err := env.ExecuteActivity(core.ParkErasure, activities.ErasureStop{Erasure: id, Code: failure.Internal}); codeIn(err) != failure.EvidenceMissing {
		t.Error(err)
	}

	var after string
	if err := db.QueryRow(t.Context(), `select e::text from erasures as e`).Scan(&after); err != nil || after != before {
		t.Errorf("%s became %s, %v", before, after, err)
	}
}

// codeIn finds the code whose fixed text an error of the environment has: no interceptor is there to give it.
func codeIn(err error) failure.Code {
	for _, code := range []failure.Code{failure.EvidenceMissing, failure.ErasureUnknown} {
		if err != nil && strings.Contains(err.Error(), failure.Lookup(code).Text) {
			return code
		}
	}

	return boundary.CodeOf(err)
}
