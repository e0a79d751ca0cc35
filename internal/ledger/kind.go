package ledger

import "reflect"

// Kind names what an entry is evidence of. It is stable: it stands in signed
// leaves.
type Kind string

// The kinds of entry. What each body holds is said at its type.
const (
	// BackupStored: a backup's object and manifest are in the bucket.
	BackupStored Kind = "backup.stored"
	// BackupDrilled: a backup was restored elsewhere and equals its manifest.
	BackupDrilled Kind = "backup.drilled"
	// BackupRefused: a backup did not pass its drill, or could not be made.
	BackupRefused Kind = "backup.refused"
	// BackupPruned: a backup is gone from all listings of the bucket.
	BackupPruned Kind = "backup.pruned"
	// BackupSwept: objects that belonged to no backup that counts are gone.
	BackupSwept Kind = "backup.swept"
	// BackupOverdue: an object was still in the bucket past its time and the
	// tolerance.
	BackupOverdue Kind = "backup.overdue"
	// BackupMissing: objects of a kept backup are not in the bucket any more.
	BackupMissing Kind = "backup.missing"
	// BackupExcepted: a backup stays beyond its time, for a reason.
	BackupExcepted Kind = "backup.excepted"
	// BackupExceptionEnded: it no longer does.
	BackupExceptionEnded Kind = "backup.exception.ended"
	// BackupCeilingHonoured: the newest proven backup went at the end of its time.
	BackupCeilingHonoured Kind = "backup.ceiling.honoured"
	// FilesStored: the contents of a set of files and their manifest are in the bucket.
	FilesStored Kind = "files.stored"
	// FilesDrilled: every new content and a sample of the others were found as the manifest says.
	FilesDrilled Kind = "files.drilled"
	// FilesRefused: a backup of files did not pass its drill.
	FilesRefused Kind = "files.refused"
	// FilesPruned: a manifest, or contents that no kept manifest names, are gone from all listings.
	FilesPruned Kind = "files.pruned"
	// FilesSwept: objects that appeared after they were proven gone are gone again.
	FilesSwept Kind = "files.swept"
	// FilesOverdue: objects were still in the bucket past their time and the tolerance.
	FilesOverdue Kind = "files.overdue"
	// FilesMissing: objects that kept days need are not in the bucket any more.
	FilesMissing Kind = "files.missing"
	// FilesExcepted: a day of files stays beyond its time, for a reason.
	FilesExcepted Kind = "files.excepted"
	// FilesExceptionEnded: it no longer does.
	FilesExceptionEnded Kind = "files.exception.ended"
	// FilesCeilingHonoured: the newest proven day of files went at the end of its time.
	FilesCeilingHonoured Kind = "files.ceiling.honoured"
	// BackupCopied: a proven backup lies in another location too, object by object.
	BackupCopied Kind = "backup.copied"
	// CopyPruned: a copy is gone from all listings of its bucket.
	CopyPruned Kind = "copy.pruned"
	// CopySwept: objects that belonged to no copy that counts are gone.
	CopySwept Kind = "copy.swept"
	// CopyOverdue: an object of a copy was still there past its time and the tolerance.
	CopyOverdue Kind = "copy.overdue"
	// CopyMissing: objects of a kept copy are not in its bucket any more.
	CopyMissing Kind = "copy.missing"
	// CopyExcepted: a copy stays beyond its time, for a reason.
	CopyExcepted Kind = "copy.excepted"
	// CopyExceptionEnded: it no longer does.
	CopyExceptionEnded Kind = "copy.exception.ended"
	// CopyCeilingHonoured: the newest copy of a location went at the end of its time.
	CopyCeilingHonoured Kind = "copy.ceiling.honoured"
	// CopyReplaced: something else lies in the place of an object of a copy; it is
	// removed, and the object copied again.
	CopyReplaced Kind = "copy.replaced"
	// CopyBucketGone: a copy is gone since its whole bucket is, which the policy named
	// no longer and which somebody deleted.
	CopyBucketGone Kind = "copy.bucket.gone"
	// Tombstone: the point of no return of an erasure.
	Tombstone Kind = "erasure.tombstone"
	// ErasureDone: every store and processor of an erasure has answered.
	ErasureDone Kind = "erasure.done"
	// CertificateIssued: the certificate of an erasure was signed and kept.
	CertificateIssued Kind = "certificate.issued"
	// ActIntended: a member of staff is about to act; written before the effect.
	ActIntended Kind = "act.intended"
	// ActDone: how that act ended; written after the effect.
	ActDone Kind = "act.done"
	// PromiseBroken: a promise was found broken.
	PromiseBroken Kind = "promise.broken"
	// PromiseMended: a promise that was broken is kept again.
	PromiseMended Kind = "promise.mended"
	// PolicyLoaded: a process began to act under a policy of this hash.
	PolicyLoaded Kind = "policy.loaded"
	// Observed: an outside system's state was read as evidence.
	Observed Kind = "world.observed"
)

