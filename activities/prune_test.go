package activities_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/activities"
	"steward/internal/backuptest"
	"steward/internal/boundary"
	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/prune"
	"steward/internal/removal"
)

// pruneWorld holds backups whose objects are small words: nothing
// that a prune does depends on what they say.
type pruneWorld struct {
	*backuptest.Bench

	do    *activities.Prunes
	clock *movingClock
}

const day = 24 * time.Hour

func newPruneWorld(t *testing.T) *pruneWorld {
	t.Helper()

	keep, err := calendar.ParseDuration("7d")
	if err != nil {
		t.Fatal(err)
	}

	w := &pruneWorld{Bench: backuptest.New(t, ""), clock: &movingClock{now: noon()}}
	w.do = &activities.Prunes{
		Steward: w.Steward, Remover: removal.Remover{Steward: w.Steward, Bucket: w.Bucket}, Enforce: true, Clock: w.clock,
		Rule: prune.Rule{Keep: keep, Zone: time.UTC, KeepLastDrilled: true, Tolerance: 2 * time.Hour, Databases: []string{"a", "app", "b", "c", "other", "steward"}},
	}

	return w
}

// announced gives a backup one object in catalogue and bucket.
func (w *pruneWorld) announced(t *testing.T, of catalogue.Backup, kind string) {
	t.Helper()

	object := catalogue.Object{Backup: of.ID, Attempt: of.Attempt, Name: of.Database + "/" + of.Day + "/" + of.Attempt + "." + kind, Kind: kind}
	if err := catalogue.Announce(t.Context(), w.Steward, object); err != nil {
		t.Fatal(err)
	}

	if _, err := w.Bucket.Put(t.Context(), object.Name, strings.NewReader(kind), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// opened is a day for which nothing whole was stored, with what one attempt left.
func (w *pruneWorld) opened(t *testing.T, database string, at time.Time) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Open(t.Context(), w.Steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: database, Day: at.Format(time.DateOnly), Attempt: ids.New("att"), Owner: "test", OpenedAt: at,
	})
	if err != nil {
		t.Fatal(err)
	}

	w.announced(t, row, "archive")

	return row
}

// taken is a backup that shows the given instant.
func (w *pruneWorld) taken(t *testing.T, database string, at time.Time) catalogue.Backup {
	t.Helper()

	row := w.opened(t, database, at)
	row.SnapshotAt, row.TakenAt, row.ManifestSHA256 = at, at, "hash"

	if err := catalogue.RecordTaken(t.Context(), w.Steward, row); err != nil {
		t.Fatal(err)
	}

	return row
}

func (w *pruneWorld) drilled(t *testing.T, database string, at time.Time) catalogue.Backup {
	t.Helper()

	row := w.taken(t, database, at)
	if err := catalogue.RecordDrilled(t.Context(), w.Steward, row.ID, row.Attempt, at, time.Second); err != nil {
		t.Fatal(err)
	}

	return row
}

func (w *pruneWorld) prune(t *testing.T) activities.PruneResult {
	t.Helper()

	result, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups)
	if err != nil {
		t.Fatal(err)
	}

	return result
}

// check compares which of the backups are pruned: in the catalogue, in the
// bucket and in the ledger.
func (w *pruneWorld) check(t *testing.T, gone bool, backups ...catalogue.Backup) {
	t.Helper()

	names := strings.Join(w.Names(t), " ")

	for _, each := range backups {
		row := w.Row(t, each.ID)
		entries := w.Ledger(t, each.ID)["backup.pruned"]

		if pruned := row.State == catalogue.Pruned; pruned != gone || strings.Contains(names, each.Attempt) == gone || (entries == 1) != gone {
			t.Errorf("%s of %s is %s with %d entries; gone should be %t; the bucket holds %s", each.Database, each.Day, row.State, entries, gone, names)
		}
	}
}

// Seven days are neither six nor eight: at the very end of the time a backup goes,
// a second before it does not.
func TestPruneRemovesAtTheEndOfTheTime(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	first, second := w.drilled(t, "app", noon()), w.drilled(t, "app", noon().Add(day))
	unproven, leftover := w.taken(t, "steward", noon()), w.opened(t, "other", noon())

	w.clock.move(7*day - time.Second)

	if result := w.prune(t); result != (activities.PruneResult{Kept: 4}) {
		t.Errorf("a second early: %+v", result)
	}

	w.check(t, false, first, second, unproven, leftover)
	w.clock.move(time.Second)

	if result := w.prune(t); result != (activities.PruneResult{Kept: 1, Removed: 3}) {
		t.Errorf("at the end: %+v", result)
	}

	w.check(t, true, first, unproven, leftover)
	w.check(t, false, second)

	if row := w.Row(t, first.ID); !row.PrunedAt.Equal(w.clock.Now()) || !strings.Contains(row.Reason, "2026-11-29 12:00 UTC") {
		t.Errorf("%+v", row)
	}

	if again := w.prune(t); again != (activities.PruneResult{Kept: 1}) {
		t.Errorf("again: %+v", again)
	}
}

