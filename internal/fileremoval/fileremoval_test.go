package fileremoval_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/filecatalogue"
	"steward/internal/fileremoval"
	"steward/internal/filestest"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const day = 24 * time.Hour

// bench is a world with one file and one proven day of it.
func bench(t *testing.T) (*filestest.Bench, filecatalogue.Backup) {
	t.Helper()

	b := filestest.New(t)
	b.Write(t, "a person's file", "content")
	drilled := b.Drilled(t)

	return b, drilled
}

// told gives what the ledger says beside stored and drilled: kind, day, cause, and
// how many contents or objects.
func told(t *testing.T, b *filestest.Bench) string {
	t.Helper()

	return strings.Join(b.Strings(t, `select concat_ws(' ', kind, body::jsonb ->> 'day', body::jsonb ->> 'cause',
		coalesce(body::jsonb ->> 'contents', body::jsonb ->> 'count')) from ledger.entries
		where kind not in ('files.stored', 'files.drilled') order by serial`), ", ")
}

// hold puts a hold of somebody else on an object, or takes it off.
func hold(t *testing.T, b *filestest.Bench, name string, on bool) {
	t.Helper()

	object := b.Storage.Client(t).Bucket("steward-files").Object(name)
	if _, err := object.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: on}); err != nil {
		t.Fatal(err)
	}
}

// The newest proven day stays under a recorded exception from its time on until a
// younger one is proven, and nothing of it is called late.
func TestAnExceptionBeginsAndEnds(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Clock.Advance(7*day - 1)

	if result := b.Prune(t); result != (fileremoval.Result{Kept: 1}) || told(t, b) != "" {
		t.Errorf("%+v, %s", result, told(t, b))
	}

	for _, after := range []time.Duration{1, 0, 3 * day} {
		b.Clock.Advance(after)

		if result := b.Prune(t); result != (fileremoval.Result{Kept: 1, Exceptions: 1}) || len(b.Names(t, "")) != 3 {
			t.Errorf("%+v, %v", result, b.Names(t, ""))
		}

		if got := told(t, b); got != "files.excepted 2026-11-22 last_drilled 1" {
			t.Error(got)
		}
	}

	b.Unlink(t, "a person's file")
	b.Drilled(t)

	if result := b.Prune(t); result != (fileremoval.Result{Kept: 1, Removed: 1, Contents: 1}) {
		t.Errorf("%+v", result)
	}

	want := "files.excepted 2026-11-22 last_drilled 1, files.exception.ended 2026-11-22 younger_drilled 1, files.pruned 2026-11-22 1, files.pruned 1"
	if got := told(t, b); got != want {
		t.Error(got)
	}

	due := b.Strings(t, `select distinct body::jsonb ->> 'due_at' from ledger.entries where kind <> 'files.stored' and kind <> 'files.drilled'`)
	if len(due) != 1 || !strings.HasPrefix(due[0], "2026-11-29T02:30:00") {
		t.Error(due)
	}
}

