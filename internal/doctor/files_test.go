package doctor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/clocks"
	"steward/internal/doctor"
	"steward/internal/doctor/doctortest"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/policy"
)

// uploads is the check of the app's files, under a policy in which they are changed.
func uploads(t *testing.T, w *doctortest.World, change func(*policy.Files)) doctor.Check {
	t.Helper()

	changed := *w.Policy
	changed.Promises.Backups.Files = slices.Clone(changed.Promises.Backups.Files)

	if change != nil {
		change(&changed.Promises.Backups.Files[0])
	}

	return find(t, visit(t, w, func(d *doctor.Doctor) { d.Policy = &changed }), "sources", changed.Promises.Backups.Files[0].Item())
}

// forbid makes the storage refuse an operation, or makes it answer again.
func forbid(t *testing.T, w *doctortest.World, operations ...emulator.Operation) {
	t.Helper()

	w.Server.ClearFaults()

	for _, operation := range operations {
		fault := emulator.Fault{Operation: operation, Mode: emulator.ModeForbidden, Count: emulator.Forever}
		if _, err := w.Server.InjectFault(fault); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever runs the doctor needs no right to list or to read what the app keeps: what the
// worker found says it. Not even that the bucket is there has to be shown.
func TestTheDoctorNeedsNothingOfTheAppsBucket(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	contents := []emulator.Operation{emulator.OpObjectList, emulator.OpObjectGet, emulator.OpObjectMedia}

	forbid(t, w, contents...)

	if check := uploads(t, w, nil); check.State != doctor.OK || check.Says != "example-uploads is there; no backup of it yet" {
		t.Errorf("%+v", check)
	}

	if check := uploads(t, w, func(f *policy.Files) { f.Bucket = "nowhere" }); check.Code != failure.ObjectNotFound || check.Hint == "" {
		t.Errorf("%+v", check)
	}

	forbid(t, w, append(contents, emulator.OpBucketGet)...)

	if check := uploads(t, w, nil); check.State != doctor.Skipped || !strings.Contains(check.Says, "not for this account") {
		t.Errorf("%+v", check)
	}

	forbid(t, w)
	w.Files(t, "2026-11-22")

	before := len(w.Server.Requests())

	for _, operations := range [][]emulator.Operation{nil, contents, append(contents, emulator.OpBucketGet)} {
		forbid(t, w, operations...)

		if check := uploads(t, w, nil); check.State != doctor.OK || check.Says != "1 files in the backup of 2026-11-22" {
			t.Errorf("%v: %+v", operations, check)
		}
	}

	for _, request := range w.Server.Requests()[before:] {
		if request.Bucket == "example-uploads" && request.Operation != emulator.OpBucketGet {
			t.Errorf("the doctor asked for %s", request.Operation)
		}
	}
}

// A backup that found no file, as with a mistyped prefix, is warned of by name, unless
// the policy says that there may be none.
func TestABackupThatFoundNoFile(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	if err := w.Storage.Bucket("example-uploads").Remove(t.Context(), "a file"); err != nil {
		t.Fatal(err)
	}

	w.Files(t, "2026-11-22")

	if check := uploads(t, w, nil); check.State != doctor.Warn || check.Says != "the backup of 2026-11-22 has no file at all" ||
		!strings.Contains(check.Hint, "prefix") {
		t.Errorf("%+v", check)
	}

	if check := uploads(t, w, func(f *policy.Files) { f.MayBeEmpty = true }); check.State != doctor.OK {
		t.Errorf("%+v", check)
	}

	if check := uploads(t, w, func(f *policy.Files) { f.Name = "others" }); check.State != doctor.OK || strings.Contains(check.Says, "no file") {
		t.Errorf("%+v", check)
	}
}

// Files whose newest backup is too old are not fine, whatever that backup found.
func TestANewestBackupThatIsTooOld(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	taken := w.Files(t, "2026-11-22")
	tooOld := taken.SnapshotAt.Add(24*time.Hour + w.Policy.Promises.Backups.DoneWithin.Shortest())

	look := func(at time.Time) doctor.Check {
		return find(t, visit(t, w, func(d *doctor.Doctor) { d.Clock = clocks.Fixed(at) }), "sources", w.Policy.Promises.Backups.Files[0].Item())
	}

	if check := look(tooOld.Add(-time.Second)); check.State != doctor.OK {
		t.Errorf("%+v", check)
	}

	want := "the newest backup is of " + taken.SnapshotAt.UTC().Format("2006-01-02 15:04 UTC") + ", which is more than a day and 2 hours ago"
	if check := look(tooOld); check.State != doctor.Warn || check.Says != want || check.Hint == "" {
		t.Errorf("%+v", check)
	}
}
