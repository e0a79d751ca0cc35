package month_test

import (
	"slices"
	"testing"
	"time"

	"steward/internal/evidence/month"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/report"
)

// copied adds a copy of a day's backup of the database app.
func (w world) copied(day, bucket, location, state string, at time.Time) {
	w.Helper()

	var done, gone *time.Time
	if state != "running" {
		done = &at
	}

	if state == "pruned" {
		gone = &at
	}

	w.run(`alter table backup_copies disable trigger backup_copies_step`)
	w.run(`insert into backup_copies (backup_id, bucket, location, state, started_at, copied_at, pruned_at, manifest_gen, bytes)
		select id, $2, $3, $4, $5, $6, $7, 7, 99 from backups where database = 'app' and day = $1::date`, day, bucket, location, state, at, done, gone)
}

// Copies are read under the names of their places, those of before the month as far as
// the first gap needs them; after a move those in the bucket of before are told apart.
func TestGatherCopies(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.from.Policy.Promises.Backups.Copies = []policy.Copy{{Name: "far", Bucket: "bucket-b"}}
	at := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)

	for _, day := range []string{"2026-10-29", "2026-10-30", "2026-11-01", "2026-11-02", "2026-11-03"} {
		w.row("app", day, "drilled")
	}

	w.copied("2026-10-29", "bucket-a", "far", "pruned", at.AddDate(0, 0, -4))
	w.copied("2026-10-30", "bucket-a", "far", "copied", at.AddDate(0, 0, -3))
	w.copied("2026-11-01", "bucket-a", "far", "copied", at.AddDate(0, 0, -2))
	w.copied("2026-11-01", "bucket-b", "far", "copied", at)
	w.copied("2026-11-02", "bucket-b", "remote", "copied", at) // a name that it had between
	w.copied("2026-11-03", "bucket-b", "far", "running", at)

	facts, err := month.Gather(t.Context(), w.from, november(w, ""))
	if err != nil {
		t.Fatal(err)
	}

	var found []string

	for _, each := range facts.Backups {
		if each.Copy == nil {
			continue
		}

		word := map[bool]string{true: " -", false: " whole"}[each.Copy.CopiedAt.IsZero()]
		found = append(found, each.Database+" "+each.Day.String()[5:]+" "+each.State+word)

		if each.Copy.Of != "app" || each.Copy.ManifestGen != 7 || each.Bytes != 99 || each.DrilledAt.IsZero() || each.ManifestSHA256 != "hash" {
			t.Errorf("%+v, %+v", each, each.Copy)
		}
	}

	want := []string{
		"copies/far@bucket-a/app 10-30 copied whole", "copies/far@bucket-a/app 11-01 copied whole", "copies/far/app 11-01 copied whole",
		"copies/remote/app 11-02 copied whole", "copies/far/app 11-03 running -",
	}
	slices.Sort(want)
	slices.Sort(found)

	if !slices.Equal(found, want) {
		t.Errorf("%q", found)
	}

	if facts.Watched["copies/far/app"].IsZero() || facts.Watched["copies/far/steward"].IsZero() {
		t.Errorf("%v", facts.Watched)
	}

	one, err := month.Gather(t.Context(), w.from, november(w, "copies/far/app"))
	if err != nil || len(one.Backups) != 2 || len(one.Rule.Databases) != 1 {
		t.Errorf("%+v, %v", one.Backups, err)
	}

	made, err := report.Assemble(one)
	if err != nil || len(made.Databases) != 1 || made.Databases[0].CopyOf != "app" || made.Databases[0].Location != "far" {
		t.Errorf("%+v, %v", made.Databases, err)
	}

	if _, err := month.Gather(t.Context(), w.from, november(w, "copies/near/app")); !failure.Is(err, failure.UnknownDatabase) {
		t.Error(err)
	}
}
