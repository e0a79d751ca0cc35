package erasure_test

import (
	"maps"
	"strings"
	"testing"

	"steward/internal/erasure"
	"steward/internal/failure"
)

// What was found in a database that the data map does not name any more is looked at by nobody: the case says so, and goes on once the
// database is named again.
func TestADatabaseThatIsNamedNoMore(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada, _ := b.stopped(t)
	unlooked := func(in ...string) map[string]int64 {
		t.Helper()

		found, err := erasure.Unlooked(t.Context(), b.root, in)
		must(t, err)

		return found
	}

	if found := unlooked("app", "shop"); len(found) > 0 {
		t.Errorf("%v", found)
	}

	if found := unlooked(); !maps.Equal(found, map[string]int64{"app": 1}) {
		t.Errorf("%v", found)
	}

	without := b.night()
	without.Places = nil
	b.eraser.Residues = without

	b.retried(t, ada)
	b.until(t, ada, erasure.Verifying)

	_, err := b.eraser.Verify(t.Context(), ada, func(int64) {})
	if failure.CodeOf(err) != failure.StoreGone || failure.Lookup(failure.CodeOf(err)).Retryable ||
		!strings.HasSuffix(err.Error(), "does not name app") && !strings.Contains(err.Error(), "does not name app:") {
		t.Fatal(err)
	}

	_, err = b.judge.Park(t.Context(), ada, failure.CodeOf(err))
	must(t, err)

	if of, err := erasure.Get(t.Context(), b.root, ada); err != nil || of.Stage != erasure.Blocked || of.Code != failure.StoreGone {
		t.Errorf("%+v, %v", of, err)
	}

	b.eraser.Residues = b.night()
	_, err = b.small.db.Exec(t.Context(), `update notes set body = '' where id in (7, 30)`)
	must(t, err)
	b.retried(t, ada)
	b.until(t, ada, erasure.Waiting)
	b.found(t, ada, erasure.Waiting, nil)

	if found := unlooked(); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
