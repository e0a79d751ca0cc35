package guard

import (
	"cmp"
	"time"

	"steward/internal/gcs"
	"steward/internal/policy"
)

// half is the part of a backup's time for which a bucket of copies guards the floor.
const half = 2

// copying is how long a day's copy may take: as long as the run of the day waits for
// it (workflows).
const copying = time.Hour

// copiesSlack is what the retention of a bucket of copies is at least shorter than
// the promise. A backup is kept from its snapshot on, and its copy begins when it is
// drilled, done_within later; it is stored when it is copied, and deletable an hour
// before its end, since PruneBackups comes once an hour. With less, no copy of a
// backup that came in time would ever be begun (package copies).
func copiesSlack(p *policy.Policy) time.Duration { return slack(p) + copying }

// Copies is the bucket of another location. It is set up as that of the backups,
// with one difference. Its retention counts from the making of the copy, which may
// be days after the snapshot when the location did not answer, and the ceiling
// counts from the snapshot: so it guards half of a backup's time, and a copy is
// made only while it can still be deleted in time (package copies).
func Copies(p *policy.Policy, other policy.Copy, location string) Bucket {
	keep := p.Promises.Backups.Keep.Shortest()
	bucket := backups(p, gcs.Settings{UniformAccess: true, PublicAccessPrevented: true})
	bucket.Name, bucket.Use = other.Bucket, "copies of encrypted backups"
	bucket.Settings.Location, bucket.Settings.KMSKey = cmp.Or(other.Location, location), other.KMSKey
	bucket.MostRetention = max(0, keep-copiesSlack(p))
	bucket.Settings.Retention = min(bucket.MostRetention, (keep / half).Truncate(time.Hour))
	bucket.Tight = "of the days on which it did not answer fewer are copied later"

	return bucket
}

// copies are those of every other location of a policy.
func copies(p *policy.Policy, location string) []Bucket {
	var buckets []Bucket

	for _, other := range p.Promises.Backups.Copies {
		buckets = append(buckets, Copies(p, other, location))
	}

	return buckets
}
