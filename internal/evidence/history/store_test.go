package history_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/evidence/history"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func count(t *testing.T, q postgres.Queryer, sql string) (n int) {
	t.Helper()

	if err := q.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}

	return n
}

const (
	audits  = "select count(*) from promise_audits"
	entries = "select count(*) from ledger.entries"
)

func TestRecordAndRead(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	empty, err := history.Latest(t.Context(), db)
	if err != nil || empty.ID != 0 || !empty.At.IsZero() {
		t.Fatalf("%+v, %v", empty, err)
	}

	next, changes := empty.Next(status(promise.Broken), map[promise.Key]time.Time{{Promise: promise.Backups, Item: "app"}: start()}, start())
	if err := history.Record(t.Context(), db, empty, next, changes); err != nil {
		t.Fatal(err)
	}

	got, err := history.Latest(t.Context(), db)
	if err != nil || got.ID == 0 || !got.At.Equal(start()) || !cmp.Equal(next.Standings, got.Standings) {
		t.Errorf("%+v, %v: %s", got, err, cmp.Diff(next.Standings, got.Standings))
	}

	if n := count(t, db, "select sum(broken) - sum(kept) - sum(at_risk) from promise_audits"); n != 1 {
		t.Errorf("the counts give %d", n)
	}

	var body string
	if err := db.QueryRow(t.Context(), "select body from ledger.entries").Scan(&body); err != nil {
		t.Fatal(err)
	}

	var said struct{ Promise, Code, Since, EvidenceAt string }
	if err := json.Unmarshal([]byte(body), &said); err != nil || said.Promise != "backups/app" || said.Code != "backups.broken" {
		t.Errorf("%s: %v", body, err)
	}

	none, _ := history.Audit{}.Next(nil, nil, start())
	if err := history.Record(t.Context(), db, got, none, nil); err != nil {
		t.Errorf("an audit of no promise: %v", err)
	}
}

// Of many audits that saw the same past one is recorded, with one entry.
func TestOneAuditWins(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	next, changes := history.Audit{}.Next(status(promise.Broken), nil, start())

	const rivals = 6

	var (
		wait sync.WaitGroup
		errs [rivals]error
	)

	for i := range rivals {
		wait.Go(func() { errs[i] = history.Record(t.Context(), db, history.Audit{}, next, changes) })
	}

	wait.Wait()

	won := 0

	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !failure.Is(err, failure.Unavailable):
			t.Error(err)
		}
	}

	if won != 1 || count(t, db, audits) != 1 || count(t, db, entries) != 1 {
		t.Errorf("%d won, %d audits, %d entries", won, count(t, db, audits), count(t, db, entries))
	}
}

// nth fails the nth outside call.
type nth struct {
	mu   sync.Mutex
	left int // owned by mu
	mode faults.Mode
}

func (f *nth) Next(context.Context, faults.Call) faults.Mode {
	f.mu.Lock()
	defer f.mu.Unlock()

	f.left--
	if f.left == 0 {
		return f.mode
	}

	return faults.Pass
}

// Whatever call fails, the audit and its entry are there both or not at all.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	db, entriesBefore := pgtest.OpenSteward(t), 0

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		for n := 1; ; n++ {
			if _, err := db.Exec(t.Context(), "truncate promise_audits"); err != nil {
				t.Fatal(err)
			}

			before, _ := history.Audit{}.Next(status(promise.Kept), nil, start())

			if err := history.Record(t.Context(), db, history.Audit{}, before, nil); err != nil {
				t.Fatal(err)
			}

			gate := &nth{left: n, mode: mode}
			ctx := faults.With(t.Context(), gate)

			last, err := history.Latest(ctx, db)
			if err == nil {
				next, changes := last.Next(status(promise.Broken), nil, start())
				err = history.Record(ctx, db, last, next, changes)
			}

			if a, e := count(t, db, audits)-1, count(t, db, entries)-entriesBefore; a != e || err == nil && a != 1 {
				t.Errorf("call %d, %s: %d audits, %d entries, %v", n, mode, a, e, err)
			}

			entriesBefore = count(t, db, entries)

			if gate.left > 0 {
				break
			}

			if !failure.Is(err, failure.Unavailable) {
				t.Errorf("call %d, %s: %v", n, mode, err)
			}
		}
	}
}

func TestARowThatMakesNoSense(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	if _, err := db.Exec(t.Context(), `insert into promise_audits (at, kept, at_risk, broken, states) values (now(), 0, 0, 0, '[{"since":"soon"}]')`); err != nil {
		t.Fatal(err)
	}

	if _, err := history.Latest(t.Context(), db); !failure.Is(err, failure.EvidenceMissing) {
		t.Error(err)
	}
}

func TestATimeWithoutAText(t *testing.T) {
	t.Parallel()

	far := history.Audit{At: start(), Standings: []history.Standing{{Since: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	if err := history.Record(t.Context(), pgtest.OpenSteward(t), history.Audit{}, far, nil); !failure.Is(err, failure.Internal) {
		t.Error(err)
	}
}
