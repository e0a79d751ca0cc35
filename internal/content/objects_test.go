package content_test

import (
	"fmt"
	"testing"

	"steward/internal/content"
	"steward/internal/pgtest"
)

// A large object is hashed page by page: at each end of a page, and beyond the
// gigabyte that a value may have, each byte counts.
func TestLargeObjectsOfAnySize(t *testing.T) {
	t.Parallel()

	const page = 1 << 20

	for i, c := range []struct{ size, change int }{{1, 0}, {page - 1, 0}, {page, page - 1}, {page + 1, page}, {2 * page, page}, {1100 << 20, 1100<<20 - 1}} {
		at := pgtest.Database(t)
		run(t, at, fmt.Sprintf("begin; select lo_truncate64(lo_open(lo_create(%d), 131072), %d); commit", 80000+i, c.size))

		before := describe(t, at)
		if before.LargeObjects.Rows != 1 {
			t.Fatalf("%+v", before.LargeObjects)
		}

		run(t, at, fmt.Sprintf("select lo_put(%d, %d, 'x')", 80000+i, c.change))

		if len(content.Compare(before, describe(t, at))) != 1 {
			t.Errorf("%d bytes: a change at %d is not seen", c.size, c.change)
		}
	}
}

// Two pages in the other order are another object, and many objects are all seen.
func TestManyLargeObjects(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)
	run(t, at, `select lo_from_bytea(0, convert_to(n::text, 'UTF8')) from generate_series(1, 250) as n;
		select lo_from_bytea(4000000000, convert_to(repeat('a', 1048576) || repeat('b', 1048576), 'UTF8'))`)

	before := describe(t, at)
	if before.LargeObjects.Rows != 251 {
		t.Fatalf("%+v", before.LargeObjects)
	}

	run(t, at, `select lo_put(4000000000, 0, convert_to(repeat('b', 1048576) || repeat('a', 1048576), 'UTF8'))`)

	if len(content.Compare(before, describe(t, at))) != 1 {
		t.Error("pages in another order are not seen")
	}
}
