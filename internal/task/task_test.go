package task_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/task"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // one instant for all tests

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, q postgres.Queryer, subject string, at time.Time) task.Task {
	t.Helper()

	opened, _, err := task.Open(t.Context(), q, task.Opening{Kind: task.DeleteAccount, Subject: subject, By: "steward", At: at})
	must(t, err)

	return opened
}

func finishing(id, by string) task.Finishing {
	return task.Finishing{Task: id, By: by, Role: access.Support, Outcome: task.Refused, At: now.Add(time.Hour), Keep: task.Keep}
}

// TestKindsAreWhole: a kind that nobody can finish, or that may take no time, would
// stay for ever.
func TestKindsAreWhole(t *testing.T) {
	t.Parallel()

	seen := map[task.Kind]bool{}

	for _, row := range task.Kinds() {
		if seen[row.Kind] || row.Text == "" || row.Within <= 0 || len(row.Outcomes) == 0 || !slices.Contains(access.Roles(), row.Role) || row.Role == access.Auditor {
			t.Errorf("%+v", row)
		}

		seen[row.Kind] = true
	}
}

func TestMayFinish(t *testing.T) {
	t.Parallel()

	may := map[[2]access.Role]bool{
		{access.Support, access.Support}: true, {access.Support, access.Lead}: true,
		{access.Lead, access.Lead}: true, {access.Operator, access.Operator}: true, {access.Auditor, access.Auditor}: true,
	}

	for _, of := range access.Roles() {
		for _, by := range access.Roles() {
			if got := task.MayFinish(of, by); got != may[[2]access.Role{of, by}] {
				t.Errorf("a task of %s by %s: %v", of, by, got)
			}
		}
	}
}

