package system_test

import (
	"testing"

	"steward/dev/harness"
	"steward/internal/ids"
	"steward/workflows"
)

// TestRecordDatamapHistories records what DatamapAudit does: see TestRecordHistories.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordDatamapHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Processes: []string{"core", "backup"}, Undrilled: true})
	r.compared("as_it_is")
	r.must(harness.Exec(t.Context(), r.world.AppURL, "create table public.nobody_decided (id bigint)"))
	r.compared("drift")
	r.met("select", func() { r.compared("retried") })
}

func (r recorder) compared(scene string) {
	r.Helper()
	r.ran(workflows.DatamapAuditName, scene, ids.DataMap()+"/"+scene)
}
