package copies_test

import (
	"strings"
	"testing"

	"steward/internal/copies"
	"steward/internal/copycatalogue"
	"steward/internal/doctor/stored"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// An auditor compares a copy with the manifest that lies beside it: what is whole is
// good, what was replaced or taken is found, what is not whole yet is skipped.
func TestACopyIsVerified(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	checker := &stored.Checker{Steward: w.owner, Bucket: w.near, Verifier: w.Verifier}
	row := w.drilled(t)

	check := func() stored.Result {
		t.Helper()

		found, err := copycatalogue.Of(t.Context(), w.owner, row.ID)
		must(t, err)

		result, err := checker.CheckCopy(t.Context(), row, found[0], w.far, w.clock.Now())
		must(t, err)

		return result
	}

	_, err := copycatalogue.Begin(t.Context(), w.owner, copycatalogue.Copy{Backup: row.ID, Bucket: "far", Location: "far", StartedAt: start()})
	must(t, err)

	if got := check(); got.Verdict != stored.Skipped {
		t.Errorf("%+v", got)
	}

	w.copied(t, row, copies.Result{Copied: 1})

	if got := check(); got.Verdict != stored.Good || got.Location != "far" || got.Objects != 3 {
		t.Errorf("%+v", got)
	}

	w.clock.Advance(4 * day) // the bucket keeps it for half of its time

	archive := strings.Replace(row.ManifestObject, "/manifest", "/archive", 1)
	stat, err := w.far.Stat(t.Context(), archive)
	must(t, err)

	for _, step := range []struct {
		content string
		code    failure.Code
	}{{"", failure.ObjectNotFound}, {"all rows of another", failure.ArchiveInvalid}} {
		if step.content == "" {
			must(t, w.far.Delete(t.Context(), archive, stat.Generation))
		} else {
			_, err = w.far.Put(t.Context(), archive, strings.NewReader(step.content), gcs.PutOptions{})
			must(t, err)
		}

		if got := check(); got.Verdict != stored.Bad || len(got.Findings) != 1 || got.Findings[0].Code != step.code {
			t.Errorf("%+v", got)
		}
	}

	manifest, err := w.far.Stat(t.Context(), row.ManifestObject)
	must(t, err)
	must(t, w.far.Delete(t.Context(), row.ManifestObject, manifest.Generation))

	if got := check(); got.Verdict != stored.Bad || got.Objects != 1 {
		t.Errorf("%+v", got)
	}
}
