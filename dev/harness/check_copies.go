package harness

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// copiesCheck is the name of the checks of copies.
const copiesCheck = "copies"

// The states of a copy, as the catalogue writes them.
const (
	stateCopied = "copied"
	// oldCopy is how much before the end of its time a copy may be missing: one that
	// is so late is not made any more.
	oldCopy = time.Hour
)

// copyRow is what the steward database says about one copy.
type copyRow struct {
	BackupID    string     `json:"backup_id"`
	Bucket      string     `json:"bucket"`
	Location    string     `json:"location"`
	State       string     `json:"state"`
	ManifestGen int64      `json:"manifest_gen"`
	Bytes       int64      `json:"bytes"`
	PrunedAt    *time.Time `json:"pruned_at"`
}

// copyObjectRow is an object of a copy.
type copyObjectRow struct {
	objectRow

	Bucket string `json:"bucket"`
}

// place is one other location: what the catalogue says of it, and, while it is looked
// through, what lies there.
type place struct {
	name, bucket string
	rows         []copyRow
	objects      []copyObjectRow
	there        map[string]looked
}

// of is how people name a backup's copy.
func (p place) of(backup backupRow) string {
	return "copies/" + p.name + "/" + backup.Database + " " + backup.Day
}

// row is the copy of a backup in this place.
func (p place) row(backup string) (copyRow, bool) {
	at := slices.IndexFunc(p.rows, func(row copyRow) bool { return row.BackupID == backup })
	if at < 0 {
		return copyRow{}, false
	}
	return p.rows[at], true
}

// readPlaces reads what the catalogue says of each location of the policy.
func (w *World) readPlaces(ctx context.Context) (places []place, err error) {
	for _, other := range w.Rules.Promises.Backups.Copies {
		one := place{name: other.Name, bucket: other.Bucket}
		if err := readJSON(ctx, w.StewardURL, fmt.Sprintf(
			`select to_jsonb(c)::text from backup_copies as c where bucket = '%s' order by backup_id`, other.Bucket), &one.rows); err != nil {
			return nil, err
		}
		if err := readJSON(ctx, w.StewardURL, fmt.Sprintf(
			`select to_jsonb(o)::text from backup_copy_objects as o where bucket = '%s' order by name`, other.Bucket), &one.objects); err != nil {
			return nil, err
		}
		places = append(places, one)
	}
	return places, nil
}

// checkCopies looks through every other location of the policy: each good backup lies
// there too, whole and under the same signed manifest; and nothing else does.
func (w *World) checkCopies(ctx context.Context, held catalogue, found *findings) error {
	for _, one := range held.places {
		var err error
		if one.there, err = w.lookAt(ctx, one.bucket, copiesCheck, found); err != nil {
			return err
		}
		checkCopyObjects(one, found)
		for _, backup := range held.backups {
			w.checkCopy(one, backup, found)
		}
	}
	return nil
}

// checkCopyObjects looks at every object of a location: somebody announced it, nobody
// recorded it as gone, and it is what was meant to be copied, also where its copy was
// never finished.
func checkCopyObjects(in place, found *findings) {
	for name, one := range in.there {
		at := slices.IndexFunc(in.objects, func(row copyObjectRow) bool { return row.Name == name })
		switch {
		case at < 0:
			found.addf(copiesCheck, "%s was never announced", name)
		case in.objects[at].PrunedAt != nil:
			found.addf(copiesCheck, "%s is recorded as gone", name)
		case one.attrs.Metadata["sha256"] != sum(one.content):
			found.addf(copiesCheck, "%s is not what was copied", name)
		}
	}
	for _, row := range in.objects {
		if copied, _ := in.row(row.BackupID); copied.State == statePruned && row.PrunedAt == nil {
			found.addf(copiesCheck, "object %s belongs to a pruned copy and is not marked gone", row.Name)
		}
	}
}

// checkCopy follows a backup to its copy, and the copy's own manifest to the objects
// beside it.
func (w *World) checkCopy(in place, backup backupRow, found *findings) {
	of := in.of(backup)
	row, begun := in.row(backup.ID)
	if row.State != stateCopied {
		if backup.State == stateGood && row.State != statePruned && !w.tooOld(backup) && !slices.Contains(w.Options.Open, of) {
			found.addf(copiesCheck, "%s has no copy (begun: %t)", of, begun)
		}
		return
	}
	manifest, ok := in.there[backup.ManifestObject]
	if !ok {
		found.addf(copiesCheck, "%s has lost its manifest", of)
		return
	}
	if manifest.attrs.Generation != row.ManifestGen || sum(manifest.content) != backup.ManifestSHA256 {
		found.addf(copiesCheck, "%s has another manifest than the catalogue says", of)
	}
	says, err := w.openManifest(manifest.content)
	if err != nil || says.Backup != backup.ID || says.Attempt != backup.Attempt {
		found.addf(copiesCheck, "%s has the manifest of another backup, or none (%v)", of, err)
		return
	}
	if total := manifest.attrs.Size + checkBeside(in, of, says, found); total != row.Bytes {
		found.addf(copiesCheck, "%s says %d bytes, its objects have %d", of, row.Bytes, total)
	}
	checkCopyRows(in, backup, found)
}

