package activities_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/due"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/filebackup"
	"steward/internal/fileremoval"
	"steward/internal/filestest"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/removal"
)

// filesWorld is a bucket of the app with all activities of its files.
type filesWorld struct {
	*filestest.Bench

	take  *activities.Files
	prove *activities.FileDrills
	prune *activities.FilePrunes
}

func newFilesWorld(t *testing.T) *filesWorld {
	t.Helper()

	b := filestest.New(t)

	return &filesWorld{
		Bench: b,
		take: &activities.Files{
			Takers: map[string]filebackup.Taker{"uploads": *b.Taker}, Steward: b.Steward, Clock: b.Clock,
			Window: due.Window{Zone: time.UTC, CatchUp: 20 * time.Hour, DoneWithin: 2 * time.Hour},
		},
		prove: &activities.FileDrills{Driller: *b.Driller},
		prune: &activities.FilePrunes{Remover: *b.Remover, Clock: b.Clock},
	}
}

func (w *filesWorld) status(t *testing.T, do any, arg string) activities.FilesStatus {
	t.Helper()

	status, err := execute[activities.FilesStatus](t, nil, do, arg)
	if err != nil {
		t.Fatal(err)
	}

	return status
}

// From the opened day to the prune, through the activities as the workflow calls
// them. No result holds a name.
func TestFilesThroughTheirActivities(t *testing.T) {
	t.Parallel()

	w := newFilesWorld(t)
	w.Write(t, "Jane Doe.txt", "secret")

	params := activities.OpenDayParams{Database: "uploads", Scheduled: w.Clock.Now()}

	opened, err := execute[activities.OpenedFilesDay](t, nil, w.take.OpenFilesDay, params)
	if err != nil || opened.Day != "2026-11-22" || opened.State != catalogue.Running || opened.DueIn != 2*time.Hour || opened.EndIn != 20*time.Hour {
		t.Fatalf("%+v, %v", opened, err)
	}

	taken := w.status(t, w.take.TakeFiles, opened.Backup)
	if taken.State != catalogue.Taken || taken.Count != 1 || taken.Bytes != 6 || taken.Fresh != 1 {
		t.Errorf("%+v", taken)
	}

	if again := w.status(t, w.take.TakeFiles, opened.Backup); again.State != catalogue.Taken {
		t.Errorf("%+v", again)
	}

	if drilled := w.status(t, w.prove.DrillFiles, opened.Backup); drilled.State != catalogue.Drilled {
		t.Errorf("%+v", drilled)
	}

	again, err := execute[activities.OpenedFilesDay](t, nil, w.take.OpenFilesDay, params)
	if err != nil || again.Backup != opened.Backup || again.State != catalogue.Drilled {
		t.Errorf("%+v, %v", again, err)
	}

	w.Clock.Advance(8 * 24 * time.Hour)

	kept, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles)
	if err != nil || kept != (fileremoval.Result{Kept: 1, Exceptions: 1}) {
		t.Errorf("%+v, %v", kept, err)
	}

	w.prune.Remover.Rule.KeepLastDrilled, w.prune.Remover.Enforce = false, false

	observed, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles)
	if err != nil || observed != (fileremoval.Result{Due: 2}) || len(w.Names(t, "")) != 3 {
		t.Errorf("%+v, %v", observed, err)
	}

	w.prune.Remover.Enforce = true

	gone, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles)
	if err != nil || gone != (fileremoval.Result{Removed: 1, Contents: 1}) || len(w.Names(t, "")) != 0 {
		t.Errorf("%+v, %v", gone, err)
	}
}

func TestFilesThatAreUnknown(t *testing.T) {
	t.Parallel()

	w := newFilesWorld(t)

	for name, c := range map[string]struct {
		do   any
		arg  any
		code failure.Code
	}{
		"a set that is not in the policy": {w.take.OpenFilesDay, activities.OpenDayParams{Database: "app"}, failure.UnknownDatabase},
		"a day long ago": {
			w.take.OpenFilesDay, activities.OpenDayParams{Database: "uploads", Scheduled: w.Clock.Now().AddDate(0, 0, -2)}, failure.DayRefused,
		},
		"taking what was not opened":   {w.take.TakeFiles, ids.New("fbk"), failure.UnknownBackup},
		"drilling what was not opened": {w.prove.DrillFiles, ids.New("fbk"), failure.UnknownBackup},
		"drilling what is not taken":   {w.prove.DrillFiles, w.Open(t).ID, failure.EvidenceMissing},
	} {
		_, err := execute[activities.FilesStatus](t, nil, c.do, c.arg)
		if boundary.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A set that left the policy is not backed up any more.
	id := w.Open(t).ID
	delete(w.take.Takers, "uploads")

	if _, err := execute[activities.FilesStatus](t, nil, w.take.TakeFiles, id); boundary.CodeOf(err) != failure.UnknownDatabase {
		t.Error(err)
	}
}

// A bucket that refuses a removal fails the prune, which removes everything else.
func TestAPruneOfFilesGoesOn(t *testing.T) {
	t.Parallel()

	w := newFilesWorld(t)
	w.prune.Remover.Rule.KeepLastDrilled = false
	w.Write(t, "a", "a")
	w.Write(t, "b", "b")
	w.Drilled(t)
	w.Clock.Advance(7 * 24 * time.Hour)

	held := w.Names(t, "uploads/contents/")[0]
	object := w.Storage.Client(t).Bucket("steward-files").Object(held)
	hold(t, object, true)

	if _, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles); boundary.CodeOf(err) != failure.StorageRefused {
		t.Error(err)
	}

	if names := w.Names(t, ""); len(names) != 1 || names[0] != held {
		t.Errorf("%v", names)
	}

	hold(t, object, false)

	if result, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles); err != nil || result.Contents != 1 || len(w.Names(t, "")) != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

