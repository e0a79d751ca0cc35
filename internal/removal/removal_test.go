package removal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/removal"
)

// An orphan lies in a bucket whose retention policy keeps it: that is no failure,
// and it goes as soon as the bucket lets it.
func TestOrphansGoWhenTheBucketLetsThem(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{Retention: day})
	good := s.drilled(t)
	orphan := s.stored(t, good, ids.New("att"), "archive")

	for _, step := range []struct {
		later time.Duration
		gone  int
	}{{time.Hour, 0}, {day, 1}, {time.Hour, 0}} {
		s.clock.Advance(step.later)
		s.ran(t, removal.Result{Strays: step.gone})
	}

	if names := s.names(t); slices.Contains(names, orphan) || len(names) != 2 {
		t.Errorf("left %v", names)
	}

	s.evidence(t, map[string]int{"swept": 1})
}

// With soft delete on, a deleted object is still there, and that is said; past the
// tolerance each object is named, once.
func TestAnObjectThatIsStillListedIsNotGone(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{SoftDelete: 7 * day})
	s.rule.KeepLastDrilled = false
	row := s.drilled(t)
	s.clock.Advance(7 * day)

	if _, err := s.run(t.Context()); !failure.Is(err, failure.StillListed) {
		t.Error(err)
	}

	if state := s.state(t, row.ID); state != catalogue.Drilled {
		t.Errorf("state %s", state)
	}

	s.evidence(t, map[string]int{"ceiling.honoured": 1})
	s.clock.Advance(2 * time.Hour)

	for range 2 {
		s.ran(t, removal.Result{Overdue: 2})
	}

	s.evidence(t, map[string]int{"overdue": 2, "ceiling.honoured": 1})

	if body := s.bodies(t, ledger.BackupOverdue)[0]; !strings.Contains(body, `"cause":"soft_deleted"`) || !strings.Contains(body, row.Attempt) {
		t.Error(body)
	}

	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{Removed: 1})
	s.evidence(t, map[string]int{"overdue": 2, "pruned": 1, "ceiling.honoured": 1})
}

// An upload that appears after its orphan was looked for goes within the next run,
// before its backup is due and after that is gone.
func TestALateObjectGoes(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	s.rule.KeepLastDrilled = false
	row := s.drilled(t)
	late := catalogue.Object{Backup: row.ID, Attempt: ids.New("att"), Name: "app/late", Kind: "archive"}
	must(t, catalogue.Announce(t.Context(), s.owner, late))
	s.ran(t, removal.Result{Strays: 1})
	s.put(t, late.Name)
	s.ran(t, removal.Result{Strays: 1})
	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{Removed: 1})
	s.clock.Advance(3 * time.Hour)
	s.put(t, late.Name)
	s.ran(t, removal.Result{Strays: 1})

	if names := s.names(t); len(names) > 0 {
		t.Errorf("left %v", names)
	}

	s.evidence(t, map[string]int{"pruned": 1, "swept": 3, "overdue": 1, "ceiling.honoured": 1})

	if body := s.bodies(t, ledger.BackupOverdue)[0]; !strings.Contains(body, `"cause":"appeared_late"`) || !strings.Contains(body, "app/late") {
		t.Error(body)
	}
}

// A deletion that fails is tried each hour; past the tolerance the ledger names
// object and cause, once; when it goes, the receipt names it.
func TestADeletionThatFailsIsTold(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	s.rule.KeepLastDrilled = false
	row := s.drilled(t)
	held := "app/" + row.Day + "/" + row.Attempt + "/manifest"
	s.hold(t, held, true)
	s.clock.Advance(7 * day)

	for hour, overdue := range []int{0, 0, 1, 1} {
		if got, err := s.run(t.Context()); !failure.Is(err, failure.StorageRefused) || got != (removal.Result{Overdue: overdue}) {
			t.Errorf("hour %d: %+v, %v", hour, got, err)
		}

		s.clock.Advance(time.Hour)
	}

	body := s.bodies(t, ledger.BackupOverdue)
	if len(body) != 1 || !strings.Contains(body[0], held) || !strings.Contains(body[0], `"cause":"storage_refused"`) {
		t.Error(body)
	}

	s.hold(t, held, false)
	s.ran(t, removal.Result{Removed: 1})

	receipt := s.bodies(t, ledger.BackupPruned)[0]
	if !strings.Contains(receipt, `"v":2`) || !strings.Contains(receipt, held) || !strings.Contains(receipt, `"generation":`) || !strings.Contains(receipt, `"count":2`) {
		t.Error(receipt)
	}
}

