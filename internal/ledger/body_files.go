package ledger

import (
	"slices"
	"time"
)

// FilesObjectsBody is the evidence about stored objects of one set of files that
// are not where they should be: contents, lists, manifests. Every object is named,
// in as many entries as that takes. The names of the app's files are not in it.
type FilesObjectsBody struct {
	// Files is the name of the set in the policy.
	Files string `json:"files"`
	// Backup is the opaque id of the newest backup that they belong to; "" is left
	// out, where none is known.
	Backup string `json:"backup,omitempty"`
	// Day is its business day; "" is left out.
	Day string `json:"day,omitempty"`
	// FirstDay is the first of the days that name missing contents, Day the last; ""
	// is left out.
	FirstDay string `json:"first_day,omitempty"`
	// DueAt is when their time was over, without the tolerance; left out for what is
	// missing.
	DueAt *time.Time `json:"due_at,omitempty"`
	// Cause is why they were still there: the code of the failed deletion, "retained",
	// "soft_deleted", "late_removal", "appeared_late" or "claimed"; "" is left out.
	Cause string `json:"cause,omitempty"`
	// Objects are the objects meant.
	Objects []ObjectBody `json:"objects"`
	// Count is how many they are.
	Count int64 `json:"count"`
	// ObjectsSHA256 is the hex SHA-256 over a line "name generation" for each, in the
	// order of Objects.
	ObjectsSHA256 string `json:"objects_sha256"`
}

// Naming gives the entries' bodies that name all the objects, some in each.
func (b FilesObjectsBody) Naming(objects []ObjectBody) []FilesObjectsBody {
	var bodies []FilesObjectsBody

	for some := range slices.Chunk(objects, maxNamed) {
		one := b
		one.Objects, one.Count, one.ObjectsSHA256 = some, int64(len(some)), sumOf(some)
		bodies = append(bodies, one)
	}

	return bodies
}

// FilesExceptionBody is the evidence about a stay of one day of files beyond its
// time.
type FilesExceptionBody struct {
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Files is the name of the set in the policy.
	Files string `json:"files"`
	// Day is the business day.
	Day string `json:"day"`
	// DueAt is when its time was over.
	DueAt time.Time `json:"due_at"`
	// Cause is why it stays or went, such as "last_drilled".
	Cause string `json:"cause"`
	// Contents is how many stored contents it names, that stay or go with it.
	Contents int64 `json:"contents"`
	// SizeBytes is their size as stored; 0 is left out.
	SizeBytes int64 `json:"size_bytes,omitempty"`
}

func (FilesObjectsBody) ledgerBody()   {}
func (FilesExceptionBody) ledgerBody() {}
