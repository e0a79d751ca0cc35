package prune_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/prune"
)

// What a plan does has a line each, with its cause; what another cause would do is
// another hash.
func TestEffectsHaveTheirCauses(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name   string
		change func(*prune.Input)
		want   []string
	}{
		{"an exception begins", func(*prune.Input) {}, []string{"backup except old", "hold set app/old 5"}},
		{"another cause of its end", func(in *prune.Input) { in.Backups[0].Exception.Since, in.Rule.Databases = at(17, 2), nil }, []string{
			"backup delete old", "backup end old left_policy", "delete app/old 5",
		}},
		{"the ceiling", func(in *prune.Input) { in.Backups[0].Exception.Since, in.Rule.KeepLastDrilled = at(17, 2), false }, []string{
			"backup delete old", "backup end old honour_ceiling", "delete app/old 5",
		}},
		{"no exception begins", func(in *prune.Input) { in.Rule.Databases = nil }, []string{
			"backup delete old", "backup honour old left_policy", "delete app/old 5",
		}},
		{"missing", func(in *prune.Input) { in.AsOf, in.Listed = at(16, 2), nil }, []string{"missing app/old 5"}},
		{"absent", func(in *prune.Input) { in.Backups[0].Pruned, in.Listed = true, nil }, []string{"absent app/old"}},
		{"nothing", func(in *prune.Input) { in.AsOf = at(16, 2) }, nil},
	} {
		in := world(t, at(18, 2), of("old", "app", at(10, 2)))
		test.change(&in)

		plan := prune.Make(in)
		if diff := cmp.Diff(test.want, plan.Effects()); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}

		if hash, err := prune.Agreed(plan.Agreement()); err != nil || hash != plan.Hash() || hash == plan.Agreement() {
			t.Errorf("%s: %s, %v", test.name, hash, err)
		}
	}
}

// Only the form of now is an agreement to a plan of now.
func TestAnOlderHashIsRefused(t *testing.T) {
	t.Parallel()

	hash := strings.Repeat("0a", 32)

	for text, want := range map[string]error{
		"2-" + hash: nil, hash: prune.ErrOlderHash, "1-" + hash: prune.ErrNoHash, "2-" + hash[1:]: prune.ErrNoHash,
		"": prune.ErrNoHash, "2-": prune.ErrNoHash, strings.ToUpper(hash): prune.ErrNoHash, "2-" + hash + "\n": prune.ErrNoHash,
	} {
		got, err := prune.Agreed(text)
		if !errors.Is(err, want) || (err == nil) != (got == hash) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// A later try finds what an earlier one left: deleted and not recorded is absent,
// and where the newest of two went in part, the other is the newest now. Nothing
// else slips in.
func TestALaterTryIsWithin(t *testing.T) {
	t.Parallel()

	in := world(t, at(20, 2), of("old", "app", at(10, 2)), of("young", "app", at(11, 2)))
	in.Rule.KeepLastDrilled = false
	in.Announced = append(in.Announced, prune.Announced{Name: "app/stray", Backup: "old", Attempt: "older", Generation: 3})
	in.Listed = append(in.Listed, prune.Listed{Name: "app/stray", Generation: 3})

	agreed := prune.Make(in).Effects()

	in.Listed = slices.DeleteFunc(in.Listed, func(l prune.Listed) bool { return l.Name != "app/old" })

	later := prune.Make(in)
	if want := []string{"absent app/stray", "backup delete old", "backup delete young", "backup honour old honour_ceiling", "delete app/old 5"}; !slices.Equal(want, later.Effects()) {
		t.Errorf("%q", later.Effects())
	}

	if !later.Within(agreed) {
		t.Errorf("%q is not within %q", later.Effects(), agreed)
	}

	for _, missing := range []string{"delete app/stray 3", "backup delete old", "delete app/old 5", "backup delete young"} {
		if less := slices.DeleteFunc(slices.Clone(agreed), func(line string) bool { return line == missing }); later.Within(less) {
			t.Errorf("within, though nobody agreed to %s", missing)
		}
	}

	in.Announced = append(in.Announced, prune.Announced{Name: "app/str", Backup: "old", Attempt: "older"})
	if prune.Make(in).Within(agreed) {
		t.Error("what is absent beside what was deleted slipped in")
	}
}

// A clock that jumps ahead and back, while the bucket's own retention policy refused
// the deletions: what should have gone is kept as before, and an exception that began
// too early goes on rather than ends.
func TestAClockThatJumpedAheadAndBack(t *testing.T) {
	t.Parallel()

	in := world(t, at(16, 2), of("old", "app", at(10, 2)), of("young", "app", at(11, 2)))
	before := prune.Make(in)
	in.AsOf = at(16, 2).AddDate(1, 0, 0)

	ahead := prune.Make(in)
	if got := []prune.Action{ahead.Backups[0].Action, ahead.Objects[0].Action, ahead.Backups[1].Action, ahead.Objects[1].Action}; !slices.Equal(got, []prune.Action{prune.Delete, prune.Delete, prune.Except, prune.Except}) {
		t.Errorf("%v", got)
	}

	in.AsOf = at(16, 2)
	in.Backups[1].Exception.Since, in.Listed[1].Held = ahead.Backups[1].Due.AddDate(1, 0, 0), true

	back := prune.Make(in)
	if back.Backups[0].Action != before.Backups[0].Action || back.Backups[1].Action != prune.Except || back.Backups[1].Ends != "" || back.Count(prune.Delete) > 0 {
		t.Errorf("%+v", back)
	}
}
