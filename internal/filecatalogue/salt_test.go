package filecatalogue_test

import (
	"bytes"
	"testing"

	"steward/internal/filecatalogue"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// Two installations know the same file by different values, one installation always
// by the same, and no two files by one.
func TestSourcesSayNothing(t *testing.T) {
	t.Parallel()

	salts := make([]filecatalogue.Salt, 2)

	for i := range salts {
		db, err := postgres.Open(t.Context(), pgtest.Migrated(t))
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		if salts[i], err = filecatalogue.ReadSalt(t.Context(), db); err != nil || len(salts[i]) != 32 {
			t.Fatal(salts[i], err)
		}
	}

	base := salts[0].Source("bucket", "name", 1)
	if !bytes.Equal(base, salts[0].Source("bucket", "name", 1)) {
		t.Error("the same file has two sources")
	}

	for _, other := range [][]byte{
		salts[1].Source("bucket", "name", 1), salts[0].Source("bucket", "name", 2), salts[0].Source("bucketn", "ame", 1),
		salts[0].Source("bucket", "nam", 1), salts[0].Source("other", "name", 1),
	} {
		if bytes.Equal(base, other) {
			t.Error("two files have one source")
		}
	}
}
