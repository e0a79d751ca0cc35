package ledger

import "time"

// CopyBody is the evidence that a proven backup lies in another location too: its
// objects were compared there with the signed manifest.
type CopyBody struct {
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// Day is the business day.
	Day string `json:"day"`
	// Location is the name of the location in the policy.
	Location string `json:"location"`
	// Bucket is where the copy lies, as BucketName says it; it is missing in entries of
	// before it was written.
	Bucket string `json:"bucket,omitempty"`
	// Generation is that of the manifest in the location's bucket.
	Generation int64 `json:"generation"`
	// SizeBytes is the size of all objects of the copy.
	SizeBytes int64 `json:"size_bytes"`
	// ManifestSHA256 is the hex SHA-256 of the signed manifest, that of the original.
	ManifestSHA256 string `json:"manifest_sha256"`
	// SnapshotAt is the instant that the backup shows; its time counts from here.
	SnapshotAt time.Time `json:"snapshot_at"`
	// Objects are those of the copy by name, the manifest last.
	Objects []ObjectBody `json:"objects"`
}

func (CopyBody) ledgerBody() {}
