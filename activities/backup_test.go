package activities_test

import (
	"slices"
	"testing"
	"time"

	"steward/activities"
	"steward/internal/backup"
	"steward/internal/backuptest"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/due"
	"steward/internal/failure"
	"steward/internal/ids"
)

// backupWorld is a source with everything that a backup and its drill need.
type backupWorld struct {
	*backuptest.Bench

	take  *activities.Backups
	prove *activities.Drills
	clock *movingClock
}

func newBackupWorld(t *testing.T) *backupWorld {
	t.Helper()

	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}

	w := &backupWorld{Bench: backuptest.New(t, backuptest.Small), clock: &movingClock{now: noon()}}
	w.Taker.Clock, w.Driller.Clock = w.clock, w.clock
	w.take = &activities.Backups{
		Takers: map[string]backup.Taker{"app": *w.Taker}, Steward: w.Steward, Clock: w.clock,
		Window: due.Window{Zone: zone, CatchUp: 20 * time.Hour},
	}
	w.prove = &activities.Drills{Driller: *w.Driller}

	return w
}

func (w *backupWorld) open(t *testing.T, scheduled time.Time) (activities.BackupStatus, error) {
	t.Helper()

	return execute[activities.BackupStatus](t, nil, w.take.OpenDay, activities.OpenDayParams{Database: "app", Scheduled: scheduled})
}

// must runs an activity that has to end well.
func must(t *testing.T, watch *beats, do any, args ...any) activities.BackupStatus {
	t.Helper()

	status, err := execute[activities.BackupStatus](t, watch, do, args...)
	if err != nil {
		t.Fatal(err)
	}

	return status
}

func TestOpenDayOpensADayOnce(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)

	first, err := w.open(t, time.Time{})
	if err != nil || first.Day != "2026-11-22" || first.State != catalogue.Running || first.Backup == "" {
		t.Fatalf("%+v, %v", first, err)
	}

	// Late in the evening a run by hand is still of that day in Paris, and one
	// for the night's schedule too.
	w.clock.move(10 * time.Hour)

	for _, scheduled := range []time.Time{{}, noon().Add(-9 * time.Hour)} {
		if again, err := w.open(t, scheduled); err != nil || again != first {
			t.Errorf("%+v, %v", again, err)
		}
	}

	// At midnight in Paris it is still that day: the next scheduled run has not come.
	w.clock.move(time.Hour)

	if again, err := w.open(t, time.Time{}); err != nil || again.Backup != first.Backup {
		t.Errorf("%+v, %v", again, err)
	}

	// The schedule of this world runs at midnight UTC.
	w.clock.move(time.Hour)

	if next, err := w.open(t, time.Time{}); err != nil || next.Day != "2026-11-23" || next.Backup == first.Backup {
		t.Errorf("%+v, %v", next, err)
	}

	if rows, err := catalogue.List(t.Context(), w.Steward); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestOpenDayRefuses(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)

	for name, c := range map[string]struct {
		params activities.OpenDayParams
		code   failure.Code
	}{
		"unknown database": {activities.OpenDayParams{Database: "payroll"}, failure.UnknownDatabase},
		"no database":      {activities.OpenDayParams{}, failure.UnknownDatabase},
		"future":           {activities.OpenDayParams{Database: "app", Scheduled: noon().Add(6 * time.Minute)}, failure.DayRefused},
		"past catch-up":    {activities.OpenDayParams{Database: "app", Scheduled: noon().Add(-21*time.Hour - time.Second)}, failure.DayRefused},
	} {
		if status, err := execute[activities.BackupStatus](t, nil, w.take.OpenDay, c.params); boundary.CodeOf(err) != c.code {
			t.Errorf("%s: %+v, %v", name, status, err)
		}
	}

	if rows, err := catalogue.List(t.Context(), w.Steward); err != nil || len(rows) != 0 {
		t.Errorf("a refused day was opened: %v, %v", rows, err)
	}
}

