package harness

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// filesCheck is the name of the checks of files.
const filesCheck = "files"

// filesCatalogue is what the steward database says about files.
type filesCatalogue struct {
	backups  []filesRow
	objects  []objectRow
	contents []contentRow
}

type filesRow struct {
	ID             string     `json:"id"`
	Set            string     `json:"fileset"`
	Day            string     `json:"day"`
	State          string     `json:"state"`
	Attempt        string     `json:"attempt"`
	OpenedAt       time.Time  `json:"opened_at"`
	SnapshotAt     *time.Time `json:"snapshot_at"`
	PrunedAt       *time.Time `json:"pruned_at"`
	ManifestObject string     `json:"manifest_object"`
	ManifestGen    int64      `json:"manifest_gen"`
	ManifestSHA256 string     `json:"manifest_sha256"`
	Files          int64      `json:"files"`
	Bytes          int64      `json:"bytes"`
}

// of is how people name a row.
func (r filesRow) of() string { return "files/" + r.Set + " " + r.Day }

type contentRow struct {
	ID          string     `json:"id"`
	Set         string     `json:"fileset"`
	Object      string     `json:"object"`
	Generation  int64      `json:"generation"`
	Bytes       int64      `json:"bytes"`
	SHA256      string     `json:"sha256"`
	PlainSHA256 string     `json:"plain_sha256"`
	FirstAt     time.Time  `json:"first_at"`
	NewestAt    time.Time  `json:"newest_at"`
	BadAt       *time.Time `json:"bad_at"`
	GoneAt      *time.Time `json:"gone_at"`
}

func (w *World) readFiles(ctx context.Context) (held filesCatalogue, err error) {
	if err := readJSON(ctx, w.StewardURL, `select to_jsonb(b)::text from file_backups as b order by fileset, day`, &held.backups); err != nil {
		return held, err
	}
	if err := readJSON(ctx, w.StewardURL, `select to_jsonb(o)::text from file_objects as o order by name`, &held.objects); err != nil {
		return held, err
	}
	return held, readJSON(ctx, w.StewardURL, `select to_jsonb(c)::text from file_contents as c order by id`, &held.contents)
}

// forget lets go of what was opened of objects that are there no longer.
func (w *World) forget(there map[string]looked) {
	maps.DeleteFunc(w.opened, func(key string, _ []byte) bool {
		name, _, _ := strings.Cut(key, "#")
		_, still := there[name]
		return !still
	})
	prefix := w.Rules.Storage.Files + "/"
	maps.DeleteFunc(w.read, func(key string, _ []byte) bool {
		name, inFiles := strings.CutPrefix(key, prefix)
		name, _, _ = strings.Cut(name, "#")
		_, still := there[name]
		return inFiles && !still
	})
}

// checkFiles looks through the backups of files: catalogue, bucket, what is stored,
// and what each good day names.
func (w *World) checkFiles(ctx context.Context, all catalogue, found *findings) error {
	held := all.files
	w.checkFileRows(held, found)
	there, err := w.lookAt(ctx, w.Rules.Storage.Files, filesCheck, found)
	if err != nil {
		return err
	}
	w.forget(there)
	if err := w.checkFileObjects(held, there, found); err != nil {
		return err
	}
	return w.checkFileDays(ctx, held, there, found)
}

// checkFileRows looks for exactly one good backup of each set and day that was
// opened, and for what a good row must have.
func (w *World) checkFileRows(held filesCatalogue, found *findings) {
	seen := map[string]bool{}
	for _, row := range held.backups {
		if seen[row.of()] {
			found.addf(filesCheck, "%s is there twice", row.of())
		}
		seen[row.of()] = true
		switch row.State {
		case stateGood:
			if row.ManifestGen == 0 || row.ManifestSHA256 == "" || row.SnapshotAt == nil || row.Files == 0 {
				found.addf(filesCheck, "%s is called good and lacks evidence", row.of())
			}
		case statePruned:
		default:
			if !slices.Contains(w.Options.Open, row.of()) {
				found.addf(filesCheck, "%s has no good backup, it is %s", row.of(), row.State)
			}
		}
	}
	for _, object := range held.objects {
		at := slices.IndexFunc(held.backups, func(row filesRow) bool { return row.ID == object.BackupID })
		switch {
		case at < 0:
			found.addf(filesCheck, "object %s belongs to no backup", object.Name)
		case held.backups[at].State == statePruned && object.PrunedAt == nil:
			found.addf(filesCheck, "object %s belongs to a pruned backup and is not marked gone", object.Name)
		}
	}
}

// checkFileEvidence looks for exactly one entry of each kind that a day's state
// stands for, and that the ledger counts every content that is gone.
func (w *World) checkFileEvidence(held filesCatalogue, entries []leaf, found *findings) {
	w.checkFileTimes(held, entries, found)
	for _, row := range held.backups {
		row.checkEvidence(entries, found)
	}
	told, gone := map[string]int64{}, map[string]int64{}
	for _, entry := range entries {
		if entry.Kind == "files.pruned" && entry.Body.ContentsSHA256 != "" {
			told[entry.Body.Files] += entry.Body.Count
		}
	}
	for _, content := range held.contents {
		if content.GoneAt != nil {
			gone[content.Set]++
		}
	}
	if !maps.Equal(told, gone) {
		found.addf("ledger", "contents of files that are gone are %v, the ledger tells of %v", gone, told)
	}
}

// checkEvidence looks for the entries of one day.
func (r filesRow) checkEvidence(entries []leaf, found *findings) {
	count := map[string]int{}
	for _, entry := range entries {
		if entry.Body.Backup != r.ID {
			continue
		}
		if entry.Body.Files != r.Set || entry.Body.Day != r.Day {
			found.addf("ledger", "an entry says another day of %s", r.ID)
		}
		if entry.Body.ManifestSHA256 == r.ManifestSHA256 {
			count[entry.Kind]++
		}
	}
	wanted := map[string]int{}
	switch r.State {
	case stateGood:
		wanted = map[string]int{"files.stored": 1, "files.drilled": 1, "files.pruned": 0}
	case statePruned:
		wanted = map[string]int{"files.pruned": 1}
	}
	for kind, want := range wanted {
		if count[kind] != want {
			found.addf("ledger", "%s is %s and has %d entries %s", r.of(), r.State, count[kind], kind)
		}
	}
}
