package prune_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/mutanttest"
	"steward/internal/prune"
)

// quickHistories is how many are drawn by go test, soakHistories with STEWARD_SOAK=1.
const (
	quickHistories = 20_000
	soakHistories  = 1_000_000
)

// TestProperties draws histories and compares each decision with the oracle, and
// each plan with what must hold whatever the decision.
func TestProperties(t *testing.T) {
	t.Parallel()

	count, first := uint64(quickHistories), uint64(rand.Uint32())
	if os.Getenv("STEWARD_SOAK") == "1" {
		count = soakHistories
	}

	if given := os.Getenv("STEWARD_SEED"); given != "" {
		seed, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal(err)
		}

		first, count = seed, 1
	}

	if mutanttest.Mutant() {
		first = 0 // the same histories for each
	}

	rule := sevenDays(t, true)
	seen := map[prune.Action]int{}

	for seed := first; seed < first+count; seed++ {
		drawn := history{rand.New(rand.NewPCG(seed, 1)), []calendar.Duration{keep(t, "7d"), keep(t, "7d"), keep(t, "5d")}}
		in := drawn.input(rule)
		plan := prune.Make(in)

		for _, decision := range plan.Objects {
			seen[decision.Action]++
		}

		for name, problem := range map[string]string{
			"oracle": againstOracle(in, plan), "promise": againstPromise(in, plan), "again": again(in, plan), "order": reordered(drawn, in, plan),
			"hash": hashed(in, plan), "policy": thereAndBack(in, plan, keep(t, "5d")),
		} {
			if problem != "" {
				t.Fatalf("STEWARD_SEED=%d, %s: %s\n%+v", seed, name, problem, in)
			}
		}
	}

	t.Logf("histories=%d first=%d decisions=%v", count, first, seen)

	for _, action := range []prune.Action{prune.Delete, prune.Keep, prune.Except, prune.Release, prune.Wait, prune.Foreign, prune.Missing} {
		if seen[action] == 0 && count > 1 {
			t.Errorf("no history led to %s", action)
		}
	}
}

// againstOracle compares every decision with the one that the words ask for.
func againstOracle(in prune.Input, plan prune.Plan) string {
	o, listed := oracle{in}, map[string]prune.Listed{}
	for _, one := range in.Listed {
		listed[one.Name+strconv.FormatInt(one.Generation, 10)] = one
	}

	var missing, absent []string

	for _, decision := range plan.Objects {
		if decision.Action == prune.Missing {
			missing = append(missing, decision.Name)

			continue
		}

		one := listed[decision.Name+strconv.FormatInt(decision.Generation, 10)]
		got := expected{Action: decision.Action, Hold: decision.Hold, Late: decision.Late, Until: decision.Until}

		if diff := cmp.Diff(o.ofGeneration(one), got); diff != "" {
			return decision.Name + diff
		}

		if outside := strings.Contains(decision.Reason, "not Steward's"); decision.Action == prune.Foreign && outside != o.elsewhere(decision.Name) {
			return decision.Name + " " + decision.Reason
		}
	}

	for _, one := range plan.Absent {
		absent = append(absent, one.Name)
	}

	slices.Sort(missing)

	return cmp.Diff(o.missing(), missing) + cmp.Diff(o.absent(), absent)
}

// againstPromise holds the plan to the sentences that never bend.
func againstPromise(in prune.Input, plan prune.Plan) string {
	o, kept, had := oracle{in}, map[string]bool{}, map[string]bool{}

	if len(plan.Objects) != len(in.Listed)+plan.Count(prune.Missing) {
		return "a generation has no decision, or two"
	}

	verdicts := map[string]prune.Verdict{}
	for _, verdict := range plan.Backups {
		verdicts[verdict.Backup] = verdict
	}

	for _, backup := range in.Backups {
		verdict, decided := verdicts[backup.ID]
		if decided == backup.Pruned {
			return "a verdict on a pruned backup, or none on another"
		}

		if !decided {
			continue
		}

		if verdict.Action != o.ofBackup(backup) || verdict.Ends != o.ends(backup) || verdict.Honours != o.honours(backup) || verdict.Last != (o.proven(backup) && !o.younger(backup)) {
			return "the verdict on " + backup.ID
		}

		if verdict.Action == prune.Delete && in.AsOf.Sub(o.due(backup).Add(-o.keep())) < o.keep() {
			return "below the floor: " + backup.ID
		}

		had[backup.Database] = had[backup.Database] || o.proven(backup) && o.names(backup)
		kept[backup.Database] = kept[backup.Database] || o.proven(backup) && verdict.Action != prune.Delete
	}

	for database := range had {
		if in.Rule.KeepLastDrilled && had[database] && !kept[database] {
			return "no proven backup is left of " + database
		}
	}

	return ""
}

