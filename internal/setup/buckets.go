package setup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"steward/internal/gcs"
	"steward/internal/policy"
)

// Bucket is a bucket that the policy names, with the settings that its promise
// needs.
type Bucket struct {
	// Name is the bucket's name.
	Name string
	// Use says what lies in it.
	Use string
	// Settings are those that it must have.
	Settings gcs.Settings
}

// leastSlack is what a bucket's retention is at least shorter than the promise: a
// prune that runs at the very end must not meet a bucket that still refuses.
const leastSlack = time.Hour

// slack is what it is shorter. A backup is kept from its snapshot on, but its
// bucket counts from the end of the upload: what a backup takes in time has to
// be let go, with an hour to spare, or a long dump breaks the ceiling by itself.
func slack(p *policy.Policy) time.Duration {
	return max(leastSlack, p.Promises.Backups.DoneWithin.Longest()+leastSlack)
}

// day is the unit of lifecycle rules.
const day = 24 * time.Hour

// Buckets are those that the policy names.
//
// Nothing may live on as a soft-deleted or noncurrent generation, and nobody
// outside may read. Backups cannot be deleted before the promise's end less
// done_within and an hour, and a lifecycle rule one day after it is the net under PruneBackups. The
// ledger's one bucket has no retention, since its mirror replaces and deletes
// what lies under ledger.WorkPrefix (docs/cli.md).
func Buckets(p *policy.Policy, location string) []Bucket {
	plain := gcs.Settings{Location: location, UniformAccess: true, PublicAccessPrevented: true}
	keep := p.Promises.Backups.Keep

	backups := plain
	backups.Retention = max(0, keep.Shortest()-slack(p))
	backups.LifecycleDeleteAfter = wholeDays(keep.Longest()) + day

	buckets := []Bucket{
		{Name: p.Storage.Backups, Use: "encrypted backups", Settings: backups},
		{Name: p.Storage.Ledger, Use: "the ledger's mirror", Settings: plain},
	}

	// What newer manifests name may be as old as it likes: no lifecycle rule here.
	files := plain
	files.Retention = backups.Retention

	for _, other := range []Bucket{
		{Name: p.Storage.Files, Use: "encrypted contents of files", Settings: files},
		{Name: p.Storage.Replay, Use: "replay records", Settings: plain},
		{Name: p.Storage.Packages, Use: "packages", Settings: plain},
	} {
		if other.Name != "" {
			buckets = append(buckets, other)
		}
	}

	return buckets
}

// wholeDays rounds up, since a lifecycle rule knows only days and must not come
// before the promise's end.
func wholeDays(d time.Duration) time.Duration { return (d + day - 1).Truncate(day) }

// MakeBuckets creates what is missing. A bucket that is there and differs is left as
// it is: to loosen a retention or to drop a rule is a person's decision.
func (s *Setup) MakeBuckets(ctx context.Context) ([]Step, error) {
	var steps []Step

	for _, wanted := range s.Buckets {
		bucket := s.Storage.Bucket(wanted.Name)

		created, err := bucket.Create(ctx, wanted.Settings)
		if err != nil {
			return steps, fmt.Errorf("creating a bucket: %w", err)
		}

		have, err := bucket.Settings(ctx)
		if err != nil {
			return steps, fmt.Errorf("looking at a bucket: %w", err)
		}

		step := Step{Area: areaBucket, Name: wanted.Name, Outcome: Unchanged}
		if created {
			step.Outcome = Created
		}

		for _, difference := range Drift(wanted, have) {
			step.Outcome = Differs
			step.Changes = append(step.Changes, difference.String())
		}

		steps = append(steps, step)
	}

	return steps, nil
}

// Difference is one setting of a bucket that is not as wanted.
type Difference struct {
	// Says is what is wrong, in a sentence without its end.
	Says string
	// Mend is the command that mends it.
	Mend string
}

// String is what people read.
func (d Difference) String() string { return d.Says + "; mend: " + d.Mend }

// Drift compares a bucket with what is wanted of it.
func Drift(wanted Bucket, have gcs.Settings) []Difference {
	var found []Difference

	want := wanted.Settings
	update := "gcloud storage buckets update gs://" + wanted.Name + " "
	check := func(holds bool, says, flags string) {
		if !holds {
			found = append(found, Difference{Says: says, Mend: update + flags})
		}
	}

	check(have.SoftDelete == want.SoftDelete,
		fmt.Sprintf("deleted objects stay for %s, wanted %s", spell(have.SoftDelete), spell(want.SoftDelete)), "--clear-soft-delete")
	check(have.Versioning == want.Versioning, "old generations are kept", "--no-versioning")
	check(!have.DefaultHold, "each new object gets a hold", "--no-default-event-based-hold")
	check(have.UniformAccess, "objects have access lists of their own", "--uniform-bucket-level-access")
	check(have.PublicAccessPrevented, "public access is not prevented", "--public-access-prevention")
	check(have.Retention == want.Retention,
		fmt.Sprintf("the retention is %s, wanted %s", spell(have.Retention), spell(want.Retention)), retentionFlag(want.Retention))
	check(have.LifecycleDeleteAfter == want.LifecycleDeleteAfter,
		fmt.Sprintf("objects are deleted after %s, wanted %s", spell(have.LifecycleDeleteAfter), spell(want.LifecycleDeleteAfter)),
		lifecycleFlag(want.LifecycleDeleteAfter))
	check(have.OtherLifecycleRules == want.OtherLifecycleRules,
		fmt.Sprintf("it has %d lifecycle rules that the policy does not know, which may delete early", have.OtherLifecycleRules),
		lifecycleFlag(want.LifecycleDeleteAfter))

	if !strings.EqualFold(have.Location, want.Location) {
		found = append(found, Difference{
			Says: fmt.Sprintf("it lies in %s, wanted %s", have.Location, want.Location),
			Mend: "set STEWARD_GCP_LOCATION, or name a new bucket in the policy: a bucket cannot move",
		})
	}

	return found
}

func retentionFlag(want time.Duration) string {
	if want == 0 {
		return "--clear-retention-period"
	}

	return fmt.Sprintf("--retention-period=%ds", int64(want.Seconds()))
}

func lifecycleFlag(want time.Duration) string {
	if want == 0 {
		return "--clear-lifecycle"
	}

	return fmt.Sprintf("--lifecycle-file=FILE, with one rule: action Delete, age %d", want/day)
}

// spell says a duration as a policy would, in days where they are whole.
func spell(d time.Duration) string {
	switch {
	case d == 0:
		return "none"
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return d.String()
	}
}