func hold(t *testing.T, object *storage.ObjectHandle, on bool) {
	t.Helper()

	if _, err := object.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: on}); err != nil {
		t.Fatal(err)
	}
}

// Deletions that hang for longer than a step may stand still do not end the try: each
// is progress, what is late is in the ledger, and the try fails with its own code.
func TestAPruneOfFilesWhoseDeletionsHang(t *testing.T) {
	t.Parallel()

	const many = 120 // of which a hundred are tried, four at once, for half a second each

	w := newFilesWorld(t)
	w.prune.Remover.Rule.KeepLastDrilled = false
	w.prune.Patience = 0.003 // half an hour becomes 5.4 s

	for i := range many {
		w.Write(t, strconv.Itoa(i), "content")
	}

	w.Drilled(t)
	w.Clock.Advance(8 * 24 * time.Hour)

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: w.Storage.URL(), Project: "test", Patience: gcs.Patience{Call: 500 * time.Millisecond, Chunk: time.Second, Transfer: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}

	w.prune.Remover.Bucket = client.Bucket(w.Bucket.Name())

	if _, err := w.Storage.InjectFault(emulator.Fault{
		Operation: emulator.OpObjectDelete, Mode: emulator.ModeStall, Count: emulator.Forever,
	}); err != nil {
		t.Fatal(err)
	}

	if _, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles); boundary.CodeOf(err) != failure.Unavailable {
		t.Errorf("%v", err)
	}

	told := w.Strings(t, `select sum((body::jsonb ->> 'count')::int)::text from ledger.entries where kind = 'files.overdue'`)
	if told[0] != strconv.Itoa(many+2) {
		t.Errorf("the ledger tells of %s", told[0])
	}

	w.Storage.ClearFaults()

	w.prune.Remover.Bucket = w.Bucket
	if result, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles); err != nil || result.Contents != many || len(w.Names(t, "")) != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A second prune of files, by hand beside the schedule or by another worker, waits for
// the first and decides by what that has done: what is gone has one receipt, and
// neither fails.
func TestTwoPrunesOfFilesTakeTurns(t *testing.T) {
	t.Parallel()

	w := newFilesWorld(t)
	w.prune.Remover.Rule.KeepLastDrilled = false
	w.Write(t, "a", "content")
	w.Write(t, "b", "content")
	w.Drilled(t)
	w.Clock.Advance(8 * 24 * time.Hour)

	type ended struct {
		result fileremoval.Result
		err    error
	}

	var (
		others = make(chan ended, 2)
		first  fileremoval.Result
	)

	err := removal.Alone(t.Context(), w.Steward, removal.Files, func(ctx context.Context) (err error) {
		for range cap(others) {
			go func() {
				result, err := execute[fileremoval.Result](t, nil, w.prune.PruneFiles)
				others <- ended{result, err}
			}()
		}

		began := time.Now()
		for waiting := ""; waiting != "2"; <-time.After(time.Millisecond) {
			waiting = w.Strings(t, `select count(*)::text from pg_locks where locktype = 'advisory' and not granted
				and database = (select oid from pg_database where datname = current_database())`)[0]

			if len(others) > 0 {
				return errors.New("one did not wait")
			}

			if time.Since(began) > time.Minute { // only so that the test ends
				return errors.New("they neither wait nor end")
			}
		}

		first, err = w.prune.Remover.Prune(ctx, w.Clock.Now())

		return err
	})
	if err != nil || first != (fileremoval.Result{Removed: 1, Contents: 2, Late: first.Late}) {
		t.Errorf("%+v, %v", first, err)
	}

	for range cap(others) {
		if other := <-others; other.err != nil || other.result != (fileremoval.Result{}) {
			t.Errorf("%+v, %v", other.result, other.err)
		}
	}

	if told := w.Strings(t, `select kind || ' ' || count(*) from ledger.entries where kind like 'files.pruned%' group by kind`); len(told) != 1 ||
		told[0] != "files.pruned 2" { // of the contents, and of the manifest
		t.Error(told)
	}
}
