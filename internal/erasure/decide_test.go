package erasure_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/failure"
)

// allowed reports whether the table has such a step of the core role.
func allowed(from, to erasure.Stage) bool {
	return slices.Contains(erasure.Steps(), erasure.Step{From: from, To: to, Role: "core"})
}

// Whatever the facts are: a decision is a step that the table has, none leads to a tombstone
// of its own, nothing goes on that is held, cancelled or not approved, and nothing is cancelled that was decided.
func TestDecideIsSafe(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		stage := rapid.SampledFrom(erasure.Stages()).Draw(t, "stage").Stage
		after := slices.Contains([]erasure.Stage{
			erasure.Tombstoned, erasure.Executing, erasure.Verifying, erasure.Answered, erasure.Waiting, erasure.Done,
		}, stage)
		facts := erasure.Facts{
			Stage: stage, Enforced: rapid.Bool().Draw(t, "enforced"), NeedsApproval: rapid.Bool().Draw(t, "needs"),
			Observing: rapid.Bool().Draw(t, "observing"), Unasked: rapid.Bool().Draw(t, "unasked"),
			Approved: rapid.Bool().Draw(t, "approved"), Held: rapid.Bool().Draw(t, "held"), CancelAsked: rapid.Bool().Draw(t, "cancel"),
			RetryAsked: rapid.Bool().Draw(t, "retry"), AppReopened: rapid.Bool().Draw(t, "reopened"), Remainders: rapid.IntRange(0, 2).Draw(t, "left"),
			Tombstoned: after || stage == erasure.Blocked && rapid.Bool().Draw(t, "tombstoned"),
		}

		if stage == erasure.Closing {
			facts.BackTo = rapid.SampledFrom([]erasure.Stage{"", erasure.Requested, erasure.Held, erasure.Cancelled, erasure.Blocked}).Draw(t, "back")
		}

		switch got := erasure.Decide(facts); {
		case got.Stage != stage && !allowed(stage, got.Stage):
			t.Fatalf("no such step: %+v", got)
		case got.Stage == erasure.Tombstoned && stage != got.Stage && (stage != erasure.Blocked || !facts.Tombstoned):
			t.Fatalf("a tombstone out of nothing: %+v", got)
		case got.Stage == erasure.Closing && stage != erasure.Closing &&
			(facts.Held || facts.Observing || facts.CancelAsked || facts.Unasked || !facts.Enforced || facts.NeedsApproval && !facts.Approved):
			t.Fatalf("it closes: %+v", got)
		case got.Stage == erasure.Cancelled && (facts.Tombstoned || !facts.CancelAsked && facts.BackTo != erasure.Cancelled) && stage != got.Stage:
			t.Fatalf("cancelled: %+v", got)
		case got.Stage == erasure.Done && stage != erasure.Done:
			t.Fatalf("done: %+v", got)
		case stage == erasure.Closing && (facts.Held || facts.Observing || facts.CancelAsked) && got.BackTo == "" && got.Stage == erasure.Closing:
			t.Fatalf("it goes on: %+v", got)
		case stage == erasure.Closing && facts.Unasked && got == (erasure.Decision{Stage: erasure.Closing}):
			t.Fatalf("nobody asked, and it goes on: %+v", got)
		case slices.Contains([]erasure.Stage{erasure.Requested, erasure.Planned, erasure.AwaitingApproval}, stage) && !facts.CancelAsked &&
			(got == erasure.Decision{Stage: erasure.Blocked, Code: failure.CauseMissing}) != facts.Unasked:
			t.Fatalf("unasked or not: %+v", got)
		case facts.Tombstoned && got.Stage == erasure.Held:
			t.Fatalf("held after its tombstone: %+v", got)
		case got.Stage == erasure.Held && stage != erasure.Held && (got.Code == failure.PolicyObserves) != (facts.Observing && !facts.Held):
			t.Fatalf("held, and the reason is wrong: %+v", got)
		case got.Stage == erasure.Blocked && stage != erasure.Blocked && got.Code == "":
			t.Fatalf("blocked for no reason: %+v", got)
		}
	})
}

// Every stage and reason has its words, and every stage but the last ones a way on.
func TestTheTablesAreWhole(t *testing.T) {
	t.Parallel()

	for _, row := range erasure.Stages() {
		on := slices.ContainsFunc(erasure.Steps(), func(s erasure.Step) bool { return s.From == row.Stage })
		if row.Text == "" || row.Stage.Text() != row.Text || on == row.Stage.Ended() {
			t.Errorf("%+v", row)
		}
	}

	for _, row := range erasure.Reasons() {
		if found, known := erasure.FindReason(row.Reason); !known || found != row || row.Text == "" {
			t.Errorf("%+v", row)
		}
	}

	if _, known := erasure.FindReason("none"); known || erasure.Stage("none").Text() != "unknown" {
		t.Error("an unknown word is known")
	}
}

// Identities are compared as people write them: mail without case, phones by digits.
func TestIdentities(t *testing.T) {
	t.Parallel()

	one, err := erasure.Identities{datamap.Email: {"Ada@Example.com ", "ada@example.com"}, datamap.Phone: {"+33 (1) 23"}}.Check()
	must(t, err)

	two, err := erasure.Identities{datamap.Phone: {"33123"}, datamap.Email: {"ADA@EXAMPLE.COM"}}.Check()
	must(t, err)

	key := []byte("a key of tests")
	if a, b := one.Matches(key), two.Matches(key); len(a) != 2 || !slices.EqualFunc(a, b, slices.Equal[[]byte]) {
		t.Errorf("%x, %x", a, b)
	}

	if a, b := one.Matches(key), one.Matches([]byte("another")); slices.Equal(a[0], b[0]) {
		t.Error("the key does not count")
	}

	many := erasure.Identities{datamap.User: make([]string, 51)}
	for n := range many[datamap.User] {
		many[datamap.User][n] = string(rune('A' + n))
	}

	for _, none := range []erasure.Identities{nil, {}, {datamap.Email: {" "}}, {"name": {"Ada"}}, {datamap.Phone: {"none"}}, {datamap.User: {"a\x00"}}, {datamap.User: {"a\x01b"}}, many} {
		if _, err := none.Check(); !failure.Is(err, failure.SubjectRefused) {
			t.Errorf("%v: %v", none, err)
		}
	}
}
