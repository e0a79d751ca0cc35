package erasure_test

import (
	"slices"
	"testing"
	"time"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// A database that fails does not keep the night from those behind it, and is the only one that another try looks through;
// until then it is known that nobody has looked there.
func TestADatabaseThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)
	b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})
	b.clock.now = b.clock.now.Add(30 * time.Hour)

	away, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	must(t, err)
	t.Cleanup(away.Close)

	night, tables := b.night(), []string{}
	second := night.Places[0]
	second.DB, second.Decided.Name = away, "away"
	night.Places = append(night.Places[:0:0], second, night.Places[0])

	run := func() error {
		_, err := night.Run(t.Context(), "one night", func(table string, _ int64) { tables = append(tables, table) })

		return err
	}

	if err := run(); !failure.Is(err, failure.Unavailable) || !slices.Contains(tables, "residue app public.notes") {
		t.Errorf("%v, looked through %v", err, tables)
	}

	found, err := erasure.ResidueAt(t.Context(), b.judge.Steward, night.Databases(), b.clock.now)
	if age := b.clock.now.Sub(found.Since).Round(time.Hour); err != nil || age != 30*time.Hour {
		t.Errorf("%s, %v", age, err)
	}

	tables, night.Places[0].DB = nil, b.small.db
	must(t, run())

	if len(tables) == 0 || slices.Contains(tables, "residue app public.notes") {
		t.Errorf("looked through %v", tables)
	}

	found, err = erasure.ResidueAt(t.Context(), b.judge.Steward, night.Databases(), b.clock.now)
	if err != nil || !found.Since.Equal(b.clock.now) {
		t.Errorf("%+v, %v", found, err)
	}
}

// A case that does not open keeps nobody from being looked for, and is not called looked for itself.
func TestACaseThatDoesNotOpenStopsNoOther(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)

	lost := b.person(t, erasure.Identities{datamap.Email: {"bob@example.com"}})
	b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})
	b.clock.now = b.clock.now.Add(30 * time.Hour)

	_, err := b.root.Exec(t.Context(), `delete from case_keys where case_id = $1`, lost)
	must(t, err)

	looked, err := b.night().Run(t.Context(), ids.New("ngt"), func(string, int64) {})
	must(t, err)

	if got := looked[0]; got.Unopened != 1 || got.Erasures != 1 || got.Left != 1 {
		t.Errorf("%+v", got)
	}

	found, err := erasure.ResidueAt(t.Context(), b.judge.Steward, []string{"app"}, b.clock.now)
	if age := b.clock.now.Sub(found.Since).Round(time.Hour); err != nil || found.Unopened != 1 || age != 30*time.Hour {
		t.Errorf("%s, %+v, %v", age, found, err)
	}
}
