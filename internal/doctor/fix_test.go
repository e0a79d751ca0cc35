package doctor_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/doctor"
	"steward/internal/doctor/doctortest"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
)

const day = 24 * time.Hour

// fixing is a doctor beside nothing but the buckets of a policy, as setup makes
// them.
type fixing struct {
	*doctor.Doctor

	raw *storage.BucketHandle // the backups' bucket, as somebody else sees it
}

func newFixing(t *testing.T) *fixing {
	t.Helper()

	w := doctortest.NewPolicy(t)
	server := gcstest.Start(t, clocks.System())

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	f := &fixing{
		Doctor: &doctor.Doctor{Config: config.Config{}, Storage: client, Buckets: guard.Buckets(w.Policy, "EU")},
		raw:    server.Client(t).Bucket(w.Policy.Storage.Backups),
	}

	for _, bucket := range f.Buckets {
		if _, err := client.Bucket(bucket.Name).Create(t.Context(), bucket.Settings); err != nil {
			t.Fatal(err)
		}
	}

	return f
}

func (f *fixing) change(t *testing.T, what storage.BucketAttrsToUpdate) {
	t.Helper()

	if _, err := f.raw.Update(t.Context(), what); err != nil {
		t.Fatal(err)
	}
}

func (f *fixing) plan(t *testing.T) doctor.Plan {
	t.Helper()

	plan, err := f.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	return plan
}

// became are the findings by what became of them.
func became(mends []doctor.Mend) map[doctor.Outcome][]guard.Key {
	all := map[doctor.Outcome][]guard.Key{}
	for _, one := range mends {
		all[one.Outcome] = append(all[one.Outcome], one.Key)
	}

	return all
}

func is(t *testing.T, what string, got, want map[doctor.Outcome][]guard.Key) {
	t.Helper()

	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s: %v, wanted %v", what, got, want)
	}
}

// everythingWrong is what one careless evening can do to a bucket.
func everythingWrong() storage.BucketAttrsToUpdate {
	return storage.BucketAttrsToUpdate{
		SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 7 * day}, VersioningEnabled: true, DefaultEventBasedHold: true,
		UniformBucketLevelAccess: &storage.UniformBucketLevelAccess{}, PublicAccessPrevention: storage.PublicAccessPreventionInherited,
		RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 30 * day}, Lifecycle: &storage.Lifecycle{},
	}
}

func TestThereIsNothingToMend(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	f.change(t, storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}}) // a warning is a person's decision

	plan := f.plan(t)
	if mends, err := f.Mend(t.Context(), plan, true); err != nil || len(mends) > 0 || plan.Asks() {
		t.Errorf("%v, %v", mends, err)
	}
}

// Without a yes only what is safe is mended; with one everything that a setting
// mends.
func TestMendingInTwoSteps(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	f.change(t, everythingWrong())

	safe := []guard.Key{guard.SoftDelete, guard.Versioning, guard.DefaultHold, guard.UniformAccess, guard.PublicAccess}
	asks := []guard.Key{guard.RetentionLong, guard.LifecycleMissing}
	plan := f.plan(t)

	is(t, "the plan", became(plan.Mends), map[doctor.Outcome][]guard.Key{doctor.Planned: append(slices.Clone(safe), asks...)})

	before, err := f.raw.Attrs(t.Context())
	if err != nil || before.MetaGeneration != 2 || !plan.Asks() {
		t.Fatalf("planning changed something: %+v, %v", before, err)
	}

	mends, err := f.Mend(t.Context(), plan, false)
	if err != nil {
		t.Fatal(err)
	}

	is(t, "without a yes", became(mends), map[doctor.Outcome][]guard.Key{doctor.Mended: safe, doctor.Left: asks})

	plan = f.plan(t)
	is(t, "what is left", became(plan.Mends), map[doctor.Outcome][]guard.Key{doctor.Planned: asks})

	mends, err = f.Mend(t.Context(), plan, true)
	if err != nil {
		t.Fatal(err)
	}

	is(t, "with a yes", became(mends), map[doctor.Outcome][]guard.Key{doctor.Mended: asks})

	if plan = f.plan(t); len(plan.Mends) > 0 {
		t.Errorf("found again: %v", plan.Mends)
	}
}

// What is about to be done, and its hash, follow the yes: an act in the ledger names what
// is changed, not what is left.
func TestWhatAPlanDoes(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	f.change(t, everythingWrong())

	plan := f.plan(t)
	for _, yes := range []bool{false, true} {
		mends, err := f.Mend(t.Context(), plan, yes)
		if err != nil {
			t.Fatal(err)
		}

		does := plan.Does(yes)
		for i := range does {
			does[i].Outcome = doctor.Mended
		}

		is(t, "what it does", became(does), map[doctor.Outcome][]guard.Key{doctor.Mended: became(mends)[doctor.Mended]})
		f.change(t, everythingWrong())

		plan = f.plan(t)
	}

	if plan.SHA256(true) == plan.SHA256(false) || plan.SHA256(true) != f.plan(t).SHA256(true) {
		t.Error("the hash does not follow what is done")
	}

	f.Buckets[0].Settings.Location = "US"
	for _, one := range f.plan(t).Does(true) {
		if one.Care == guard.ByHand {
			t.Errorf("no program does %+v", one)
		}
	}
}

// A lock never opens, and a bucket never moves.
func TestWhatOnlyAPersonCanMend(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	f.change(t, storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 8 * day}})

	if err := f.raw.If(storage.BucketConditions{MetagenerationMatch: 2}).LockRetentionPolicy(t.Context()); err != nil {
		t.Fatal(err)
	}

	f.Buckets[0].Settings.Location = "US"
	want := map[doctor.Outcome][]guard.Key{doctor.Person: {guard.RetentionLocked, guard.Location}}

	mends, err := f.Mend(t.Context(), f.plan(t), true)
	if err != nil {
		t.Fatal(err)
	}

	is(t, "locked", became(mends), want)

	if attrs, err := f.raw.Attrs(t.Context()); err != nil || attrs.MetaGeneration != 3 {
		t.Errorf("%+v, %v", attrs, err)
	}
}

// What somebody changed between the plan and its execution was not in the plan.
func TestABucketThatChangesMeanwhile(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	f.change(t, everythingWrong())

	plan := f.plan(t)
	f.change(t, storage.BucketAttrsToUpdate{VersioningEnabled: false})

	mends, err := f.Mend(t.Context(), plan, true)
	if !failure.Is(err, failure.BucketChanged) || len(became(mends)[doctor.Planned]) != len(plan.Mends) {
		t.Errorf("%v, %v", mends, err)
	}

	if attrs, err := f.raw.Attrs(t.Context()); err != nil || attrs.SoftDeletePolicy.RetentionDuration == 0 {
		t.Errorf("%+v, %v", attrs, err)
	}
}

func TestPlanningBesideAMissingBucket(t *testing.T) {
	t.Parallel()

	f := newFixing(t)
	if err := f.raw.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}

	if plan := f.plan(t); len(plan.Mends) > 0 {
		t.Errorf("%v", plan.Mends)
	}

	closed, err := gcs.Open(t.Context(), gcs.Options{Endpoint: "http://127.0.0.1:1", Patience: gcs.Patience{Call: time.Second, Chunk: time.Second, Transfer: time.Second}})
	if err != nil {
		t.Fatal(err)
	}

	f.Storage = closed
	if plan, err := f.Plan(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Errorf("%v, %v", plan, err)
	}
}