// Where backups stop, the newest proven one stays beyond its time, until there is
// a younger one or the policy says otherwise.
func TestPruneKeepsTheLastProvenBackup(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	last, unproven := w.drilled(t, "app", noon()), w.taken(t, "app", noon().Add(day))
	w.clock.move(30 * day)

	if result := w.prune(t); result != (activities.PruneResult{Kept: 1, Exceptions: 1, Removed: 1}) {
		t.Errorf("%+v", result)
	}

	w.check(t, false, last)
	w.check(t, true, unproven)

	younger := w.drilled(t, "app", w.clock.Now())

	if result := w.prune(t); result != (activities.PruneResult{Kept: 1, Removed: 1}) {
		t.Errorf("with a younger one: %+v", result)
	}

	w.check(t, true, last)

	w.do.Rule.KeepLastDrilled = false
	w.clock.move(7 * day)

	if result := w.prune(t); result != (activities.PruneResult{Removed: 1}) {
		t.Errorf("without the exception: %+v", result)
	}

	w.check(t, true, younger)
}

// Observe mode counts what enforce would do, and does nothing.
func TestPruneObserves(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	w.do.Enforce = false
	first, second := w.drilled(t, "app", noon()), w.drilled(t, "app", noon().Add(day))
	orphan := second
	orphan.Attempt = ids.New("att")
	w.announced(t, orphan, "archive")
	before := w.Names(t)
	w.clock.move(7 * day)

	if result := w.prune(t); result != (activities.PruneResult{Kept: 1, Due: 1, WouldGo: 2}) {
		t.Errorf("%+v", result)
	}

	w.check(t, false, first, second, orphan)

	if after := w.Names(t); !slices.Equal(before, after) {
		t.Errorf("before %q, after %q", before, after)
	}
}

// What killed attempts left beside a good backup goes; what belongs to it stays,
// and so does what lies beside one whose attempts may still be at work.
func TestPruneRemovesOrphans(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	good, atWork := w.drilled(t, "app", noon()), w.opened(t, "steward", noon())
	orphan, busy := good, atWork
	orphan.Attempt, busy.Attempt = ids.New("att"), ids.New("att")

	for _, kind := range []string{"archive", "globals"} {
		w.announced(t, orphan, kind)
		w.announced(t, busy, kind)
	}

	if result := w.prune(t); result != (activities.PruneResult{Kept: 2, Orphans: 2}) {
		t.Errorf("%+v", result)
	}

	names := strings.Join(w.Names(t), " ")
	if strings.Contains(names, orphan.Attempt) || !strings.Contains(names, good.Attempt) || !strings.Contains(names, busy.Attempt) {
		t.Errorf("left are %s", names)
	}

	w.check(t, false, good, atWork)

	if again := w.prune(t); again != (activities.PruneResult{Kept: 2}) {
		t.Errorf("again: %+v", again)
	}
}

// A backup that cannot go fails the activity, after all others are gone; the next
// try needs only do what was left.
func TestOneFailingRemovalDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)

	var due []catalogue.Backup
	for _, database := range []string{"a", "b", "c"} {
		due = append(due, w.taken(t, database, noon()))
	}

	held := w.Storage.Client(t).Bucket("backups").Object("b/2026-11-22/" + due[1].Attempt + ".archive")
	hold := func(on bool) {
		if _, err := held.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: on}); err != nil {
			t.Fatal(err)
		}
	}

	hold(true)
	w.clock.move(7 * day)

	if result, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups); boundary.CodeOf(err) != failure.StorageRefused {
		t.Errorf("%+v, %v", result, err)
	}

	w.check(t, true, due[0], due[2])
	w.check(t, false, due[1])
	hold(false)

	if result := w.prune(t); result != (activities.PruneResult{Removed: 1}) {
		t.Errorf("the next try: %+v", result)
	}

	w.check(t, true, due...)
}

func TestPruneNeedsTheCatalogue(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	kept := w.taken(t, "app", noon())
	w.clock.move(7 * day)
	backuptest.Exec(t, w.StewardURL, "alter table backups rename to elsewhere")

	if result, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups); boundary.CodeOf(err) != failure.Unavailable {
		t.Errorf("%+v, %v", result, err)
	}

	if names := strings.Join(w.Names(t), " "); !strings.Contains(names, kept.Attempt) {
		t.Errorf("left are %q", names)
	}
}
