package catalogue_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // one instant for all tests

func day(t *testing.T, db *postgres.DB, at string) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Open(t.Context(), db, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: at, Attempt: ids.New("att"), Owner: "one", OpenedAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}

	return row
}

func claim(row catalogue.Backup, owner string, at time.Time) catalogue.Claim {
	return catalogue.Claim{Backup: row.ID, Attempt: ids.New("att"), Owner: owner, At: at, Silence: time.Minute}
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()

	if !failure.Is(err, failure.DayTaken) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestADayIsOpenedOnce(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		found = map[string]int{}
	)

	for range 20 {
		all.Go(func() {
			row := day(t, db, "2026-11-22")

			mu.Lock()
			defer mu.Unlock()

			found[row.ID]++
		})
	}

	all.Wait()

	if len(found) != 1 {
		t.Errorf("%d rows for one day", len(found))
	}

	day(t, db, "2026-11-21")

	rows, err := catalogue.List(t.Context(), db)
	must(t, err)

	if len(rows) != 2 || rows[0].Day != "2026-11-22" || rows[0].State != catalogue.Running || !rows[0].OpenedAt.Equal(now) {
		t.Errorf("%+v", rows)
	}
}

// An owner that is alive keeps its day; a silent one loses it, and whatever it
// still does is refused.
func TestFencing(t *testing.T) {
	t.Parallel()

	db, ctx := pgtest.OpenSteward(t), t.Context()
	row := day(t, db, "2026-11-22")

	first := claim(row, "one", now)
	must(t, catalogue.Begin(ctx, db, first))
	refused(t, "taking a day from a living owner", catalogue.Begin(ctx, db, claim(row, "two", now.Add(time.Minute))))
	must(t, catalogue.Beat(ctx, db, row.ID, first.Attempt, now.Add(time.Minute)))
	refused(t, "taking a day just after a beat", catalogue.Begin(ctx, db, claim(row, "two", now.Add(2*time.Minute))))

	second := claim(row, "two", now.Add(2*time.Minute+time.Second))
	must(t, catalogue.Begin(ctx, db, second))

	row.Attempt, row.SnapshotAt, row.TakenAt, row.ManifestSHA256 = first.Attempt, now, now, "x"
	refused(t, "a beat of a fenced attempt", catalogue.Beat(ctx, db, row.ID, first.Attempt, now))
	refused(t, "a record of a fenced attempt", catalogue.RecordTaken(ctx, db, row))

	third := claim(row, "two", now.Add(2*time.Minute+2*time.Second))
	must(t, catalogue.Begin(ctx, db, third)) // the same owner tries again at once

	row.Attempt = third.Attempt
	must(t, catalogue.RecordTaken(ctx, db, row))
	refused(t, "a verdict on another attempt", catalogue.RecordDrilled(ctx, db, row.ID, second.Attempt, now, time.Second))
	must(t, catalogue.RecordDrilled(ctx, db, row.ID, third.Attempt, now, time.Second))

	// The snapshot time of a day stands from its first attempt on.
	got, err := catalogue.Get(ctx, db, row.ID)
	must(t, err)

	if got.State != catalogue.Drilled || got.DrillSeconds != 1 || !got.SnapshotAt.Equal(now) {
		t.Errorf("%+v", got)
	}
}

