package system_test

import (
	"testing"

	"steward/dev/harness"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/workflows"
)

// TestRecordCopiesHistories records what CopyBackups does, and days of DailyBackup with
// their copies: see TestRecordHistories.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordCopiesHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Processes: harness.Apart(), Copies: true})
	// One who takes an object is not held back by the bucket's retention policy.
	r.must(r.world.Unretain(t.Context(), harness.CopiesBucket))
	r.copies("nothing_yet")
	r.backup("copied", "app", false)
	r.tomorrow()
	r.world.Gate.Arm(harness.Plan{
		N: 1, Mode: faults.Before,
		After:  func(call harness.Call) bool { return call.Process == "drill" && call.Name == "commit" },
		Counts: func(call harness.Call) bool { return call.Process == "backup" && call.Name == "POST" }, // the request to copy
	})
	r.backup("copied_late", "app", false)
	if _, hit := r.world.Gate.Disarm(); hit == nil {
		t.Fatal("nothing failed")
	}
	r.copies("there")
	r.lost()
	r.copies("made_again")
}

// lost takes an object of a copy away, and lets the prune find it out.
func (r recorder) lost() {
	names, err := harness.Rows(r.Context(), r.world.StewardURL,
		`select name from backup_copy_objects where kind = 'archive' order by name desc limit 1`)
	r.must(err)
	r.must(r.world.Bucket.Bucket(harness.CopiesBucket).Object(names[0]).Delete(r.Context()))
	_, err = r.world.Prune(r.Context())
	r.must(err)
}

// copies runs CopyBackups and keeps its history.
func (r recorder) copies(scene string) {
	r.Helper()
	r.ran(workflows.CopyBackupsName, scene, ids.Copies()+"/"+scene)
}
