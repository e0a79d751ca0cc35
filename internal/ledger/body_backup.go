package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// RemovalVersion is the version of RemovalBody. Entries of backup.pruned without
// a version are older: they have the members of BackupBody and name no object.
const RemovalVersion = 2

// maxNamed is how many objects one body names, so that it stays within MaxBody;
// the hash over all of them covers the rest.
const maxNamed = 24

// RemovalBody is the evidence about objects of one backup that are gone: removed
// and proven absent from every listing, or found missing. Its first members are
// those of BackupBody.
type RemovalBody struct {
	// V is RemovalVersion.
	V int64 `json:"v"`
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Database is its name in the policy, such as "app".
	Database string `json:"database"`
	// Day is the business day, such as "2026-11-22".
	Day string `json:"day"`
	// Generation is the manifest's generation in the bucket; 0 is left out.
	Generation int64 `json:"generation,omitempty"`
	// SizeBytes is the size of all that was stored; 0 is left out.
	SizeBytes int64 `json:"size_bytes,omitempty"`
	// ManifestSHA256 is the hex SHA-256 of the signed manifest; "" is left out.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// DueAt is when the time of a pruned backup was over, by the policy that it was
	// pruned under; entries of before it was written, and of other kinds, leave it out.
	DueAt *time.Time `json:"due_at,omitempty"`
	// Location is the name of the copy's location; "" is left out and means the first.
	Location string `json:"location,omitempty"`
	// Bucket is where the copy lies, as BucketName says it; "" is left out, and is missing
	// in entries of before it was written.
	Bucket string `json:"bucket,omitempty"`
	// Objects are the objects meant, the first of them if they are many.
	Objects []ObjectBody `json:"objects,omitempty"`
	// Count is how many objects are meant; it may be more than are named.
	Count int64 `json:"count"`
	// ObjectsSHA256 is the hex SHA-256 over a line "name generation" for each
	// object meant, in the order of Objects.
	ObjectsSHA256 string `json:"objects_sha256"`
}

// ObjectBody names one generation of one object.
type ObjectBody struct {
	// Name is its name in the bucket, made of a database, a day, an opaque id and a kind.
	Name string `json:"name"`
	// Generation is left out where it was never known.
	Generation int64 `json:"generation,omitempty"`
}

// WithObjects names the objects that the entry is about.
func (b RemovalBody) WithObjects(objects []ObjectBody) RemovalBody {
	b.V, b.Count, b.ObjectsSHA256 = RemovalVersion, int64(len(objects)), sumOf(objects)
	b.Objects = objects[:min(len(objects), maxNamed)]

	return b
}

// BucketName is how an entry calls a bucket: by its name, or by the hex SHA-256 of that
// where the ledger could not hold it as it is, such as one that begins with a digit.
func BucketName(bucket string) string {
	if allowedString(bucket) {
		return bucket
	}

	sum := sha256.Sum256([]byte(bucket))

	return hex.EncodeToString(sum[:])
}

// sumOf is the hash over a line "name generation" for each object.
func sumOf(objects []ObjectBody) string {
	sum := sha256.New()
	for _, object := range objects {
		fmt.Fprintf(sum, "%s %d\n", object.Name, object.Generation)
	}

	return hex.EncodeToString(sum.Sum(nil))
}

// OverdueBody is the evidence that one object outstayed its time: a promise that
// was broken, whatever became of the object later.
type OverdueBody struct {
	// Backup is the opaque id of the backup it belongs to.
	Backup string `json:"backup"`
	// Location is the name of the copy's location; "" is left out and means the first.
	Location string `json:"location,omitempty"`
	// Bucket is where the copy lies, as BucketName says it; "" is left out, and is missing
	// in entries of before it was written.
	Bucket string `json:"bucket,omitempty"`
	// Object is its name in the bucket.
	Object string `json:"object"`
	// Generation is left out where it is not known.
	Generation int64 `json:"generation,omitempty"`
	// DueAt is when its time was over, without the tolerance.
	DueAt time.Time `json:"due_at"`
	// Cause is why it was still there: the code of the failed deletion,
	// "retained", "soft_deleted", "late_removal" or "appeared_late".
	Cause string `json:"cause"`
}

// ExceptionBody is the evidence about a backup's stay beyond its time.
type ExceptionBody struct {
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// Day is the business day.
	Day string `json:"day"`
	// Location is the name of the copy's location; "" is left out and means the first.
	Location string `json:"location,omitempty"`
	// Bucket is where the copy lies, as BucketName says it; "" is left out, and is missing
	// in entries of before it was written.
	Bucket string `json:"bucket,omitempty"`
	// DueAt is when its time was over.
	DueAt time.Time `json:"due_at"`
	// Cause is why it stays or went, such as "last_drilled".
	Cause string `json:"cause"`
}

func (RemovalBody) ledgerBody()   {}
func (OverdueBody) ledgerBody()   {}
func (ExceptionBody) ledgerBody() {}