// In each state only the steps that lead on are accepted.
func TestStates(t *testing.T) {
	t.Parallel()

	db, ctx := pgtest.OpenSteward(t), t.Context()

	steps := map[string]func(catalogue.Backup) error{
		"begin": func(b catalogue.Backup) error {
			return catalogue.Begin(ctx, db, catalogue.Claim{Backup: b.ID, Attempt: b.Attempt, Owner: "one", At: now})
		},
		"taken": func(b catalogue.Backup) error {
			b.SnapshotAt, b.TakenAt, b.ManifestSHA256 = now, now, "x"
			return catalogue.RecordTaken(ctx, db, b)
		},
		"drilled": func(b catalogue.Backup) error {
			return catalogue.RecordDrilled(ctx, db, b.ID, b.Attempt, now, time.Second)
		},
		"bad": func(b catalogue.Backup) error {
			return catalogue.RecordBad(ctx, db, b.ID, b.Attempt, "content_differs")
		},
		"pruned": func(b catalogue.Backup) error { return catalogue.RecordPruned(ctx, db, b.ID, now, "over") },
	}

	for i, c := range []struct {
		path     []string
		accepted []string
	}{
		{nil, []string{"begin", "taken", "pruned"}},
		{[]string{"begin", "taken"}, []string{"drilled", "bad", "pruned"}},
		{[]string{"begin", "taken", "drilled"}, []string{"pruned"}},
		{[]string{"begin", "taken", "bad"}, []string{"begin", "pruned"}},
		{[]string{"begin", "taken", "drilled", "pruned"}, nil},
	} {
		for name, step := range steps {
			row := day(t, db, now.AddDate(0, 0, -i*10-len(name)-int(name[0])).Format(time.DateOnly))
			for _, earlier := range c.path {
				must(t, steps[earlier](row))
			}

			err := step(row)

			wanted := false
			for _, accepted := range c.accepted {
				wanted = wanted || accepted == name
			}

			if wanted && err != nil || !wanted && !failure.Is(err, failure.DayTaken) {
				t.Errorf("after %v, %s: %v", c.path, name, err)
			}

			_, err = db.Exec(ctx, "delete from backups where id = $1", row.ID)
			must(t, err)
		}
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()

	db, ctx := pgtest.OpenSteward(t), t.Context()
	row := day(t, db, "2026-11-22")

	object := catalogue.Object{Backup: row.ID, Attempt: row.Attempt, Name: "app/b", Kind: "archive"}
	must(t, catalogue.Announce(ctx, db, object))

	if err := catalogue.Announce(ctx, db, object); !failure.Is(err, failure.Unavailable) {
		t.Errorf("announced twice: %v", err)
	}

	object.Generation, object.Bytes, object.SHA256 = 7, 8, "nine"
	must(t, catalogue.Stored(ctx, db, object))
	refused(t, "storing what was not announced", catalogue.Stored(ctx, db, catalogue.Object{Name: "no"}))

	other := catalogue.Object{Backup: row.ID, Attempt: ids.New("att"), Name: "app/a", Kind: "globals"}
	must(t, catalogue.Announce(ctx, db, other))

	found, err := catalogue.Objects(ctx, db, row.ID)
	must(t, err)

	if diff := cmp.Diff([]catalogue.Object{other, object}, found); diff != "" {
		t.Error(diff)
	}

	must(t, catalogue.RecordOrphanGone(ctx, db, other.Name, now))
	refused(t, "an orphan gone twice", catalogue.RecordOrphanGone(ctx, db, other.Name, now))

	found, err = catalogue.Objects(ctx, db, row.ID)
	must(t, err)

	every, err := catalogue.EveryObject(ctx, db, row.ID)
	must(t, err)

	if len(found) != 1 || len(every) != 2 {
		t.Errorf("%d and %d objects", len(found), len(every))
	}

	must(t, catalogue.RecordPruned(ctx, db, row.ID, now, "over"))

	kept, err := catalogue.Kept(ctx, db)
	must(t, err)

	if len(kept) != 0 {
		t.Errorf("kept %+v", kept)
	}
}

func TestEveryFailingStatementIsUnavailable(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	row := day(t, db, "2026-11-22")

	for name, call := range map[string]func(postgres.Queryer) error{
		"open":    func(q postgres.Queryer) error { _, err := catalogue.Open(faulty(t), q, row); return err },
		"get":     func(q postgres.Queryer) error { _, err := catalogue.Get(faulty(t), q, row.ID); return err },
		"list":    func(q postgres.Queryer) error { _, err := catalogue.List(faulty(t), q); return err },
		"kept":    func(q postgres.Queryer) error { _, err := catalogue.Kept(faulty(t), q); return err },
		"begin":   func(q postgres.Queryer) error { return catalogue.Begin(faulty(t), q, claim(row, "x", now)) },
		"objects": func(q postgres.Queryer) error { _, err := catalogue.Objects(faulty(t), q, row.ID); return err },
		"pruned":  func(q postgres.Queryer) error { return catalogue.RecordPruned(faulty(t), q, row.ID, now, "") },
	} {
		if err := call(db); !failure.Is(err, failure.Unavailable) || !errors.Is(err, faults.ErrInjected) {
			t.Errorf("%s: %v", name, err)
		}
	}

	if _, err := catalogue.Get(t.Context(), db, "bkp_none"); !failure.Is(err, failure.UnknownBackup) {
		t.Error(err)
	}
}
