// Package guard is the one rule of how a bucket must be set up for the promise
// that is kept in it: from its settings and the policy it finds what differs,
// says what is wrong and how to mend it, and whether mending can be left to a
// program. Setup, the doctor and every backup run ask it. It is pure: reading and
// changing buckets is done by others.
package guard

import (
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
	// Settings are those with which it is made.
	Settings gcs.Settings
	// MostRetention is the longest retention under which what lies in it can still
	// be deleted when its time is over; what Settings ask for is always allowed.
	MostRetention time.Duration
	// Tight is what a retention above that of Settings costs where it is allowed, as
	// people read it; empty where none is.
	Tight string
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

// filesSlack is slack for a take of files. It lasts as long as its run may, since
// nothing but catch_up ends it: one file alone may take most of a day.
func filesSlack(p *policy.Policy) time.Duration {
	return max(slack(p), p.Promises.Backups.CatchUp.Longest()+leastSlack)
}

// day is the unit of lifecycle rules.
const day = 24 * time.Hour

// Buckets are those that the policy names, that of the backups first.
//
// Nothing may live on as a soft-deleted or noncurrent generation, and nobody
// outside may read. Backups cannot be deleted before the promise's end less
// done_within and an hour (contents of files: less catch_up and an hour), and a
// lifecycle rule one day after it is the net under PruneBackups. The ledger's one
// bucket has no retention, since its mirror replaces and deletes what lies under
// ledger.WorkPrefix (docs/cli.md).
func Buckets(p *policy.Policy, location string) []Bucket {
	plain := common(p, location)
	buckets := []Bucket{
		backups(p, plain),
		{Name: p.Storage.Ledger, Use: "the ledger's mirror", Settings: plain},
	}

	for _, other := range []Bucket{
		files(p, plain),
		{Name: p.Storage.Replay, Use: "replay records", Settings: plain},
		{Name: p.Storage.Packages, Use: "packages", Settings: plain},
	} {
		if other.Name != "" {
			buckets = append(buckets, other)
		}
	}

	return append(buckets, copies(p, location)...)
}

// common is what all of them have.
func common(p *policy.Policy, location string) gcs.Settings {
	return gcs.Settings{Location: location, UniformAccess: true, PublicAccessPrevented: true, KMSKey: p.Storage.KMSKey}
}

// Backups is the bucket of backups alone, which every backup run looks at.
func Backups(p *policy.Policy, location string) Bucket { return Buckets(p, location)[0] }

// Files is the bucket of the contents of files alone, which every run of files looks
// at; without a name where the policy has none.
func Files(p *policy.Policy, location string) Bucket { return files(p, common(p, location)) }

func backups(p *policy.Policy, settings gcs.Settings) Bucket {
	keep := p.Promises.Backups.Keep

	settings.Retention = max(0, keep.Shortest()-slack(p))
	settings.LifecycleDeleteAfter = wholeDays(keep.Longest()) + day

	return Bucket{
		Name: p.Storage.Backups, Use: "encrypted backups", Settings: settings,
		MostRetention: max(0, keep.Shortest()-leastSlack),
		Tight:         "a backup that takes long cannot be deleted in time",
	}
}

// files is the bucket of file contents. A content is let go in time also where its
// take lasted until catch_up. What newer manifests name may be as old as it likes: no
// lifecycle rule here.
func files(p *policy.Policy, settings gcs.Settings) Bucket {
	keep := p.Promises.Backups.Keep.Shortest()
	settings.Retention = max(0, keep-filesSlack(p))

	return Bucket{
		Name: p.Storage.Files, Use: "encrypted contents of files", Settings: settings, MostRetention: max(0, keep-leastSlack),
		Tight: "what a take stores that lasts until catch_up cannot be deleted in time",
	}
}

// wholeDays rounds up, since a lifecycle rule knows only days and must not come
// before the promise's end.
func wholeDays(d time.Duration) time.Duration { return (d + day - 1).Truncate(day) }
