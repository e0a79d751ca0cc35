package copycatalogue_test

import (
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// Of what is gone only a copy that went with its bucket is begun anew, of a backup that
// is still proven and kept, and from nothing; its objects count as never stored.
func TestOnlyWhatWentWithItsBucketIsBegunAnew(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	owner, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(owner.Close)

	db, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_backup"))
	must(t, err)
	t.Cleanup(db.Close)

	const reset = `update backup_copies set state = 'running', copied_at = null, pruned_at = null, manifest_gen = null, bytes = 0, reason = ''`

	shelf := copycatalogue.Shelf{Bucket: "far"}

	for day, c := range map[string]struct {
		reason string
		gone   bool // in the first location
		sql    string
		anew   bool
	}{
		"2026-11-21": {reason: copycatalogue.WithItsBucket, anew: true},
		"2026-11-22": {reason: "its 7 days were over"},
		"2026-11-23": {reason: copycatalogue.WithItsBucket, gone: true},
		"2026-11-20": {reason: copycatalogue.WithItsBucket, gone: true, sql: reset},
		"2026-11-19": {reason: "its 7 days were over", sql: reset},
		"2026-11-24": {reason: copycatalogue.WithItsBucket, sql: `update backup_copies set state = 'running'`},
		"2026-11-25": {reason: copycatalogue.WithItsBucket, sql: `update backup_copies set state = 'copied'`},
		"2026-11-26": {reason: copycatalogue.WithItsBucket, sql: `update backup_copies set location = 'x'`},
	} {
		row := drilled(t, owner, day)
		fresh := copycatalogue.Copy{Backup: row.ID, Bucket: "far", Location: "far", StartedAt: start()}
		_, err := copycatalogue.Begin(t.Context(), db, fresh)
		must(t, err)

		object := catalogue.Object{Backup: row.ID, Attempt: row.Attempt, Name: day, Kind: "archive", Generation: 7, Bytes: 1, SHA256: "x"}
		must(t, announce(t, db, "far", object))
		must(t, copycatalogue.Stored(t.Context(), db, "far", object))

		fresh.CopiedAt, fresh.ManifestGen, fresh.Bytes = start(), 7, 1
		must(t, copycatalogue.RecordCopied(t.Context(), db, fresh))

		if begun, err := copycatalogue.Anew(t.Context(), db, fresh); err != nil || begun {
			t.Errorf("%s: a whole copy is begun anew: %v, %v", day, begun, err)
		}

		must(t, shelf.RecordPruned(t.Context(), db, row.ID, start(), c.reason))

		if c.gone {
			must(t, catalogue.RecordPruned(t.Context(), owner, row.ID, start(), "over"))
		}

		if c.sql != "" {
			if _, err := db.Exec(t.Context(), c.sql+" where backup_id = $1", row.ID); err == nil {
				t.Errorf("%s: %s went through", day, c.sql)
			}

			continue
		}

		fresh.Location, fresh.StartedAt = "remote", start().Add(1)

		begun, err := copycatalogue.Anew(t.Context(), db, fresh)
		if err != nil || begun != c.anew {
			t.Errorf("%s: %v, %v", day, begun, err)
		}

		found, err := copycatalogue.Of(t.Context(), db, row.ID)
		must(t, err)

		objects, err := shelf.EveryObject(t.Context(), db, row.ID)
		must(t, err)

		nothing := found[0].CopiedAt.IsZero() && found[0].PrunedAt.IsZero() && found[0].ManifestGen == 0 && found[0].Bytes == 0 && found[0].Reason == ""
		if c.anew != (found[0].State == copycatalogue.Running && nothing && found[0].Location == "remote" && objects[0].Generation == 0) {
			t.Errorf("%s: %+v, %+v", day, found[0], objects)
		}

		if c.anew {
			// It is done with before the next day's turn.
			must(t, shelf.RecordPruned(t.Context(), db, row.ID, start(), "over"))
		}
	}
}

// The newest copy goes at its time with a note of its own, also where it was begun anew
// after an exception, or the same note, of the one before; and with one only.
func TestACopyBegunAnewGoesWithItsNote(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	owner, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(owner.Close)

	db, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_backup"))
	must(t, err)
	t.Cleanup(db.Close)

	row := drilled(t, owner, "2026-11-22")
	shelf := copycatalogue.Shelf{Bucket: "far"}
	began, went := start(), start().Add(time.Hour)
	copied := copycatalogue.Copy{Backup: row.ID, Bucket: "far", Location: "far", StartedAt: began}

	_, err = copycatalogue.Begin(t.Context(), db, copied)
	must(t, err)

	noted := func(now time.Time, want bool) {
		t.Helper()

		fresh, err := shelf.RecordHonoured(t.Context(), db, catalogue.Exception{Backup: row.ID, Since: now, DueAt: now, EndedCause: "left_policy"})
		if err != nil || fresh != want {
			t.Errorf("%v: %v, %v", now, fresh, err)
		}
	}

	fresh, err := shelf.RecordException(t.Context(), db, catalogue.Exception{Backup: row.ID, Cause: "last_drilled", Since: began, DueAt: began})
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}

	noted(went, false)

	_, err = shelf.EndException(t.Context(), db, catalogue.Exception{Backup: row.ID, EndedAt: went, EndedCause: "bucket_deleted"})
	must(t, err)
	noted(went, false)

	for range 2 {
		must(t, shelf.RecordPruned(t.Context(), db, row.ID, went, copycatalogue.WithItsBucket))

		copied.StartedAt = went.Add(time.Hour)

		begun, err := copycatalogue.Anew(t.Context(), db, copied)
		if err != nil || !begun {
			t.Fatal(begun, err)
		}

		went = went.Add(2 * time.Hour)
		noted(went, true)
		noted(went.Add(time.Hour), false)

		found, err := shelf.Exceptions(t.Context(), db)
		must(t, err)

		if one := found[row.ID]; one.Cause != catalogue.Honoured || !one.EndedAt.Equal(went) || !one.ReleasedAt.Equal(went) || one.EndedCause != "left_policy" {
			t.Errorf("%+v", one)
		}
	}
}
