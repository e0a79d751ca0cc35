package removal_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/removal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// An orphan lies in a bucket whose retention policy keeps it: that is no failure,
// and it goes as soon as the bucket lets it.
func TestOrphansGoWhenTheBucketLetsThem(t *testing.T) {
	t.Parallel()

	ctx := t.Context()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	clock := gcstest.NewClock(now)

	client, err := gcs.Open(ctx, gcs.Options{Endpoint: gcstest.Start(t, clock).URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	bucket := client.Bucket("backups")
	if _, err := bucket.Create(ctx, gcs.Settings{Location: "EU", Retention: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}

	steward, err := postgres.Open(ctx, pgtest.Steward(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(steward.Close)

	opened, err := catalogue.Open(ctx, steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: "2026-11-22", Attempt: ids.New("att"), Owner: "test", OpenedAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}

	orphan := catalogue.Object{Backup: opened.ID, Attempt: ids.New("att"), Name: "app/orphan", Kind: "archive"}
	if err := catalogue.Announce(ctx, steward, orphan); err != nil {
		t.Fatal(err)
	}

	if _, err := bucket.Put(ctx, orphan.Name, strings.NewReader("left by a killed attempt"), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	remover := removal.Remover{Steward: steward, Bucket: bucket}
	opened.State = catalogue.Drilled

	for _, step := range []struct {
		later time.Duration
		gone  int
	}{{time.Hour, 0}, {24 * time.Hour, 1}, {time.Hour, 0}} {
		clock.Advance(step.later)

		gone, err := remover.Orphans(ctx, opened, clock.Now())
		if err != nil || gone != step.gone {
			t.Errorf("after %s: %d gone, %v", step.later, gone, err)
		}
	}
}
