package elsewhere

import (
	"slices"
	"testing"

	"steward/internal/policy"
)

// Every server that there may be, under every policy: each copy that is there is declared by a kind that it may be, or is left.
func TestWithout(t *testing.T) {
	t.Parallel()

	follows := []policy.CopyKind{policy.CopyReplica, policy.CopyPITR, policy.CopyOther}
	may := map[string][]policy.CopyKind{
		"a standby": follows, "a physical replication slot": follows,
		"a logical replication slot": {policy.CopyReplica, policy.CopyWarehouse, policy.CopyOther},
		"archived WAL":               {policy.CopyPITR, policy.CopyOther},
	}
	kinds := []policy.CopyKind{policy.CopyReplica, policy.CopyPITR, policy.CopyWarehouse, policy.CopyOther}

	for bits := range 1 << 4 {
		seen := copies{streams: int64(bits & 1), physical: int64(bits & 2), logical: int64(bits & 4), archived: bits&8 != 0}
		there := map[string]bool{
			"a standby": bits&1 != 0, "a physical replication slot": bits&2 != 0, "a logical replication slot": bits&4 != 0, "archived WAL": bits&8 != 0,
		}

		for chosen := range 1 << 4 {
			var declared []policy.CopyKind

			for n, kind := range kinds {
				if chosen&(1<<n) != 0 {
					declared = append(declared, kind)
				}
			}

			left := seen.without(declared)

			for what, allowed := range may {
				known := slices.ContainsFunc(allowed, func(kind policy.CopyKind) bool { return slices.Contains(declared, kind) })
				if want := there[what] && !known; slices.Contains(left, what) != want {
					t.Errorf("%+v under %v: left %q, and of %s it should be %t", seen, declared, left, what, want)
				}
			}
		}
	}
}