func TestOpenedOnce(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	var (
		together sync.WaitGroup
		mu       sync.Mutex
		found    = map[string]int{}
		first    int
	)

	for range 20 {
		together.Go(func() {
			opened, fresh, err := task.Open(t.Context(), db, task.Opening{Kind: task.DeleteAccount, Subject: "42", By: "steward", At: now})
			if err != nil {
				t.Error(err)
			}

			mu.Lock()
			defer mu.Unlock()

			found[opened.ID]++

			if fresh {
				first++
			}
		})
	}

	together.Wait()

	if len(found) != 1 || first != 1 {
		t.Errorf("%d tasks, %d of them fresh", len(found), first)
	}

	opened, is, err := task.OpenOf(t.Context(), db, task.DeleteAccount, "42")
	must(t, err)

	want := task.Task{
		ID: opened.ID, Kind: task.DeleteAccount, Subject: "42", Role: access.Support, OpenedBy: "steward", OpenedAt: now, DueAt: now.Add(72 * time.Hour),
	}
	if diff := cmp.Diff(want, opened); diff != "" || !is || found[opened.ID] != 20 || !opened.Open() {
		t.Error(diff)
	}

	if opened.Overdue(opened.DueAt) || !opened.Overdue(opened.DueAt.Add(1)) {
		t.Error("overdue is from the instant after its time")
	}

	if _, _, err := task.Open(t.Context(), db, task.Opening{Kind: "make.tea", Subject: "42", By: "steward", At: now}); !failure.Is(err, failure.UsageWrong) {
		t.Error(err)
	}

	if _, _, err := task.Open(t.Context(), db, task.Opening{Kind: task.DeleteAccount, Subject: "ada@example.com", By: "steward", At: now}); err == nil {
		t.Error("a subject that is no opaque id was taken")
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	opened, ada, bob := open(t, db, "42", now), ids.New("stf"), ids.New("stf")

	for _, c := range []struct {
		change func(*task.Finishing)
		code   failure.Code
		fresh  bool
	}{
		{func(f *task.Finishing) { f.Task = ids.New("tsk") }, failure.TaskUnknown, false},
		{func(f *task.Finishing) { f.Role = access.Operator }, failure.TaskNotYours, false},
		{func(f *task.Finishing) { f.Role = access.Auditor }, failure.TaskNotYours, false},
		{func(f *task.Finishing) { f.Outcome = "forgotten" }, failure.OutcomeRefused, false},
		{func(f *task.Finishing) { f.Outcome = "" }, failure.OutcomeRefused, false},
		{func(*task.Finishing) {}, "", true},
		{func(*task.Finishing) {}, "", false},
		{func(f *task.Finishing) { f.At = f.At.Add(time.Hour) }, "", false},
		{func(f *task.Finishing) { f.By = bob }, failure.TaskDone, false},
		{func(f *task.Finishing) { f.Outcome = task.Accepted }, failure.TaskDone, false},
	} {
		by := finishing(opened.ID, ada)
		c.change(&by)

		finished, fresh, err := task.Finish(t.Context(), db, by)
		if failure.CodeOf(err) != c.code || fresh != c.fresh {
			t.Errorf("%+v: %+v, %v, %v", by, finished, fresh, err)
		}

		if err == nil && (finished.DoneBy != ada || !finished.DoneAt.Equal(now.Add(time.Hour)) || finished.Outcome != task.Refused) {
			t.Errorf("%+v", finished)
		}
	}

	if _, is, err := task.OpenOf(t.Context(), db, task.DeleteAccount, "42"); is || err != nil {
		t.Error(is, err)
	}

	// The same subject may come up again.
	if again := open(t, db, "42", now); again.ID == opened.ID {
		t.Error("a task that was done was opened again")
	}

	var ends time.Time

	must(t, db.QueryRow(t.Context(), `select ends_at from tasks where id = $1`, opened.ID).Scan(&ends))

	if !ends.Equal(now.Add(time.Hour + task.Keep)) {
		t.Error(ends)
	}

	if _, err := db.Exec(t.Context(), `update tasks set ends_at = now() where id = $1`, opened.ID); err == nil {
		t.Error("what was done was changed")
	}
}

// TestPages walks both lists page by page: each task once, in order.
func TestPages(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for n := range 25 {
		opened := open(t, db, string(rune('1'+n%9))+strings.Repeat("0", n/9), now.Add(time.Duration(n%4)*time.Hour))
		if n%2 == 0 {
			by := finishing(opened.ID, ids.New("stf"))
			by.At = now.Add(time.Duration(24+n%3) * time.Hour)

			_, _, err := task.Finish(t.Context(), db, by)
			must(t, err)
		}
	}

	for done, count := range map[bool]int{false: 12, true: 13} {
		var all []task.Task

		filter := task.Filter{Done: done, Role: access.Support, Kind: task.DeleteAccount, Limit: 4}

		for {
			page, err := task.List(t.Context(), db, filter)
			must(t, err)

			if len(page) == 0 {
				break
			}

			all = append(all, page...)
			filter.After = page[len(page)-1].Place()
		}

		inOrder := slices.IsSortedFunc(all, func(a, b task.Task) int {
			order := a.Place().At.Compare(b.Place().At)
			if order == 0 {
				order = strings.Compare(a.ID, b.ID)
			}

			if done {
				return -order
			}

			return order
		})
		if !inOrder || len(all) != count || len(slices.CompactFunc(slices.Clone(all), func(a, b task.Task) bool { return a.ID == b.ID })) != count {
			t.Errorf("done %v: %d tasks, in order %v", done, len(all), inOrder)
		}
	}

	if of, err := task.List(t.Context(), db, task.Filter{Subject: "2", Limit: 9}); err != nil || len(of) != 1 || of[0].Subject != "2" {
		t.Errorf("%+v, %v", of, err)
	}

	if none, err := task.List(t.Context(), db, task.Filter{Role: access.Lead, Limit: 9}); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestStandings(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	empty, err := task.Standings(t.Context(), db, now)
	none := []task.Standing{{Kind: task.DeleteAccount}, {Kind: task.ApproveErasure}, {Kind: task.MendErasure}, {Kind: task.HoldEnded}, {Kind: task.EraseRetained}}
	if diff := cmp.Diff(none, empty); diff != "" || err != nil {
		t.Error(diff, err)
	}

	open(t, db, "1", now)
	open(t, db, "2", now.Add(time.Hour))

	_, _, err = task.Finish(t.Context(), db, finishing(open(t, db, "3", now).ID, ids.New("stf")))
	must(t, err)

	got, err := task.Standings(t.Context(), db, now.Add(72*time.Hour+time.Second))
	want := append([]task.Standing{{Kind: task.DeleteAccount, Open: 2, Overdue: 1, NextDue: now.Add(72 * time.Hour)}}, none[1:]...)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// errRollback takes a statement back that went through.
var errRollback = errors.New("rolled back")

// TestRoles says what the database lets whom do with tasks.
func TestRoles(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	opened := open(t, db, "42", now)

	as := func(role string, work func(context.Context, postgres.Tx) error) error {
		return db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, "set local role "+role); err != nil {
				return err
			}

			return work(ctx, tx)
		})
	}

	must(t, as("steward_core", func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := task.Open(ctx, tx, task.Opening{Kind: task.DeleteAccount, Subject: "43", By: "steward", At: now})

		return err
	}))

	finish := func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := task.Finish(ctx, tx, finishing(opened.ID, ids.New("stf")))

		return err
	}

	if err := as("steward_core", finish); err == nil {
		t.Error("a machine did what a person must do")
	}

	remove := func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, `delete from tasks where ctid = any (array(select ctid from tasks where id = $1 for update))`, opened.ID)

		return err
	}

	if err := as("steward_core", remove); err == nil {
		t.Error("a task that waits for somebody was removed")
	}

	must(t, as("steward_api", finish))

	if err := as("steward_core", func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, `update tasks set ends_at = 'infinity'`)

		return err
	}); err == nil {
		t.Error("a machine gave a task another end")
	}

	if err := as("steward_core", func(ctx context.Context, tx postgres.Tx) error {
		return errors.Join(remove(ctx, tx), errRollback)
	}); !errors.Is(err, errRollback) || strings.Contains(err.Error(), "SQLSTATE") {
		t.Errorf("an old task stays: %v", err)
	}

	if err := as("steward_api", func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, `delete from tasks`)

		return err
	}); err == nil {
		t.Error("the API deleted tasks")
	}
}

