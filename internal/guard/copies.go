package guard

import (
	"cmp"
	"time"

	"steward/internal/gcs"
	"steward/internal/policy"
)

// half is the part of a backup's time for which a bucket of copies guards the floor.
const half = 2

// Copies is the bucket of another location. It is set up as that of the backups,
// with one difference. Its retention counts from the making of the copy, which may
// be days after the snapshot when the location did not answer, and the ceiling
// counts from the snapshot: so it guards half of a backup's time, and a copy is
// made only while it can still be deleted in time (package copies).
func Copies(p *policy.Policy, other policy.Copy, location string) Bucket {
	bucket := backups(p, gcs.Settings{UniformAccess: true, PublicAccessPrevented: true})
	bucket.Name, bucket.Use = other.Bucket, "copies of encrypted backups"
	bucket.Settings.Location, bucket.Settings.KMSKey = cmp.Or(other.Location, location), other.KMSKey
	bucket.Settings.Retention = min(bucket.Settings.Retention, (p.Promises.Backups.Keep.Shortest() / half).Truncate(time.Hour))

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
