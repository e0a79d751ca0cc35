package evidence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/calendar"
	"steward/internal/evidence"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/promise"
)

// Copies are judged as databases are, under a name of their own: one that is not
// there by the time of the backup is at risk, then broken, whatever the backup
// itself is; one that came later heals it; one that outstays its time breaks it.
func TestGatherCopies(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := start() // of the first backup
	id := ids.New("bkp")

	run(t, db, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', $2, 'drilled', $3, 'test', $4, $4, $4, $4, 'hash')`, id, at.Format(time.DateOnly), ids.New("att"), at)

	rules := demo(t)
	rule := promise.Rule{Name: promise.Backups, Mode: promise.Enforce, Zone: time.UTC, Backups: rules.Rules()[0].Backups}
	rule.Backups.Databases = []string{"app", "copies/far/app"}

	states := func(asOf time.Time) string {
		t.Helper()

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, rules)
		if err != nil {
			t.Fatal(err)
		}

		got.Armed = map[promise.Key]time.Time{}
		for _, item := range rule.Backups.Databases {
			got.Armed[promise.Key{Promise: promise.Backups, Item: item}] = at.Add(-time.Hour)
		}

		var words []string
		for _, status := range promise.Evaluate([]promise.Rule{rule}, got, asOf) {
			words = append(words, string(status.State))

			if strings.HasPrefix(status.Item, "copies/") && strings.Contains(status.Reason, "drilled") {
				t.Error(status.Reason)
			}
		}

		return strings.Join(words, ", ")
	}

	due := rule.Backups.At.On(calendar.DayOf(at, time.UTC)).Add(rule.Backups.DoneWithin.Shortest())
	catchUp := rule.Backups.At.On(calendar.DayOf(at, time.UTC)).Add(rule.Backups.CatchUp.Shortest())

	for _, step := range []struct {
		asOf time.Time
		want string
	}{{due.Add(-time.Minute), "kept, armed"}, {due, "kept, at risk"}, {catchUp, "kept, broken"}} {
		if got := states(step.asOf); got != step.want {
			t.Errorf("%s: %s, want %s", step.asOf, got, step.want)
		}
	}

	run(t, db, `insert into backup_copies (backup_id, bucket, location, started_at) values ($1, 'far', 'far', $2)`, id, at)

	if got := states(catchUp); got != "kept, broken" {
		t.Error("a copy that was only begun: " + got)
	}

	run(t, db, `update backup_copies set state = 'copied', copied_at = $1, manifest_gen = 1`, catchUp)

	if got := states(catchUp); got != "kept, kept" {
		t.Error("a copy that came late: " + got)
	}

	run(t, db, `insert into backup_copy_objects (backup_id, bucket, attempt, name, kind, generation) values ($1, 'far', 'att', 'x', 'archive', 1)`, id)
	run(t, db, `insert into backup_copy_missing (bucket, name, generation, backup_id, missing_at) values ('far', 'x', 1, $1, $2)`, id, catchUp)

	if got := states(catchUp); got != "kept, broken" {
		t.Error("a copy that lost an object: " + got)
	}

	run(t, db, `update backup_copies set state = 'running'`)

	if got := states(catchUp); got != "kept, broken" {
		t.Error("a copy that is made again: " + got)
	}

	run(t, db, `update backup_copy_objects set generation = 2`)
	run(t, db, `update backup_copies set state = 'copied'`)

	if got := states(catchUp); got != "kept, kept" {
		t.Error("a copy that was made again: " + got)
	}
}

// A copy that lost an object is broken until it is made again and compared, also where its day could still be
// caught up: neither that it was begun anew nor that the object is there again mends it.
func TestACopyThatIsMadeAgainStaysBroken(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at, id := start(), ids.New("bkp")

	run(t, db, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', $2, 'drilled', $3, 'test', $4, $4, $4, $4, 'hash')`, id, at.Format(time.DateOnly), ids.New("att"), at)
	run(t, db, `insert into backup_copies (backup_id, bucket, location, started_at) values ($1, 'far', 'far', $2)`, id, at)

	rules := demo(t)
	rule := promise.Rule{Name: promise.Backups, Mode: promise.Enforce, Zone: time.UTC, Backups: rules.Rules()[0].Backups}
	rule.Backups.Databases = []string{"copies/far/app"}
	asOf := rule.Backups.At.On(calendar.DayOf(at, time.UTC)).Add(rule.Backups.DoneWithin.Shortest() - time.Minute)

	for _, step := range []struct {
		sql  string
		args []any
		want promise.State
	}{
		{`update backup_copies set state = 'copied', copied_at = $1, manifest_gen = 1`, []any{at}, promise.Kept},
		{`insert into backup_copy_objects (backup_id, bucket, attempt, name, kind, generation) values ($1, 'far', 'att', 'x', 'archive', 1)`, []any{id}, promise.Kept},
		{`insert into backup_copy_missing (bucket, name, generation, backup_id, missing_at) values ('far', 'x', 1, $1, $2)`, []any{id, asOf.Add(-time.Minute)}, promise.Broken},
		{`update backup_copies set state = 'running'`, nil, promise.Broken},
		{`update backup_copy_objects set generation = 2`, nil, promise.Broken},
		{`update backup_copies set state = 'copied'`, nil, promise.Kept},
	} {
		run(t, db, step.sql, step.args...)

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, rules)
		if err != nil {
			t.Fatal(err)
		}

		got.Armed = map[promise.Key]time.Time{{Promise: promise.Backups, Item: "copies/far/app"}: at.Add(-time.Hour)}

		if status := promise.Evaluate([]promise.Rule{rule}, got, asOf)[0]; status.State != step.want {
			t.Errorf("%s: %s (%s)", step.sql, status.State, status.Reason)
		}
	}
}

// A location that is renamed is the same place: its copies are those of the bucket, under the name that the policy
// has for it now. Only what lies in a bucket that it does not name keeps the name that it had.
func TestALocationThatIsRenamed(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	id := ids.New("bkp")

	run(t, db, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', $2, 'drilled', $3, 'test', $4, $4, $4, $4, 'hash')`, id, start().Format(time.DateOnly), ids.New("att"), start())
	run(t, db, `insert into backup_copies (backup_id, bucket, location, started_at)
		values ($1, 'one', 'first', $2), ($1, 'two', 'second', $2)`, id, start())

	rules := demo(t)

	for _, test := range []struct {
		places []policy.Copy
		want   string
	}{
		{nil, "app copies/first/app copies/second/app"},
		{[]policy.Copy{{Name: "first", Bucket: "one"}, {Name: "second", Bucket: "two"}}, "app copies/first/app copies/second/app"},
		{[]policy.Copy{{Name: "far", Bucket: "one"}}, "app copies/far/app copies/second/app"},
		{[]policy.Copy{{Name: "second", Bucket: "one"}, {Name: "near", Bucket: "two"}}, "app copies/near/app copies/second/app"},
	} {
		rules.Promises.Backups.Copies = test.places

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, rules)
		if err != nil {
			t.Fatal(err)
		}

		var items []string
		for _, backup := range got.Backups {
			items = append(items, backup.Database)
		}

		slices.Sort(items)

		if found := strings.Join(items, " "); found != test.want {
			t.Errorf("%+v: %s", test.places, found)
		}
	}
}
