package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// catalogue is what the steward database says, read as JSON so that no type of
// the product stands between the rows and the checks.
type catalogue struct {
	backups []backupRow
	objects []objectRow
	places  []place // the policy's other locations
	files   filesCatalogue
}

type backupRow struct {
	ID             string     `json:"id"`
	Database       string     `json:"database"`
	Day            string     `json:"day"`
	State          string     `json:"state"`
	Attempt        string     `json:"attempt"`
	OpenedAt       time.Time  `json:"opened_at"`
	SnapshotAt     time.Time  `json:"snapshot_at"`
	PrunedAt       *time.Time `json:"pruned_at"`
	ManifestObject string     `json:"manifest_object"`
	ManifestGen    int64      `json:"manifest_gen"`
	ManifestSHA256 string     `json:"manifest_sha256"`
	Bytes          int64      `json:"bytes"`
	Rows           int64      `json:"rows"`
}

type objectRow struct {
	BackupID   string     `json:"backup_id"`
	Attempt    string     `json:"attempt"`
	Name       string     `json:"name"`
	Kind       string     `json:"kind"`
	Generation int64      `json:"generation"`
	Bytes      int64      `json:"bytes"`
	SHA256     string     `json:"sha256"`
	PrunedAt   *time.Time `json:"pruned_at"`
}

// good are the states of a backup, as the catalogue writes them.
const (
	stateGood   = "drilled"
	statePruned = "pruned"
)

func (w *World) readCatalogue(ctx context.Context) (catalogue, error) {
	var held catalogue
	if err := readJSON(ctx, w.StewardURL, `select to_jsonb(b)::text from backups as b order by database, day`, &held.backups); err != nil {
		return held, err
	}
	if err := readJSON(ctx, w.StewardURL, `select to_jsonb(o)::text from backup_objects as o order by name`, &held.objects); err != nil {
		return held, err
	}
	var err error
	if held.places, err = w.readPlaces(ctx); err != nil {
		return held, err
	}
	held.files, err = w.readFiles(ctx)
	return held, err
}

func readJSON[T any](ctx context.Context, at, sql string, into *[]T) error {
	lines, err := Rows(ctx, at, sql)
	if err != nil {
		return err
	}
	for _, line := range lines {
		var row T
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		*into = append(*into, row)
	}
	return nil
}

// checkCatalogue looks for exactly one good backup of each database and day that
// was opened, and for what a good row must have.
func (w *World) checkCatalogue(held catalogue, found *findings) {
	seen := map[string]bool{}
	for _, row := range held.backups {
		key := row.Database + " " + row.Day
		if seen[key] {
			found.addf("catalogue", "%s is there twice", key)
		}
		seen[key] = true
		switch row.State {
		case stateGood:
			if row.Rows == 0 || row.ManifestGen == 0 || row.ManifestSHA256 == "" || row.SnapshotAt.IsZero() {
				found.addf("catalogue", "%s is called good and lacks evidence", key)
			}
		case statePruned:
		default:
			if !slices.Contains(w.Options.Open, key) {
				found.addf("catalogue", "%s has no good backup, it is %s", key, row.State)
			}
		}
	}
	checkOwners(held, found)
}

// checkOwners looks for objects whose backup is not there, or gone.
func checkOwners(held catalogue, found *findings) {
	for _, row := range held.objects {
		if row.PrunedAt != nil || row.Kind == "" {
			continue
		}
		if at := slices.IndexFunc(held.backups, func(b backupRow) bool { return b.ID == row.BackupID }); at < 0 {
			found.addf("catalogue", "object %s belongs to no backup", row.Name)
		} else if held.backups[at].State == statePruned {
			found.addf("catalogue", "object %s belongs to a pruned backup and is not marked gone", row.Name)
		}
	}
}
