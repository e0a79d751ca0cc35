package fileremoval_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/filecatalogue"
	"steward/internal/filestest"
)

// lost lets the catalogue name contents that are not in the bucket, beside those that
// are, as after somebody deleted all below a prefix.
func lost(t *testing.T, b *filestest.Bench, count int) {
	t.Helper()

	b.Exec(t, `insert into file_contents (id, fileset, object, generation, bytes, sha256, claimed_by, first_at, newest_at)
		select id, 'uploads', 'uploads/contents/' || id, 1, 1, 'x', 'att', $2, $2
		from (select 'cnt_' || lpad(translate(n::text, '0189', 'abcd'), 26, 'm') as id from generate_series(1, $1::int) as n) as made`,
		count, filestest.Start())
}

// After a lost prefix one prune finds all of it, a few at a time, and tells each once.
func TestThousandsAreMissing(t *testing.T) {
	t.Parallel()

	const count = 4321

	b, _ := bench(t)
	lost(t, b, count)

	var told []int64

	b.Remover.Progress = func(phase string, done int64) {
		if phase == "missing" {
			told = append(told, done)
		}
	}

	if result := b.Prune(t); result.Missing != count || result.Kept != 1 {
		t.Errorf("%+v", result)
	}

	if len(told) < count/500 || told[len(told)-1] != count {
		t.Errorf("progress: %v", told)
	}

	for sql, want := range map[string]string{
		`select count(*)::text from file_missing`: "4321",
		`select (max(n) <= 500)::text from (select count(*) as n from file_missing group by xmin::text) as each`: "true",
		`select sum((body::jsonb ->> 'count')::int)::text from ledger.entries where kind = 'files.missing'`:      "4321",
		`select count(distinct o ->> 'name')::text from ledger.entries, jsonb_array_elements(body::jsonb -> 'objects') as o
			where kind = 'files.missing'`: "4321",
	} {
		if got := b.Strings(t, sql); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %s", sql, got, want)
		}
	}

	if result := b.Prune(t); result.Missing != 0 {
		t.Errorf("again: %+v", result)
	}
}

// cut fails every call from one on.
type cut struct{ left int }

func (f *cut) Next(context.Context, faults.Call) faults.Mode {
	f.left--
	if f.left < 0 {
		return faults.Before
	}

	return faults.Pass
}

// A prune that is cut off has recorded what it found so far, and the next one finds
// the rest, each once.
func TestThousandsAreMissingAndTheDatabaseGoes(t *testing.T) {
	t.Parallel()

	const count = 2100

	b, _ := bench(t)
	lost(t, b, count)

	if _, err := b.Remover.Prune(faults.With(t.Context(), &cut{left: 80}), b.Clock.Now()); !failure.Is(err, failure.Unavailable) {
		t.Fatal(err)
	}

	before := len(b.Strings(t, `select name from file_missing`))
	if before == 0 || before == count {
		t.Fatalf("%d were recorded", before)
	}

	if result := b.Prune(t); result.Missing != int64(count-before) {
		t.Errorf("%+v after %d", result, before)
	}

	if got := b.Strings(t, `select sum((body::jsonb ->> 'count')::int)::text from ledger.entries where kind = 'files.missing'`); got[0] != strconv.Itoa(count) {
		t.Error(got)
	}
}

// Observe mode counts them all and records none.
func TestThousandsAreMissingAndObserved(t *testing.T) {
	t.Parallel()

	b, _ := bench(t)
	b.Remover.Enforce = false
	lost(t, b, 2100)

	if result := b.Prune(t); result.Missing != 2100 || len(b.Strings(t, `select name from file_missing`)) != 0 || told(t, b) != "" {
		t.Errorf("%+v", result)
	}
}

// What the first attempt at a day lost says nothing of the day once it was taken anew:
// it can be read, and is the newest proven one that stays.
func TestADayTakenAnewCanBeRead(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a", "a")
	taken := b.Take(t)

	if err := b.Bucket.Remove(t.Context(), taken.ManifestObject); err != nil {
		t.Fatal(err)
	}

	if result := b.Prune(t); result.Missing != 1 {
		t.Fatalf("%+v", result)
	}

	if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, failure.ObjectNotFound) {
		t.Fatal(err)
	}

	again := b.Drilled(t)
	if again.ID != taken.ID || again.State != catalogue.Drilled {
		t.Fatalf("%+v", again)
	}

	if unreadable, err := filecatalogue.Unreadable(t.Context(), b.Steward); err != nil || len(unreadable) != 0 {
		t.Errorf("%v, %v", unreadable, err)
	}

	b.Clock.Advance(8 * day)

	if result := b.Prune(t); result.Exceptions != 1 || !strings.Contains(told(t, b), "files.excepted 2026-11-22 last_drilled") {
		t.Errorf("%+v, %s", result, told(t, b))
	}

	if err := b.Bucket.Remove(t.Context(), again.ManifestObject); err != nil {
		t.Fatal(err)
	}

	if result := b.Prune(t); result.Exceptions != 0 || result.Missing != 1 {
		t.Errorf("%+v", result)
	}
}
