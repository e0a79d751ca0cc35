package route

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/liveschema"
)

// Whatever the keys are: each table is in one component; two are in the same if and only if keys lead from each to
// the other; no key leads from a later component to an earlier one's child; and equals keep their order.
func TestComponents(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		names := make([]liveschema.Name, rapid.IntRange(0, 9).Draw(t, "tables"))
		for i := range names {
			names[i] = liveschema.Name{Schema: "s", Table: string(rune('a' + i))}
		}

		var keys []Key

		for range rapid.IntRange(0, 14).Draw(t, "keys") {
			if len(names) > 0 {
				keys = append(keys, Key{From: rapid.SampledFrom(names).Draw(t, "from"), To: rapid.SampledFrom(names).Draw(t, "to")})
			}
		}

		check(t, names, keys, components(names, keys))
	})
}

func check(t *rapid.T, names []liveschema.Name, keys []Key, got [][]liveschema.Name) {
	t.Helper()

	place := map[liveschema.Name]int{}

	for at, group := range got {
		for _, name := range group {
			place[name] = at
		}

		if !slices.IsSortedFunc(group, liveschema.Name.Compare) {
			t.Errorf("%v lost its order", group)
		}
	}

	if len(place) != len(names) || len(slices.Concat(got...)) != len(names) {
		t.Fatalf("%v of %v", got, names)
	}

	leads := map[[2]liveschema.Name]bool{}
	for _, key := range keys {
		leads[[2]liveschema.Name{key.From, key.To}] = true
	}

	for _, via := range names {
		for _, from := range names {
			for _, to := range names {
				leads[[2]liveschema.Name{from, to}] = leads[[2]liveschema.Name{from, to}] ||
					leads[[2]liveschema.Name{from, via}] && leads[[2]liveschema.Name{via, to}]
			}
		}
	}

	for _, a := range names {
		for _, b := range names {
			there, back := leads[[2]liveschema.Name{a, b}], leads[[2]liveschema.Name{b, a}]

			if a != b && (there && back) != (place[a] == place[b]) {
				t.Errorf("%v and %v: %v", a, b, got)
			}

			if there && place[a] > place[b] {
				t.Errorf("%v leads to %v and comes later: %v", a, b, got)
			}
		}
	}

	if want := firstFree(got, leads); !slices.EqualFunc(want, got, slices.Equal) {
		t.Errorf("%v instead of %v", got, want)
	}
}

// firstFree works the order out again, slowly: always the first component, by its first table, to which none that is left leads.
func firstFree(groups [][]liveschema.Name, leads map[[2]liveschema.Name]bool) (order [][]liveschema.Name) {
	left := slices.SortedFunc(slices.Values(groups), func(a, b []liveschema.Name) int { return a[0].Compare(b[0]) })

	for len(left) > 0 {
		at := slices.IndexFunc(left, func(group []liveschema.Name) bool {
			return !slices.ContainsFunc(left, func(other []liveschema.Name) bool {
				return other[0] != group[0] && leads[[2]liveschema.Name{other[0], group[0]}]
			})
		})
		order = append(order, left[at])
		left = slices.Delete(left, at, at+1)
	}

	return order
}