// Whatever the policy says of backups that stop, the ledger says it too.
func TestTheCeilingIsHonoured(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(7 * day)
	b.Prune(t)

	if got := told(t, b); got != "files.ceiling.honoured 2026-11-22 honour_ceiling 1, files.pruned 2026-11-22 0, files.pruned 1" &&
		got != "files.ceiling.honoured 2026-11-22 honour_ceiling 1, files.pruned 2026-11-22 1, files.pruned 1" {
		t.Error(got)
	}

	b, _ = bench(t)
	b.Clock.Advance(8 * day)
	b.Prune(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(day)
	b.Prune(t)

	want := "files.excepted 2026-11-22 last_drilled 1, files.exception.ended 2026-11-22 honour_ceiling 1, files.pruned 2026-11-22 1, files.pruned 1"
	if got := told(t, b); got != want {
		t.Error(got)
	}
}

// What cannot be removed is tried each time, and told once, with its cause, when the
// tolerance is over.
func TestWhatOutstaysItsTimeIsTold(t *testing.T) {
	t.Parallel()

	b, row := bench(t)
	b.Remover.Rule.KeepLastDrilled = false

	held := []string{b.Names(t, "uploads/contents/")[0], row.ManifestObject}
	for _, name := range held {
		hold(t, b, name, true)
	}

	for _, after := range []time.Duration{7 * day, 2*time.Hour - 1, 1, time.Hour} {
		b.Clock.Advance(after)

		result, err := b.Remover.Prune(t.Context(), b.Clock.Now())
		if failure.CodeOf(err) != failure.StorageRefused || result.Removed != 0 || result.Contents != 0 {
			t.Errorf("%+v, %v", result, err)
		}

		if late := !b.Clock.Now().Before(filestest.Start().Add(7*day + 2*time.Hour)); late != (result.Late > 0) ||
			late != strings.Contains(told(t, b), "files.overdue") {
			t.Errorf("late %v: %+v, %s", late, result, told(t, b))
		}
	}

	for _, name := range held {
		hold(t, b, name, false)
	}

	b.Prune(t)

	want := "files.ceiling.honoured 2026-11-22 honour_ceiling 1, files.overdue 2026-11-22 storage_refused 2, " +
		"files.overdue 2026-11-22 storage_refused 1, files.pruned 2026-11-22 1, files.pruned 1"
	if got := told(t, b); got != want {
		t.Error(got)
	}

	for _, name := range held {
		if named := b.Strings(t, `select kind from ledger.entries where kind = 'files.overdue' and strpos(body, '`+name+`') > 0`); len(named) != 1 {
			t.Errorf("%s is named by %v", name, named)
		}
	}
}

// What goes too late, since nothing pruned, is told to have been late.
func TestALateRemovalIsTold(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(7*day + 2*time.Hour)
	b.Prune(t)

	if got := told(t, b); strings.Count(got, "late_removal") != 2 || len(b.Names(t, "")) != 0 {
		t.Error(got)
	}
}

// down fails every request to the storage.
type down struct{}

func (down) Next(_ context.Context, call faults.Call) faults.Mode {
	if call.Kind == faults.HTTP {
		return faults.Before
	}

	return faults.Pass
}

// A bucket that does not answer does not keep what is overdue from being told.
func TestWhatIsOverdueWhileTheBucketIsGone(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(7*day + 3*time.Hour)

	for range 2 {
		if _, err := b.Remover.Prune(faults.With(t.Context(), down{}), b.Clock.Now()); err == nil {
			t.Error("a bucket that is gone was not noticed")
		}
	}

	if got := told(t, b); strings.Count(got, "files.overdue") != 2 || strings.Contains(got, "pruned") {
		t.Error(got)
	}

	b.Prune(t)

	if got := told(t, b); strings.Count(got, "files.overdue") != 2 || strings.Count(got, "files.pruned") != 2 {
		t.Error(got)
	}
}

// What somebody else deleted is told once, with the days that need it. A content
// that is missing does not end an exception; a manifest that is missing does.
func TestWhatIsMissingIsTold(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Clock.Advance(day)
	b.Write(t, "another", "more")
	second := b.Drilled(t)

	if err := b.Bucket.Remove(t.Context(), b.Names(t, "uploads/contents/")[0]); err != nil {
		t.Fatal(err)
	}

	for i := range 2 {
		if result := b.Prune(t); result.Missing != int64(1-i) || result.Kept != 2 {
			t.Errorf("%+v", result)
		}
	}

	if got := told(t, b); got != "files.missing 2026-11-23 1" {
		t.Error(got)
	}

	b.Clock.Advance(8 * day)

	if result := b.Prune(t); result.Exceptions != 1 {
		t.Errorf("%+v", result)
	}

	if err := b.Bucket.Remove(t.Context(), second.ManifestObject); err != nil {
		t.Fatal(err)
	}

	if result := b.Prune(t); result.Missing != 1 || result.Removed != 1 || result.Exceptions != 0 {
		t.Errorf("%+v", result)
	}

	got := told(t, b)
	for _, wanted := range []string{
		"files.excepted 2026-11-23 last_drilled 2", "files.missing 2026-11-23 1", "files.exception.ended 2026-11-23 objects_missing",
	} {
		if !strings.Contains(got, wanted) {
			t.Errorf("%s is not in %s", wanted, got)
		}
	}

	if strings.Contains(got, "overdue 2026-11-23") || len(b.Names(t, "")) != 0 {
		t.Errorf("%s, %v", got, b.Names(t, ""))
	}
}

// An object that appears after it was proven gone goes again, and is told to have
// been late; what nobody announced is counted and stays.
func TestWhatAppearsLateIsSwept(t *testing.T) {
	t.Parallel()

	b, row := bench(t)
	b.Remover.Rule.KeepLastDrilled = false
	content := b.Names(t, "uploads/contents/")[0]

	b.Clock.Advance(7 * day)
	b.Prune(t)
	b.Clock.Advance(3 * time.Hour)

	object := b.Storage.Client(t).Bucket("steward-files")
	for _, name := range []string{content, row.ManifestObject, "uploads/contents/foreign"} {
		writer := object.Object(name).NewWriter(t.Context())
		if _, err := fmt.Fprint(writer, "late"); err != nil {
			t.Fatal(err)
		}

		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}

	if result := b.Prune(t); result != (fileremoval.Result{Swept: 2, Late: 2, Foreign: 1}) {
		t.Errorf("%+v", result)
	}

	if names := b.Names(t, ""); !slices.Equal(names, []string{"uploads/contents/foreign"}) {
		t.Error(names)
	}

	if got := told(t, b); strings.Count(got, "appeared_late 1") != 2 || strings.Count(got, "files.swept 2026-11-22 1") != 2 {
		t.Error(got)
	}
}

// Observe mode counts and records nothing.
func TestObservedFilesAreOnlyCounted(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Remover.Enforce = false
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(8 * day)

	if result := b.Prune(t); result != (fileremoval.Result{Due: 2}) || told(t, b) != "" || len(b.Names(t, "")) != 3 {
		t.Errorf("%+v, %s", result, told(t, b))
	}
}