// The way of a day from its opening to the proof; each step may be asked for
// again, and answers with what exists.
func TestABackupIsTakenAndProven(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)
	opened, err := w.open(t, time.Time{})
	if err != nil {
		t.Fatal(err)
	}

	watch := &beats{}
	taken := must(t, watch, w.take.TakeBackup, opened.Backup)

	if taken.State != catalogue.Taken || taken.Backup != opened.Backup || taken.Day != opened.Day || taken.Rows != 20 || taken.Bytes == 0 {
		t.Errorf("%+v", taken)
	}

	if len(watch.phases()) == 0 {
		t.Error("no heartbeat while it was taken")
	}

	attempt := w.Row(t, opened.Backup).Attempt
	if again := must(t, nil, w.take.TakeBackup, opened.Backup); again != taken || w.Row(t, opened.Backup).Attempt != attempt {
		t.Errorf("taken anew: %+v", again)
	}

	w.CheckObjects(t, opened.Backup)

	watch = &beats{}

	drilled := must(t, watch, w.prove.DrillBackup, opened.Backup)
	if drilled.State != catalogue.Drilled || drilled.Rows != taken.Rows || drilled.Bytes != taken.Bytes {
		t.Errorf("%+v", drilled)
	}

	if !slices.Contains(watch.phases(), "restore") {
		t.Errorf("heartbeats showed %q", watch.phases())
	}

	for _, again := range []any{w.prove.DrillBackup, w.take.TakeBackup} {
		if status := must(t, nil, again, opened.Backup); status.State != catalogue.Drilled {
			t.Errorf("%+v", status)
		}
	}

	if again, err := w.open(t, time.Time{}); err != nil || again.State != catalogue.Drilled || again.Backup != opened.Backup {
		t.Errorf("%+v, %v", again, err)
	}

	if entries := w.Ledger(t, opened.Backup); entries["backup.stored"] != 1 || entries["backup.drilled"] != 1 || len(entries) != 2 {
		t.Errorf("%v", entries)
	}

	w.CheckNothingLeft(t)
}

func TestADayAtWorkInAnotherRunIsLeftToIt(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)
	other := w.Open(t, "2026-11-22")

	for _, silent := range []time.Duration{0, 2 * time.Minute} {
		w.clock.move(silent)

		if _, err := execute[activities.BackupStatus](t, nil, w.take.TakeBackup, other.ID); boundary.CodeOf(err) != failure.DayTaken {
			t.Errorf("after %s of silence: %v", silent, err)
		}
	}

	w.clock.move(time.Second)

	if taken := must(t, nil, w.take.TakeBackup, other.ID); taken.State != catalogue.Taken {
		t.Errorf("%+v", taken)
	}
}

func TestUnknownBackups(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)
	left := w.Open(t, "2026-11-22")
	w.take.Takers = nil // the policy names the database no longer

	for name, c := range map[string]struct {
		do   any
		id   string
		code failure.Code
	}{
		"take":                      {w.take.TakeBackup, ids.New("bkp"), failure.UnknownBackup},
		"drill":                     {w.prove.DrillBackup, ids.New("bkp"), failure.UnknownBackup},
		"drill of what is not made": {w.prove.DrillBackup, left.ID, failure.EvidenceMissing},
		"database left the policy":  {w.take.TakeBackup, left.ID, failure.UnknownDatabase},
	} {
		if status, err := execute[activities.BackupStatus](t, nil, c.do, c.id); boundary.CodeOf(err) != c.code {
			t.Errorf("%s: %+v, %v", name, status, err)
		}
	}
}

// A backup that a drill finds wanting is recorded as bad, with the code that the
// activity fails with; taking it anew mends the day.
func TestABadBackup(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)
	opened, err := w.open(t, time.Time{})
	if err != nil {
		t.Fatal(err)
	}

	must(t, nil, w.take.TakeBackup, opened.Backup)

	objects, err := catalogue.Objects(t.Context(), w.Steward, opened.Backup)
	if err != nil {
		t.Fatal(err)
	}

	for _, object := range objects {
		if object.Kind == "archive" {
			if err := w.Bucket.Delete(t.Context(), object.Name, object.Generation); err != nil {
				t.Fatal(err)
			}
		}
	}

	if _, err := execute[activities.BackupStatus](t, nil, w.prove.DrillBackup, opened.Backup); boundary.CodeOf(err) != failure.ObjectNotFound {
		t.Errorf("%v", err)
	}

	if row := w.Row(t, opened.Backup); row.State != catalogue.Bad || row.Reason != string(failure.ObjectNotFound) || w.Ledger(t, row.ID)["backup.refused"] != 1 {
		t.Errorf("%+v, %v", row, w.Ledger(t, row.ID))
	}

	must(t, nil, w.take.TakeBackup, opened.Backup)

	if drilled := must(t, nil, w.prove.DrillBackup, opened.Backup); drilled.State != catalogue.Drilled {
		t.Errorf("%+v", drilled)
	}
}
