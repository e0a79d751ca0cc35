package catalogue_test

import (
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/ids"
	"steward/internal/pgtest"
)

// What an earlier attempt at a day lost is not missing of the attempt that stands.
func TestWhatAnEarlierAttemptLostIsNotMissing(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

	row, err := catalogue.Open(t.Context(), db, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: "2026-11-22", Attempt: ids.New("att"), Owner: "test", OpenedAt: at,
	})
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		attempt string
		want    time.Time
	}{{ids.New("att"), time.Time{}}, {row.Attempt, at.Add(time.Hour)}} {
		name := "app/2026-11-22/" + c.attempt + "/archive"
		if err := catalogue.Announce(t.Context(), db, catalogue.Object{Backup: row.ID, Attempt: c.attempt, Name: name, Kind: "archive"}); err != nil {
			t.Fatal(err)
		}

		lost := catalogue.Finding{Backup: row.ID, Name: name, Generation: 1}
		if fresh, err := catalogue.RecordMissing(t.Context(), db, lost, at.Add(time.Hour)); err != nil || !fresh {
			t.Fatal(fresh, err)
		}

		if since, err := catalogue.MissingSince(t.Context(), db); err != nil || !since[row.ID].Equal(c.want) {
			t.Errorf("%v, %v, want %v", since, err, c.want)
		}
	}
}
