package stored_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/doctor/stored"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filestest"
)

// filesBench is a bench with a good backup of two days, and what compares it.
func filesBench(t *testing.T) (*filestest.Bench, *stored.Checker, filecatalogue.Backup) {
	t.Helper()

	b := filestest.New(t)
	b.Write(t, "a", "the first file")
	b.Write(t, "b", strings.Repeat("the second file ", 100))
	b.Drilled(t)
	b.Clock.Advance(24 * time.Hour)
	b.Write(t, "c", "the third file")

	drilled := b.Drilled(t)

	return b, &stored.Checker{Steward: b.Steward, Bucket: b.Bucket, Files: b.Bucket, Verifier: b.Driller.Verifier}, drilled
}

func checkFiles(t *testing.T, c *stored.Checker, backup filecatalogue.Backup, asOf time.Time) stored.FilesResult {
	t.Helper()

	result, err := c.CheckFiles(t.Context(), backup, asOf)
	if err != nil {
		t.Fatal(err)
	}

	return result
}

func TestFilesThatAreThereAreGood(t *testing.T) {
	t.Parallel()

	b, c, drilled := filesBench(t)
	now := b.Clock.Now()

	if result := checkFiles(t, c, drilled, now); result.Verdict != stored.Good || len(result.Findings) > 0 || result.Objects != 5 {
		t.Errorf("%+v", result)
	}

	for _, state := range []catalogue.State{catalogue.Running, catalogue.Bad, catalogue.Pruned} {
		other := drilled
		other.State = state

		if result := checkFiles(t, c, other, now); result.Verdict != stored.Skipped {
			t.Errorf("%s: %+v", state, result)
		}
	}

	c.Files = nil
	if result := checkFiles(t, c, drilled, now); result.Verdict != stored.Bad || result.Findings[0].Code != failure.PolicyInvalid {
		t.Errorf("a policy without a bucket for files: %+v", result)
	}
}

// TestWhateverIsOffWithFilesIsFound changes one thing at a time: the row, what the
// catalogue knows, and last the bucket.
func TestWhateverIsOffWithFilesIsFound(t *testing.T) {
	t.Parallel()

	b, c, drilled := filesBench(t)
	now := b.Clock.Now()
	content := func(number string) string {
		return b.Strings(t, `select object from file_contents order by object limit 1 offset `+number)[0]
	}

	for _, test := range []struct {
		name   string
		change func(*filecatalogue.Backup)
		want   failure.Code
	}{
		{"another generation of the manifest", func(f *filecatalogue.Backup) { f.ManifestGen++ }, failure.ObjectNotFound},
		{"another hash of the manifest", func(f *filecatalogue.Backup) { f.ManifestSHA256 = strings.Repeat("0", 64) }, failure.ManifestInvalid},
		{"another day", func(f *filecatalogue.Backup) { f.Day = "2026-11-21" }, failure.ManifestInvalid},
		{"another set", func(f *filecatalogue.Backup) { f.Files = "pictures" }, failure.ManifestInvalid},
		{"contents of another snapshot", func(f *filecatalogue.Backup) { f.SnapshotAt = f.SnapshotAt.Add(-24 * time.Hour) }, failure.EvidenceMissing},
		{"a content that is replaced", func(*filecatalogue.Backup) { b.Replace(t, content("0"), []byte("x")) }, failure.ArchiveInvalid},
		{"a content of another size", func(*filecatalogue.Backup) {
			b.Exec(t, `alter table file_contents disable trigger all`)
			b.Exec(t, `update file_contents set bytes = bytes + 1 where object = $1`, content("1"))
		}, failure.ArchiveInvalid},
		{"a content that is gone", func(*filecatalogue.Backup) {
			if err := b.Bucket.Remove(t.Context(), content("2")); err != nil {
				t.Fatal(err)
			}
		}, failure.ObjectNotFound},
		{"a list that is replaced", func(*filecatalogue.Backup) { b.Replace(t, b.Header(t, drilled).List.Object, []byte("x")) }, failure.ArchiveInvalid},
	} {
		changed := drilled
		test.change(&changed)

		result := checkFiles(t, c, changed, now)
		if result.Verdict != stored.Bad || !has(result.Findings, test.want) {
			t.Errorf("%s: %+v", test.name, result)
		}
	}
}

func has(findings []stored.Finding, code failure.Code) bool {
	for _, one := range findings {
		if one.Code == code {
			return true
		}
	}

	return false
}

// A bucket that does not answer says nothing about a backup.
func TestFilesThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()

	b, c, drilled := filesBench(t)
	b.Steward.Close()

	if result, err := c.CheckFiles(t.Context(), drilled, b.Clock.Now()); !failure.Is(err, failure.Unavailable) {
		t.Errorf("%+v, %v", result, err)
	}
}
