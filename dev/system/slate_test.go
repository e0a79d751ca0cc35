package system_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"steward/dev/harness"
	"steward/internal/emulator/gcs"
)

// maxTries is how often a strike that met nobody is tried again, each time elsewhere and earlier.
const maxTries = 8

// item is one strike that a slice has to make: it counts when it has met somebody.
type item struct {
	strike strike
	cell   cell  // of the storage, for the strike that needs one
	acts   []act // that it may fall into
	act    act   // into which it falls now
	tries  int
}

// slate is what one slice of the storm strikes, in the order in which it begins: each
// kind of strike once, then the cells of the slice's tenth (in a soak all of them, else
// as many as there is room for), then, up to the number of runs, kinds and cells by turns,
// drawn with replacement.
func slate(dice *rand.Rand, part, runs int, kinds []strike, soak bool) []item {
	var items []item
	add := func(kind strike, one cell) {
		acts := kind.acts
		if kind.name == storageFault {
			acts = actsOf(one.operation)
		}
		items = append(items, item{strike: kind, cell: one, acts: acts, act: acts[dice.IntN(len(acts))]})
	}
	storage := kinds[slices.IndexFunc(kinds, func(one strike) bool { return one.name == storageFault })]
	others := slices.DeleteFunc(slices.Clone(kinds), func(one strike) bool { return one.name == storageFault })
	for _, kind := range others {
		add(kind, cell{})
	}
	tenth := cells(part)
	dice.Shuffle(len(tenth), func(i, j int) { tenth[i], tenth[j] = tenth[j], tenth[i] })
	for _, one := range tenth {
		if soak || len(items) < runs {
			add(storage, one)
		}
	}
	for len(items) < runs {
		if len(items)%2 == 0 {
			add(others[dice.IntN(len(others))], cell{})
			continue
		}
		all := cells(dice.IntN(slicesOfPoints))
		add(storage, all[dice.IntN(len(all))])
	}
	dice.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items
}

// TestASlateHasEveryKind shows what is certain by construction: each kind of strike in
// 20 runs and in 50, and all cells in the ten slices of a soak.
func TestASlateHasEveryKind(t *testing.T) {
	t.Parallel()
	kinds := strikes(true)
	met := map[cell]bool{}
	for part := range slicesOfPoints {
		for _, size := range []struct {
			runs int
			soak bool
		}{{stormRuns, false}, {sliceRuns, true}} {
			items := slate(rand.New(rand.NewPCG(uint64(part), 1)), part, size.runs, kinds, size.soak)
			if len(items) != size.runs {
				t.Errorf("slice %d has %d runs, want %d", part, len(items), size.runs)
			}
			if missing := unstruck(kinds, items); len(missing) > 0 {
				t.Errorf("slice %d of %d runs lacks %v", part, size.runs, missing)
			}
			for _, one := range items {
				if size.soak {
					met[one.cell] = true
				}
				if one.strike.name == storageFault && !slices.Contains(actsOf(one.cell.operation), one.act) {
					t.Errorf("%v is no matter of the act %q", one.cell, one.act)
				}
			}
		}
	}
	delete(met, cell{})
	for _, operation := range gcs.Operations() {
		for _, mode := range gcs.Modes() {
			if len(actsOf(operation)) > 0 && !met[cell{operation, mode}] {
				t.Errorf("no slice strikes %s %s", operation, mode)
			}
		}
	}
}

// unstruck gives the kinds that none of the items is of.
func unstruck(kinds []strike, items []item) (missing []string) {
	for _, kind := range kinds {
		if !slices.ContainsFunc(items, func(one item) bool { return one.strike.name == kind.name }) {
			missing = append(missing, kind.name)
		}
	}
	return missing
}

// TestAStrikeThatMetNobodyDoesNotCount shows that the storm can fail: what was begun and
// met nobody is no strike, is tried again, and in the end is missed.
func TestAStrikeThatMetNobodyDoesNotCount(t *testing.T) {
	t.Parallel()
	kinds := strikes(false)
	s := newStorm(7, kinds, slate(rand.New(rand.NewPCG(7, 1)), 7, stormRuns, kinds, false))
	others := len(slices.DeleteFunc(slices.Clone(s.slate), func(one item) bool { return one.strike.name == "SIGKILL of pg_dump" }))
	deaf := len(s.slate) - others
	for len(s.slate) > 0 {
		todo, _ := s.take(func(item) bool { return true })
		one := &gust{item: todo}
		if todo.strike.name != "SIGKILL of pg_dump" {
			one.phase = "dump"
		}
		s.count(one)
	}
	if problems := s.missing(); !slices.Equal(problems, []string{"SIGKILL of pg_dump"}) {
		t.Errorf("missed: %q", problems)
	}
	if s.nobody["SIGKILL of pg_dump"] != deaf*maxTries || s.struck["SIGKILL of pg_dump"] != 0 || s.hits() != others {
		t.Errorf("met nobody %v, struck %v, in all %d of %d", s.nobody, s.struck, s.hits(), others)
	}
}

// TestAStrikeOfNobodySaysSo lets strikes look for a process that is not there.
func TestAStrikeOfNobodySaysSo(t *testing.T) {
	t.Parallel()
	nobody := &harness.Worker{}
	if err := killChild(t.Context(), nobody, "pg_dump"); !errors.Is(err, errNobody) {
		t.Errorf("a child of nobody: %v", err)
	}
	if err := orNobody(nobody.Kill()); !errors.Is(err, errNobody) {
		t.Errorf("a worker that is being started: %v", err)
	}
}
