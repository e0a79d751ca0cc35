package setup_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/setup"
)

// While files are stored, setup refuses a policy without their bucket, before it
// changes anything, and says why; with the bucket, or once they are gone, it goes on.
func TestTheBucketOfStoredFilesStaysInThePolicy(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec(t.Context(), `insert into file_backups (id, fileset, day, attempt, owner, opened_at, beat_at, state)
		values ('fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'uploads', '2026-11-22', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'test', '2026-11-22', '2026-11-22', 'running')`); err != nil {
		t.Fatal(err)
	}

	for bucket, refused := range map[string]bool{"": true, "example-files": false} {
		sets, err := setup.Forgotten(t.Context(), db, bucket)
		if err != nil || (len(sets) == 1 && sets[0] == "uploads") != refused {
			t.Errorf("bucket %q: %v, %v", bucket, sets, err)
		}
	}

	told := 0
	s := &setup.Setup{URL: url, Steward: db, Clock: clocks.Fixed(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)), Tell: func(setup.Step) { told++ }}

	report, err := s.Run(t.Context())
	if !failure.Is(err, failure.ConfigInvalid) || !strings.Contains(failure.Safe(err), "uploads are still stored") || len(report.Steps) != told || told != 2 {
		t.Errorf("%+v, %v", report, err)
	}

	if _, err := db.Exec(t.Context(), `update file_backups set state = 'pruned', pruned_at = now()`); err != nil {
		t.Fatal(err)
	}

	if sets, err := setup.Forgotten(t.Context(), db, ""); err != nil || len(sets) > 0 {
		t.Errorf("%v, %v", sets, err)
	}
}
