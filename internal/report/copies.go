package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
)

// Copy is what is known of a copy beside its backup.
type Copy struct {
	// Of is the database that it is a copy of.
	Of string
	// Bucket is where it lies; empty where only its evidence tells.
	Bucket string
	// Names are those that the policy ever had for the bucket in which it lies: entries of
	// the ledger call it by one of them.
	Names []string
	// CopiedAt is when every object was there and compared with the signed manifest.
	CopiedAt time.Time
	// ManifestGen is the generation of the manifest there; 0 for a copy that never was whole.
	ManifestGen int64
}

// item is what entries about the backup, or about the backup of this copy, call it.
func (b Backup) item() string {
	if b.Copy != nil {
		return b.Copy.Of
	}

	return b.Database
}

// provenAt is when it was proven: drilled, or as a copy compared with its manifest.
func (b Backup) provenAt() time.Time {
	if b.Copy != nil {
		return b.Copy.CopiedAt
	}

	return b.DrilledAt
}

// original is the backup that a row is a copy of, as far as the copy's row tells.
func (b Backup) original() Backup {
	b.Database, b.Copy = b.item(), nil

	return b
}

// cutCopy does the same for a copy. Its backup was drilled before it was begun.
func (b Backup) cutCopy(asOf time.Time) Backup {
	of := *b.Copy
	b.Copy = &of

	if b.State == rowRunning {
		of.CopiedAt = time.Time{}
	}

	if b.State != rowPruned {
		b.PrunedAt = time.Time{}
	}

	forget(asOf, &b.SnapshotAt, &b.TakenAt, &b.DrilledAt, &b.PrunedAt, &b.LostAt, &of.CopiedAt)

	return b
}

// copiesPrefix is what the items of copies begin with: copies/LOCATION/DATABASE.
const copiesPrefix = "copies/"

// copiesOf tells of an item of copies of what they are and where; both are empty for
// any other.
func copiesOf(item string) (of, location string) {
	if rest, copies := strings.CutPrefix(item, copiesPrefix); copies {
		location, of, _ = strings.Cut(rest, "/")
	}

	return of, location
}

// copyOf fills in what made a copy: the drill of its backup, which proved these very
// bytes, and the comparison that found them in the other place.
func (a *assembly) copyOf(one *Day, row Backup) {
	if row.Copy.CopiedAt.IsZero() {
		return
	}

	one.SnapshotAt, one.Bytes, one.ManifestSHA256 = row.SnapshotAt.UTC(), row.Bytes, row.ManifestSHA256
	one.DrilledAt, one.CopiedAt = row.DrilledAt.UTC(), row.Copy.CopiedAt.UTC()
	one.DrilledEntry = a.proof(one, row.original(), ledger.BackupDrilled, row.DrilledAt)
	one.CopiedEntry = a.proof(one, row, ledger.BackupCopied, row.Copy.CopiedAt)
}

// about gives the entries about a row: of a copy those that name its bucket. One of
// before entries did is about the place of that name. What is said of a copy in a place
// that none of its backup's rows knows is held against each of them.
func (a *assembly) about(row Backup) []entry {
	if row.Copy == nil {
		return a.of[row.ID]
	}

	var found []entry

	bucket := a.bucketOf(row)

	for _, each := range a.copied[row.ID] {
		switch {
		case each.bucket != "" && bucket != "":
			if each.bucket != bucket {
				continue
			}
		case !slices.Contains(row.Copy.Names, each.about.Location) && slices.Contains(a.placed[row.ID], each.about.Location):
			continue
		}

		found = append(found, each)
	}

	return found
}

// bucketOf is the bucket of a copy, as entries call it: the row's, that which the item
// names after a move, or that of the entry which says that this very copy is whole. It
// is empty where none of them tells.
func (a *assembly) bucketOf(row Backup) string {
	bucket := row.Copy.Bucket
	if bucket == "" {
		_, place := copiesOf(row.Database)
		_, bucket, _ = strings.Cut(place, "@")
	}

	if bucket != "" {
		return ledger.BucketName(bucket)
	}

	for _, each := range a.copied[row.ID] {
		if each.Kind == ledger.BackupCopied && each.about.Generation == row.Copy.ManifestGen &&
			slices.Contains(row.Copy.Names, each.about.Location) &&
			(row.Copy.CopiedAt.IsZero() || each.At.Equal(row.Copy.CopiedAt.Truncate(time.Microsecond))) {
			bucket = each.bucket
		}
	}

	return bucket
}

// bucketIn reads of an entry about a copy the bucket that it names.
func bucketIn(each entries.Entry) (string, error) {
	var body struct {
		Bucket string `json:"bucket"`
	}

	err := json.Unmarshal(each.Body, &body)

	return body.Bucket, failure.Wrap(failure.LedgerTampered, "reading the bucket of a copy's entry", err)
}

// firstCopied is the entry that first says of a copy that it is whole: one that lost an
// object and was made whole again was in time all the same.
func (a *assembly) firstCopied(row Backup) entry {
	for _, each := range a.about(row) {
		if each.Kind == ledger.BackupCopied && each.about.ManifestSHA256 == row.ManifestSHA256 {
			return each
		}
	}

	return entry{}
}

// goneWithItsBucket is, as entry.plain gives it, the kind of the receipt of a copy whose
// whole bucket was deleted after the policy had ceased to name it.
const goneWithItsBucket ledger.Kind = "backup.bucket.gone"

// receipt is the entry that proves the end of a backup or a copy.
func (a *assembly) receipt(one *Day, row Backup) ledger.ID {
	if found, gone := a.wentWithItsBucket(row); gone {
		return a.cite(found)
	}

	return a.proof(one, row, ledger.BackupPruned, row.PrunedAt)
}

// wentWithItsBucket reports whether a copy went so, and by which entry. Nobody had
// promised any more to keep it.
func (a *assembly) wentWithItsBucket(row Backup) (entry, bool) {
	if row.Copy == nil || row.PrunedAt.IsZero() {
		return entry{}, false
	}

	return a.find(row, goneWithItsBucket, row.PrunedAt)
}
