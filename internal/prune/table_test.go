package prune_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"steward/internal/prune"
)

// whole is a drilled backup with one object of generation 5.
func whole(id, database string, snapshot time.Time) (prune.Backup, prune.Announced, prune.Listed) {
	name := database + "/" + id

	return prune.Backup{ID: id, Database: database, Attempt: "att", OpenedAt: snapshot, SnapshotAt: snapshot, Whole: true, Drilled: true},
		prune.Announced{Name: name, Backup: id, Attempt: "att", Generation: 5},
		prune.Listed{Name: name, Generation: 5}
}

// world is an input that a test changes.
func world(t *testing.T, asOf time.Time, backups ...func() (prune.Backup, prune.Announced, prune.Listed)) prune.Input {
	t.Helper()

	in := prune.Input{Rule: sevenDays(t, true), AsOf: asOf}

	for _, each := range backups {
		backup, announced, listed := each()
		in.Backups = append(in.Backups, backup)
		in.Announced = append(in.Announced, announced)
		in.Listed = append(in.Listed, listed)
	}

	return in
}

func of(id, database string, snapshot time.Time) func() (prune.Backup, prune.Announced, prune.Listed) {
	return func() (prune.Backup, prune.Announced, prune.Listed) { return whole(id, database, snapshot) }
}