// KindRow says everything about one kind.
type KindRow struct {
	// Kind is the name in the leaf.
	Kind Kind
	// Text is what people read.
	Text string
	// Body is the zero value of the one body type that the kind takes.
	Body Body
}

// Kinds is the closed table of kinds, in a fixed order. An entry of any other
// kind is refused.
func Kinds() []KindRow {
	return []KindRow{
		{BackupStored, "backup stored", BackupBody{}},
		{BackupDrilled, "backup drilled and found equal", BackupBody{}},
		{BackupRefused, "backup refused", BackupBody{}},
		{BackupPruned, "backup pruned and proven gone", RemovalBody{}},
		{BackupSwept, "leftovers removed and proven gone", RemovalBody{}},
		{BackupOverdue, "object still there past its time", OverdueBody{}},
		{BackupMissing, "objects of a kept backup are missing", RemovalBody{}},
		{BackupExcepted, "backup kept beyond its time", ExceptionBody{}},
		{BackupExceptionEnded, "exception of a backup ended", ExceptionBody{}},
		{BackupCeilingHonoured, "newest proven backup removed at its time", ExceptionBody{}},
		{FilesStored, "files stored", FilesBody{}},
		{FilesDrilled, "files drilled and found equal", FilesBody{}},
		{FilesRefused, "files refused", FilesBody{}},
		{FilesPruned, "files pruned and proven gone", FilesBody{}},
		{FilesSwept, "late objects of files removed and proven gone", FilesObjectsBody{}},
		{FilesOverdue, "objects of files still there past their time", FilesObjectsBody{}},
		{FilesMissing, "objects that kept files need are missing", FilesObjectsBody{}},
		{FilesExcepted, "files kept beyond their time", FilesExceptionBody{}},
		{FilesExceptionEnded, "exception of files ended", FilesExceptionBody{}},
		{FilesCeilingHonoured, "newest proven files removed at their time", FilesExceptionBody{}},
		{BackupCopied, "backup copied to another location", CopyBody{}},
		{CopyPruned, "copy pruned and proven gone", RemovalBody{}},
		{CopySwept, "leftovers of copies removed and proven gone", RemovalBody{}},
		{CopyOverdue, "object of a copy still there past its time", OverdueBody{}},
		{CopyMissing, "objects of a kept copy are missing", RemovalBody{}},
		{CopyExcepted, "copy kept beyond its time", ExceptionBody{}},
		{CopyExceptionEnded, "exception of a copy ended", ExceptionBody{}},
		{CopyCeilingHonoured, "newest copy of a location removed at its time", ExceptionBody{}},
		{CopyReplaced, "object of a copy replaced by another, which is removed", RemovalBody{}},
		{CopyBucketGone, "copy gone with its bucket, which was deleted", RemovalBody{}},
		{Tombstone, "erasure decided for good", ErasureBody{}},
		{ErasureDone, "erasure complete", ErasureBody{}},
		{CertificateIssued, "certificate of an erasure issued", CertificateBody{}},
		{ActIntended, "act of staff intended", ActBody{}},
		{ActDone, "act of staff ended", ActBody{}},
		{PromiseBroken, "promise found broken", PromiseBody{}},
		{PromiseMended, "promise kept again", PromiseBody{}},
		{PolicyLoaded, "policy loaded", PolicyBody{}},
		{Observed, "outside state observed", ObservedBody{}},
	}
}

// LookupKind is the row of a kind, and whether there is one.
func LookupKind(kind Kind) (KindRow, bool) {
	for _, row := range Kinds() {
		if row.Kind == kind {
			return row, true
		}
	}

	return KindRow{}, false
}

// takes reports whether the kind takes bodies of this type.
func (r KindRow) takes(body Body) bool {
	return reflect.TypeOf(r.Body) == reflect.TypeOf(body)
}