// A bucket that does not answer: what is overdue is named with that cause.
func TestABucketThatDoesNotAnswerIsTold(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	s.rule.KeepLastDrilled = false
	s.drilled(t)

	for _, step := range []struct {
		after time.Duration
		told  map[string]int
	}{{7 * day, map[string]int{}}, {2 * time.Hour, map[string]int{"overdue": 2}}, {time.Hour, map[string]int{"overdue": 2}}} {
		s.clock.Advance(step.after)

		w, err := removal.Read(t.Context(), s.owner)
		must(t, err)
		w.Assume()
		must(t, s.NoteOverdue(t.Context(), w, w.Plan(s.rule, s.clock.Now()), s.clock.Now(), failure.Unavailable))
		s.evidence(t, step.told)
	}
}

// When backups stop, the newest drilled one is held against the bucket's lifecycle
// rule, recorded once, and let go when there is a younger one.
func TestTheLastDrilledBackupIsHeld(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{LifecycleDeleteAfter: 8 * day})
	last := s.drilled(t)
	s.clock.Advance(7 * day)

	for range 3 {
		s.ran(t, removal.Result{})
		s.clock.Advance(day) // each request lets the lifecycle rule act
	}

	if names := s.names(t); len(names) != 2 {
		t.Errorf("the net took it: %v", names)
	}

	s.evidence(t, map[string]int{"excepted": 1})

	younger := s.drilled(t)
	s.ran(t, removal.Result{Removed: 1})
	s.evidence(t, map[string]int{"excepted": 1, "exception.ended": 1, "pruned": 1})

	if old, young := s.state(t, last.ID), s.state(t, younger.ID); old != catalogue.Pruned || young != catalogue.Drilled {
		t.Errorf("%s, %s", old, young)
	}

	found, err := catalogue.Exceptions(t.Context(), s.owner)
	if one := found[last.ID]; err != nil || one.Open() || one.EndedCause != "younger_drilled" || one.ReleasedAt.IsZero() {
		t.Errorf("%+v, %v", found, err)
	}
}

// A policy that changes its mind ends the exception and says that it did.
func TestAnExceptionEndsWithThePolicy(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	s.drilled(t)
	s.clock.Advance(9 * day)
	s.ran(t, removal.Result{})

	s.rule.KeepLastDrilled = false
	s.ran(t, removal.Result{Removed: 1})
	s.evidence(t, map[string]int{"excepted": 1, "exception.ended": 1, "pruned": 1})
}

// What somebody else took out of the bucket is found once; foreign objects stay.
func TestBothWaysOfReconciling(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	row := s.drilled(t)
	lost := "app/" + row.Day + "/" + row.Attempt + "/archive"
	s.put(t, "app/nobodys")
	s.put(t, "payroll.xls")

	objects, err := catalogue.Objects(t.Context(), s.owner, row.ID)
	must(t, err)
	must(t, s.Bucket.Delete(t.Context(), lost, objects[0].Generation))

	for range 2 {
		s.ran(t, removal.Result{})
	}

	s.evidence(t, map[string]int{"missing": 1})

	since, err := catalogue.MissingSince(t.Context(), s.owner)
	if body := s.bodies(t, ledger.BackupMissing)[0]; err != nil || !strings.Contains(body, lost) || !since[row.ID].Equal(s.clock.Now()) {
		t.Errorf("%s, %v, %v", body, since, err)
	}

	// Not proven any more, so no exception is made for it.
	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{Removed: 1})

	if names := s.names(t); !slices.Equal(names, []string{"app/nobodys", "payroll.xls"}) {
		t.Errorf("left %v", names)
	}
}

// What is announced while the bucket is listed is neither missing nor foreign.
func TestABackupThatBeginsMeanwhile(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})

	w, err := removal.Read(t.Context(), s.owner)
	must(t, err)
	s.drilled(t)
	must(t, w.List(t.Context(), s.owner, s.Bucket))

	if plan := w.Plan(s.rule, s.clock.Now()); len(plan.Objects)+len(plan.Backups) > 0 {
		t.Errorf("%+v", plan)
	}
}

// A name with several generations goes with all of them.
func TestNoncurrentGenerationsGoToo(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{Versioning: true})
	row := s.opened(t)
	name := s.stored(t, row, row.Attempt, "archive")
	writer := s.server.Client(t).Bucket("backups").Object(name).NewWriter(t.Context())
	_, err := writer.Write(bytes.Repeat([]byte("x"), 10))
	must(t, err)
	must(t, writer.Close())
	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{Removed: 1})

	if body := s.bodies(t, ledger.BackupPruned)[0]; len(s.names(t)) > 0 || !strings.Contains(body, `"count":2`) {
		t.Error(body)
	}
}