// again carries the plan out and plans anew: nothing is left to delete, to hold
// or to release, and an hour later nothing comes back.
func again(in prune.Input, plan prune.Plan) string {
	next := in
	next.Listed = slices.Clone(in.Listed)
	next.Listed = slices.DeleteFunc(next.Listed, func(l prune.Listed) bool {
		return slices.ContainsFunc(plan.Objects, func(d prune.Decision) bool {
			return d.Action == prune.Delete && d.Name == l.Name && d.Generation == l.Generation
		})
	})

	for i := range next.Listed {
		for _, decision := range plan.Objects {
			if decision.Hold != "" && decision.Name == next.Listed[i].Name && decision.Generation == next.Listed[i].Generation {
				next.Listed[i].Held = decision.Hold == prune.SetHold
			}
		}
	}

	for _, decision := range prune.Make(next).Objects {
		if decision.Action == prune.Delete || decision.Action == prune.Release || decision.Hold != "" {
			return "carried out and planned again, there is more to do: " + decision.Name
		}
	}

	return earlier(in, plan)
}

// earlier plans with a clock that jumped back: nothing goes that would not go now.
func earlier(in prune.Input, plan prune.Plan) string {
	in.AsOf = in.AsOf.Add(-36 * time.Hour)

	for _, decision := range prune.Make(in).Objects {
		if decision.Action == prune.Delete && !slices.ContainsFunc(plan.Objects, func(d prune.Decision) bool {
			return d.Action == prune.Delete && d.Name == decision.Name && d.Generation == decision.Generation
		}) {
			return "goes only with a clock that is behind: " + decision.Name
		}
	}

	return ""
}

// reordered plans from the same rows in another order.
func reordered(h history, in prune.Input, plan prune.Plan) string {
	for _, shuffle := range []func(){
		func() {
			h.Shuffle(len(in.Listed), func(i, j int) { in.Listed[i], in.Listed[j] = in.Listed[j], in.Listed[i] })
		},
		func() {
			h.Shuffle(len(in.Announced), func(i, j int) { in.Announced[i], in.Announced[j] = in.Announced[j], in.Announced[i] })
		},
		func() { slices.Reverse(in.Backups) },
	} {
		shuffle()

		other := prune.Make(in)
		if other.Hash() != plan.Hash() || len(other.Absent) != len(plan.Absent) {
			return "the order of the input changed the plan"
		}

		for i := range other.Objects {
			if other.Objects[i] != plan.Objects[i] {
				return "the order of the input changed " + other.Objects[i].Name
			}
		}
	}

	return ""
}

// hashed: a plan has the same hash a moment later exactly if it does the same.
func hashed(in prune.Input, plan prune.Plan) string {
	in.AsOf = in.AsOf.Add(time.Minute)

	later := prune.Make(in)
	if same := slices.Equal(later.Effects(), plan.Effects()); same != (later.Hash() == plan.Hash()) {
		return "hash and effects do not agree"
	}

	changed := in
	changed.Rule.KeepLastDrilled = !in.Rule.KeepLastDrilled

	if other := prune.Make(changed); other.Hash() == later.Hash() {
		return "another rule has the same hash"
	}

	changed = in
	changed.Rule.Databases = append(slices.Clone(in.Rule.Databases), "one_more")

	if other := prune.Make(changed); other.Hash() == later.Hash() {
		return "another policy has the same hash"
	}

	changed = in
	changed.Rule.Left = !in.Rule.Left

	if other := prune.Make(changed); other.Hash() == later.Hash() {
		return "a location that left has the same hash"
	}

	return ""
}

// thereAndBack carries out what a shorter time lets go, and then plans by the rule
// of before: what went does not come back, what is left goes exactly when it would
// have gone, and nothing that the longer time let go was kept by the shorter.
func thereAndBack(in prune.Input, plan prune.Plan, shorter calendar.Duration) string {
	short := in
	short.Rule.Keep = shorter
	meanwhile := prune.Make(short)

	for i, verdict := range plan.Backups {
		if verdict.Action == prune.Delete && meanwhile.Backups[i].Action != prune.Delete {
			return "a shorter time keeps " + verdict.Backup
		}
	}

	gone := map[string]bool{}
	for _, decision := range meanwhile.Objects {
		gone[decision.Name+" "+strconv.FormatInt(decision.Generation, 10)] = decision.Action == prune.Delete
	}

	back := in
	back.Listed = slices.DeleteFunc(slices.Clone(in.Listed), func(l prune.Listed) bool {
		return gone[l.Name+" "+strconv.FormatInt(l.Generation, 10)]
	})
	after := prune.Make(back)

	for i, verdict := range after.Backups {
		if before := plan.Backups[i]; !verdict.Due.Equal(before.Due) || verdict.Action == prune.Delete && before.Action == prune.Keep {
			return "goes earlier than before the policy changed: " + verdict.Backup
		}
	}

	for _, decision := range after.Objects {
		if decision.Action != prune.Missing && gone[decision.Name+" "+strconv.FormatInt(decision.Generation, 10)] {
			return "came back: " + decision.Name
		}
	}

	return ""
}
