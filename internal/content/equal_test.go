package content_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/content"
	"steward/internal/pgtest"
)

func TestACopyEqualsItsSource(t *testing.T) {
	t.Parallel()

	source := pgtest.Database(t)
	run(t, source, world)

	before := describe(t, source)
	copied := describe(t, restore(t, dump(t, source)))

	if differences := content.Compare(before, copied); len(differences) > 0 {
		t.Error(differences)
	}

	if diff := cmp.Diff(before, describe(t, source)); diff != "" {
		t.Errorf("looking changes what is seen: %s", diff)
	}

	for _, table := range before.Tables {
		if table.Name == "fleeting" || table.Name == "pg_stat_statements" {
			t.Errorf("table %s is not one that a dump holds", table.Key())
		}
	}

	if rows := before.Rows(); rows != 65 {
		t.Errorf("%d rows", rows)
	}
}