// TestEveryFailingCall fails each statement before and after its effect: the same
// call again ends as if nothing had been.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	db, by := pgtest.OpenSteward(t), ids.New("stf")

	for name, do := range map[string]func(context.Context) error{
		"open": func(ctx context.Context) error {
			_, _, err := task.Open(ctx, db, task.Opening{Kind: task.DeleteAccount, Subject: "7", By: "steward", At: now})

			return err
		},
		"finish": func(ctx context.Context) error {
			opened, _, err := task.Open(faults.Without(ctx), db, task.Opening{Kind: task.DeleteAccount, Subject: "8", By: "steward", At: now})
			must(t, err)

			_, _, err = task.Finish(ctx, db, finishing(opened.ID, by))

			return err
		},
		"open of": func(ctx context.Context) error {
			_, _, err := task.OpenOf(ctx, db, task.DeleteAccount, "7")

			return err
		},
		"standings": func(ctx context.Context) error {
			_, err := task.Standings(ctx, db, now)

			return err
		},
	} {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			for n := 1; ; n++ {
				calls := &faults.Counter{N: n, Mode: mode}

				err := do(faults.With(t.Context(), calls))
				if !calls.Reached() {
					must(t, err)

					break
				}

				if err == nil {
					t.Errorf("%s: call %d failed, and nobody heard of it", name, n)
				}

				must(t, do(t.Context()))
			}
		}
	}
}

// crossed finishes what is open right after it was asked for, once.
type crossed struct {
	*postgres.DB

	finish func()
}

// Exec implements postgres.Queryer.
func (c *crossed) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	done, err := c.DB.Exec(ctx, sql, args...)
	if c.finish != nil {
		c.finish()
		c.finish = nil
	}

	return done, err
}

// TestATaskThatIsFinishedMeanwhileIsOpenedAnew: who asks in that instant is not told that
// there is no such task.
func TestATaskThatIsFinishedMeanwhileIsOpenedAnew(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	first := open(t, db, "42", now)
	by := ids.New("stf")

	again, fresh, err := task.Open(t.Context(), &crossed{DB: db, finish: func() {
		_, _, err := task.Finish(t.Context(), db, finishing(first.ID, by))
		must(t, err)
	}}, task.Opening{Kind: task.DeleteAccount, Subject: "42", By: "steward", At: now.Add(2 * time.Hour)})

	if err != nil || !fresh || again.ID == first.ID || !again.Open() {
		t.Errorf("%+v, %v, %v", again, fresh, err)
	}
}