func TestVerdicts(t *testing.T) {
	t.Parallel()

	const week7 = "its 7 days were over at 2026-11-17 02:00 UTC"

	const excepted = "was due at 2026-11-17 02:00 UTC, but it is the newest proven backup of app: kept as an exception until there is a younger one"

	old, young := of("old", "app", at(10, 2)), of("young", "app", at(16, 2))

	for _, test := range []struct {
		name   string
		asOf   time.Time
		others []func() (prune.Backup, prune.Announced, prune.Listed)
		change func(*prune.Input)
		want   prune.Verdict
	}{
		{"an instant before", at(17, 2).Add(-1), []func() (prune.Backup, prune.Announced, prune.Listed){young}, nil, prune.Verdict{Action: prune.Keep, Reason: "stored for 7 days from its snapshot, until 2026-11-17 02:00 UTC"}},
		{"the instant", at(17, 2), []func() (prune.Backup, prune.Announced, prune.Listed){young}, nil, prune.Verdict{Action: prune.Delete, Reason: week7}},
		{"alone", at(17, 2), nil, nil, prune.Verdict{Action: prune.Except, Last: true, Reason: excepted}},
		{"alone, ceiling honoured", at(17, 2), nil, func(in *prune.Input) { in.Rule.KeepLastDrilled = false }, prune.Verdict{Action: prune.Delete, Last: true, Honours: prune.HonourCeiling, Reason: week7 + "; the policy honours the ceiling though it is the newest proven one"}},
		{"alone, never drilled", at(18, 2), nil, func(in *prune.Input) { in.Backups[0].Drilled = false }, prune.Verdict{Action: prune.Delete, Late: true, Reason: week7}},
		{"a younger one of another database", at(17, 2), []func() (prune.Backup, prune.Announced, prune.Listed){of("x", "steward", at(16, 2))}, nil, prune.Verdict{Action: prune.Except, Last: true, Reason: excepted}},
		{"a younger one that is not drilled", at(17, 2), []func() (prune.Backup, prune.Announced, prune.Listed){young}, func(in *prune.Input) { in.Backups[1].Drilled = false }, prune.Verdict{Action: prune.Except, Last: true, Reason: excepted}},
		{"a younger one that lost an object", at(17, 2), []func() (prune.Backup, prune.Announced, prune.Listed){young}, func(in *prune.Input) { in.Listed = in.Listed[:1] }, prune.Verdict{Action: prune.Except, Last: true, Reason: excepted}},
		{"a younger one of the same instant", at(17, 2), []func() (prune.Backup, prune.Announced, prune.Listed){of("older", "app", at(10, 2))}, nil, prune.Verdict{Action: prune.Delete, Reason: week7}},
		{"nothing stored yet", at(17, 2).Add(-1), nil, func(in *prune.Input) { in.Backups[0].Whole = false }, prune.Verdict{Action: prune.Keep, Last: true, Reason: "nothing whole is stored yet; what was left goes at 2026-11-17 02:00 UTC"}},
		{"nothing ever stored", at(17, 2), nil, func(in *prune.Input) {
			in.Backups[0] = prune.Backup{ID: "old", Database: "app", Attempt: "att", OpenedAt: at(10, 2)}
		}, prune.Verdict{Action: prune.Delete, Reason: "nothing whole was ever stored; what was left was due at 2026-11-17 02:00 UTC"}},
		{"an exception when the clock jumped back", at(16, 2), nil, func(in *prune.Input) { in.Backups[0].Exception.Since = at(17, 2) }, prune.Verdict{Action: prune.Except, Last: true, Reason: "stays an exception as the newest proven backup of app, though its time ends only at 2026-11-17 02:00 UTC"}},
		{"an exception with a younger one", at(18, 2), []func() (prune.Backup, prune.Announced, prune.Listed){young}, func(in *prune.Input) { in.Backups[0].Exception.Since = at(17, 2) }, prune.Verdict{Action: prune.Delete, Ends: prune.YoungerDrilled, Reason: week7}},
		{"an exception that lost an object", at(18, 2), nil, func(in *prune.Input) { in.Backups[0].Exception.Since, in.Listed = at(17, 2), nil }, prune.Verdict{Action: prune.Delete, Ends: prune.ObjectsMissing, Reason: week7}},
		{"alone, its database left the policy", at(17, 2), nil, func(in *prune.Input) { in.Rule.Databases = []string{"steward"} }, prune.Verdict{Action: prune.Delete, Last: true, Honours: prune.LeftPolicy, Reason: week7 + "; the policy names app no longer, so it goes though it is the newest proven one"}},
		{"an instant before, its database left the policy", at(17, 2).Add(-1), nil, func(in *prune.Input) { in.Rule.Databases = nil }, prune.Verdict{Action: prune.Keep, Last: true, Reason: "stored for 7 days from its snapshot, until 2026-11-17 02:00 UTC"}},
		{"an exception whose database left the policy", at(18, 2), nil, func(in *prune.Input) {
			in.Backups[0].Exception.Since, in.Rule.Databases = at(17, 2), []string{"steward"}
		}, prune.Verdict{Action: prune.Delete, Last: true, Ends: prune.LeftPolicy, Reason: week7 + "; the policy names app no longer, so it goes though it is the newest proven one"}},
		{"alone, its location left the policy", at(17, 2), nil, func(in *prune.Input) { in.Rule.Left = true }, prune.Verdict{Action: prune.Delete, Last: true, Honours: prune.LocationLeft, Reason: week7 + "; the policy names its location no longer, so it goes though it is the newest proven one"}},
		{"an exception whose location left the policy, as its database did", at(18, 2), nil, func(in *prune.Input) {
			in.Backups[0].Exception.Since, in.Rule.Databases, in.Rule.Left = at(17, 2), nil, true
		}, prune.Verdict{Action: prune.Delete, Last: true, Ends: prune.LocationLeft, Reason: week7 + "; the policy names its location no longer, so it goes though it is the newest proven one"}},
		{"a location that left a policy which honours the ceiling", at(17, 2), nil, func(in *prune.Input) { in.Rule.Left, in.Rule.KeepLastDrilled = true, false }, prune.Verdict{Action: prune.Delete, Last: true, Honours: prune.HonourCeiling, Reason: week7 + "; the policy honours the ceiling though it is the newest proven one"}},
		{"an exception whose database left a policy that honours the ceiling", at(18, 2), nil, func(in *prune.Input) {
			in.Backups[0].Exception.Since, in.Rule.Databases, in.Rule.KeepLastDrilled = at(17, 2), nil, false
		}, prune.Verdict{Action: prune.Delete, Last: true, Ends: prune.HonourCeiling, Reason: week7 + "; the policy honours the ceiling though it is the newest proven one"}},
		{"an exception under another policy", at(18, 2), nil, func(in *prune.Input) { in.Backups[0].Exception.Since, in.Rule.KeepLastDrilled = at(17, 2), false }, prune.Verdict{Action: prune.Delete, Last: true, Ends: prune.HonourCeiling, Reason: week7 + "; the policy honours the ceiling though it is the newest proven one"}},
	} {
		in := world(t, test.asOf, append([]func() (prune.Backup, prune.Announced, prune.Listed){old}, test.others...)...)
		if test.change != nil {
			test.change(&in)
		}

		test.want.Backup, test.want.Database, test.want.Due = "old", "app", at(17, 2)

		if diff := cmp.Diff(test.want, prune.Make(in).Backups[0]); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// What people read about one object, in each of its fates.
func TestReasons(t *testing.T) {
	t.Parallel()

	const replaced = "was left by an attempt that another one replaced"

	for _, test := range []struct {
		name   string
		change func(*prune.Input)
		want   prune.Decision
	}{
		{"soft-deleted", func(in *prune.Input) { in.Listed[0].SoftDeleted, in.Listed[0].HardDelete = true, at(25, 0) }, prune.Decision{Action: prune.Wait, SoftDeleted: true, Due: at(17, 2), Until: at(25, 0), Late: true, Reason: "its 7 days were over at 2026-11-17 02:00 UTC; it is soft-deleted and cannot go before 2026-11-25 00:00 UTC"}},
		{"retained", func(in *prune.Input) { in.Listed[0].RetainUntil = at(20, 0) }, prune.Decision{Action: prune.Wait, Due: at(17, 2), Until: at(20, 0), Late: true, Reason: "its 7 days were over at 2026-11-17 02:00 UTC; the bucket's retention policy keeps it until 2026-11-20 00:00 UTC"}},
		{"nothing in the way", func(*prune.Input) {}, prune.Decision{Action: prune.Delete, Due: at(17, 2), Late: true, Reason: "its 7 days were over at 2026-11-17 02:00 UTC"}},
		{"somebody's hold on one that stays", func(in *prune.Input) { in.Listed[0].Held, in.AsOf = true, at(17, 1) }, prune.Decision{Action: prune.Keep, Due: at(17, 2), Reason: "stored for 7 days from its snapshot, until 2026-11-17 02:00 UTC"}},
		{"somebody's hold", func(in *prune.Input) { in.Listed[0].Held = true }, prune.Decision{Action: prune.Delete, Due: at(17, 2), Late: true, Reason: "its 7 days were over at 2026-11-17 02:00 UTC; somebody set a hold on it"}},
		{"our hold", func(in *prune.Input) {
			in.Listed[0].Held, in.Backups[0].Exception = true, prune.Exception{Since: at(17, 2), EndedAt: at(18, 1)}
		}, prune.Decision{Action: prune.Delete, Hold: prune.ReleaseHold, Due: at(17, 2), Reason: "its 7 days were over at 2026-11-17 02:00 UTC"}},
		{"orphan of a drilled day", func(in *prune.Input) { in.Announced[0].Attempt, in.Backups[0].OpenedAt = "older", at(15, 0) }, prune.Decision{Action: prune.Delete, Stray: true, Due: at(22, 0), Reason: replaced}},
		{"orphan of an open day", func(in *prune.Input) {
			in.Announced[0].Attempt, in.Backups[0].OpenedAt, in.Backups[0].Drilled = "older", at(15, 0), false
		}, prune.Decision{Action: prune.Keep, Stray: true, Due: at(22, 0), Reason: replaced + "; goes when the day's backup is drilled, at the latest at 2026-11-22 00:00 UTC"}},
		{"orphan of a day that never came", func(in *prune.Input) { in.Announced[0].Attempt, in.Backups[0].Drilled = "older", false }, prune.Decision{Action: prune.Delete, Stray: true, Late: true, Due: at(17, 2), Reason: replaced + ", and was due at 2026-11-17 02:00 UTC"}},
		{"late", func(in *prune.Input) { in.Announced[0].Attempt, in.Announced[0].Gone = "older", true }, prune.Decision{Action: prune.Delete, Stray: true, Late: true, Due: at(17, 2), Reason: "appeared after it was proven gone, as a cut upload can"}},
		{"of a pruned backup", func(in *prune.Input) { in.Backups[0].Pruned = true }, prune.Decision{Action: prune.Delete, Stray: true, Late: true, Due: at(17, 2), Reason: "belongs to a backup that is recorded as gone"}},
		{"nobody's", func(in *prune.Input) { in.Announced[0].Name = "app/other" }, prune.Decision{Action: prune.Foreign, Reason: "lies where backups lie, but nobody announced it; never touched"}},
	} {
		in := world(t, at(18, 2), of("old", "app", at(10, 2)), of("young", "app", at(16, 2)))
		test.change(&in)

		got := prune.Make(in).Objects[0]
		ignored := cmpopts.IgnoreFields(prune.Decision{}, "Name", "Generation", "Backup")

		if diff := cmp.Diff(test.want, got, ignored); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// A policy that went from seven days to five and back: the rule in force counts,
// from the snapshot on.
func TestTheRuleInForceCounts(t *testing.T) {
	t.Parallel()

	in := world(t, at(16, 2), of("old", "app", at(10, 2)), of("young", "app", at(16, 1)))

	for _, step := range []struct {
		keep string
		want prune.Action
	}{{"7d", prune.Keep}, {"5d", prune.Delete}, {"7d", prune.Keep}} {
		in.Rule.Keep = keep(t, step.keep)
		if got := prune.Make(in).Backups[0]; got.Action != step.want {
			t.Errorf("with %s: %+v", step.keep, got)
		}
	}

	// The hour of five days took one of two objects: what is left is no backup.
	in.Announced = append(in.Announced, prune.Announced{Name: "app/old2", Backup: "old", Attempt: "att", Generation: 6})
	if plan := prune.Make(in); plan.Count(prune.Missing) != 1 {
		t.Errorf("%+v", plan.Objects)
	}
}

func TestMonthsAreCountedInTheCompanysZone(t *testing.T) {
	t.Parallel()

	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}

	snapshot := time.Date(2026, 10, 15, 12, 0, 0, 0, time.UTC) // summer time there
	in := world(t, snapshot, of("a", "app", snapshot))
	in.Rule.Keep, in.Rule.Zone = keep(t, "1mo"), paris

	if got, want := prune.Make(in).Backups[0].Due, time.Date(2026, 11, 15, 13, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("due %v, want %v", got, want)
	}
}

// What belongs to one backup, and how many there are of a kind.
func TestOfAndCount(t *testing.T) {
	t.Parallel()

	plan := prune.Make(world(t, at(17, 2), of("old", "app", at(10, 2)), of("young", "app", at(16, 2))))

	if got := plan.Of("old"); len(got) != 1 || got[0].Name != "app/old" || plan.Count(prune.Delete) != 1 || plan.Count(prune.Keep) != 1 {
		t.Errorf("%+v", plan)
	}

	want := []string{"backup delete old", "delete app/old 5"}
	if diff := cmp.Diff(want, plan.Effects()); diff != "" {
		t.Error(diff)
	}

	if !plan.Within(want) || plan.Within(want[:1]) {
		t.Error("a plan is within all of its effects, and not within one of two")
	}

	const hash = "086ecebb4673adb355d50685f4f17b5e9e6a3f0c22aed70be2abe8c4dfdf2cd5"
	if got := plan.Hash(); got != hash {
		t.Errorf("the hash of this plan is %s; an approved hash must not change its meaning", got)
	}
}