// checkBeside looks for the objects that a copy's manifest names, which lie beside it,
// and gives their size together.
func checkBeside(in place, of string, says document, found *findings) (total int64) {
	for kind, object := range map[string]stored{"archive": says.Archive, "globals": says.Globals} {
		total += object.Bytes
		one, ok := in.there[object.Object]
		if !ok {
			found.addf(copiesCheck, "%s has lost its %s", of, kind)
			continue
		}
		object.Generation = one.attrs.Generation // the manifest names that of the original
		if !one.is(object) {
			found.addf(copiesCheck, "%s has another %s than its manifest says", of, kind)
		}
	}
	return total
}

// checkCopyRows looks for exactly the objects of a whole copy, each as it lies there.
func checkCopyRows(in place, backup backupRow, found *findings) {
	mine := 0
	for _, row := range in.objects {
		if row.BackupID != backup.ID {
			continue
		}
		mine++
		if one, ok := in.there[row.Name]; ok && one.attrs.Generation != row.Generation {
			found.addf(copiesCheck, "%s is another generation than the catalogue says", row.Name)
		}
	}
	if mine != 3 { //nolint:mnd // archive, globals and manifest
		found.addf(copiesCheck, "%s lists %d objects", in.of(backup), mine)
	}
}

// dueAt is when the time of a backup and of its copies is over.
func (w *World) dueAt(backup backupRow) time.Time {
	return w.Rules.Promises.Backups.Keep.AddTo(backup.SnapshotAt, w.Rules.Company.Zone)
}

// tooOld reports whether a backup is so old that it is not copied any more: the bucket
// keeps a copy for half of the time.
func (w *World) tooOld(backup backupRow) bool {
	const half = 2
	return w.Now().Add(w.Rules.Promises.Backups.Keep.Shortest() / half).Add(oldCopy).After(w.dueAt(backup))
}

// checkCopyTimes looks for copies that went before their time, and for those that a
// prune which ended well has left behind without an entry that lets them stay.
func (w *World) checkCopyTimes(in place, held catalogue, entries []leaf, found *findings) {
	for _, backup := range held.backups {
		row, begun := in.row(backup.ID)
		if begun {
			due := w.dueAt(backup)
			stay{in.of(backup), due, row.PrunedAt, row.excepted(due, entries)}.judge(copiesCheck, w.pruned, found)
		}
	}
}

// excepted reports whether the ledger has an entry that lets exactly this copy stay
// beyond its time, for a cause of the policy, and none after it that ends the stay.
func (r copyRow) excepted(due time.Time, entries []leaf) bool {
	return excepted(entries, "copy.", due, func(said leaf) bool {
		return said.Body.Backup == r.BackupID && said.Body.Location == r.Location
	}, func(leaf) bool { return true })
}

// checkCopyEvidence looks for the entries that the state of each copy stands for, and
// whether each went in its time.
func (w *World) checkCopyEvidence(held catalogue, entries []leaf, found *findings) {
	for _, in := range held.places {
		w.checkCopyTimes(in, held, entries, found)
		for _, row := range in.rows {
			row.checkEvidence(entries, found)
		}
	}
}

// checkEvidence looks for one entry when the copy was made, one more at most for each time
// that it lost something or went with its bucket, and one when it went. One that went with
// its bucket may have been begun anew since.
func (r copyRow) checkEvidence(entries []leaf, found *findings) {
	count, withBucket := map[string]int{}, 0
	for _, entry := range entries {
		if entry.Body.Backup != r.BackupID || entry.Body.Location != r.Location {
			continue
		}
		count[entry.Kind]++
		switch entry.Kind {
		case "copy.bucket.gone":
			withBucket = 1
		case "backup.copied":
			withBucket = 0
		}
	}
	if r.State != stateCopied && r.State != statePruned {
		withBucket = 0 // it is being made anew
	}
	made := count["backup.copied"]
	if r.State == stateCopied && (made < 1 || made > 1+count["copy.missing"]+count["copy.bucket.gone"]) {
		found.addf("ledger", "a copy of %s in %s has %d entries backup.copied", r.BackupID, r.Location, made)
	}
	gone := count["copy.pruned"] + withBucket
	if want := map[bool]int{true: 1}[r.State == statePruned]; gone != want {
		found.addf("ledger", "a copy of %s in %s is %s and has %d entries of its end", r.BackupID, r.Location, r.State, gone)
	}
}
