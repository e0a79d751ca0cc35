package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/ledger"
	"steward/internal/report"
)

// copying is how the copy of one day went. The zero value is a copy like any other.
type copying struct {
	none, unfinished, kept bool
	late, pruned           time.Duration // after the usual time
	lies                   []ledger.Kind
	location               string // what the entries call the place, if not far
}

// copyOf adds the copy of a day's backup in the place far, with its entries.
func (w *world) copyOf(database, day string, how copying) {
	w.Helper()

	if how.none {
		return
	}

	if how.location == "" {
		how.location = "far"
	}

	row := *w.find(database, day)
	row.Copy = &report.Copy{Of: database, Names: []string{"far", "remote"}, ManifestGen: 77}
	row.Database, row.State, row.TakenAt, row.PrunedAt, row.DrillMS, row.Rows = "copies/far/"+database, "running", time.Time{}, time.Time{}, 0, 0
	write := func(kind ledger.Kind, at time.Time, body ledger.Body) {
		if !slices.Contains(how.lies, kind) {
			w.write(kind, at, body)
		}
	}

	if at := row.SnapshotAt.Add(20*time.Minute + how.late); !how.unfinished && !at.After(w.facts.AsOf) {
		row.State, row.Copy.CopiedAt = "copied", at
		write(ledger.BackupCopied, at, ledger.CopyBody{
			Backup: row.ID, Database: database, Day: day, Location: how.location, Generation: 77, ManifestSHA256: row.ManifestSHA256,
			SnapshotAt: row.SnapshotAt, Objects: []ledger.ObjectBody{{Name: "x", Generation: 1}},
		})
	}

	if at := row.SnapshotAt.Add(7*24*time.Hour + 12*time.Minute + how.pruned); !how.kept && !at.After(w.facts.AsOf) {
		due := row.SnapshotAt.Add(7 * 24 * time.Hour)
		row.State, row.PrunedAt = "pruned", at
		write(ledger.CopyPruned, at, ledger.RemovalBody{
			Backup: row.ID, Database: database, Day: day, Location: how.location, Generation: 77, ManifestSHA256: row.ManifestSHA256, DueAt: &due,
		}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
	}

	w.facts.Backups = append(w.facts.Backups, row)
}

// copies adds those of every day of the month.
func (w *world) copies(database string, how map[int]copying) {
	w.Helper()

	for day := w.facts.Month.First(); !day.After(w.facts.Month.Last()); day = day.Next() {
		w.copyOf(database, day.String(), how[day.Time().Day()])
	}
}

// A month of copies is told beside that of its database: where they lie, when each was
// whole, by which drill it is proven, when it went; the drills are counted once.
func TestAMonthOfCopies(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "copies/far/app")
	w.whole("app", nil)
	w.copies("app", map[int]copying{5: {location: "remote"}})
	w.seal(0)

	made := w.assemble()
	if !made.Holds || len(made.Databases) != 2 || made.Format != "steward-backup-evidence/3" {
		t.Fatalf("holds %v, %d items", made.Holds, len(made.Databases))
	}

	app, far := made.Databases[0], made.Databases[1]
	if far.CopyOf != "app" || far.Location != "far" || app.CopyOf != "" || app.Location != "" {
		t.Errorf("%q in %q", far.CopyOf, far.Location)
	}

	if far.Totals.Proven != 30 || far.Totals.Pruned != 30 || far.RTO != (report.RTO{}) || far.RPO.LargestSeconds != 24*3600 || app.RTO.Drills != 30 {
		t.Errorf("%+v, %+v, %+v", far.Totals, far.RTO, far.RPO)
	}

	for i, day := range far.Days {
		own := app.Days[i]
		if codes(day)+codes(own) != "" || day.Backup != own.Backup || day.CopiedEntry == "" || !day.CopiedAt.Equal(own.SnapshotAt.Add(20*time.Minute)) ||
			day.DrilledEntry != own.DrilledEntry || !day.DrilledAt.Equal(own.DrilledAt) || day.TakenEntry != "" || !day.TakenAt.IsZero() ||
			day.PrunedEntry == "" || day.PrunedEntry == own.PrunedEntry || own.CopiedEntry != "" {
			t.Errorf("%+v beside %+v", day, own)
		}
	}
}

// What a day's story becomes for its copy. Nothing of it is held against the backup.
func TestDaysOfCopies(t *testing.T) {
	t.Parallel()

	const day = "2026-11-10"

	for name, c := range map[string]struct {
		how    copying
		backup plan
		change func(w *world)
		state  report.State
		codes  string
	}{
		"as promised":           {state: report.Proven},
		"none":                  {how: copying{none: true}, state: report.Missed, codes: "not_copied!"},
		"never whole":           {how: copying{unfinished: true}, state: report.Missed, codes: "not_copied!"},
		"copied late":           {how: copying{late: 3 * time.Hour}, state: report.Proven, codes: "late"},
		"nobody knows of it":    {how: copying{lies: []ledger.Kind{ledger.BackupCopied}}, state: report.Missed, codes: "not_copied! unproven!"},
		"nobody has a receipt":  {how: copying{lies: []ledger.Kind{ledger.CopyPruned}}, state: report.Proven, codes: "unproven!"},
		"of what no drill told": {backup: plan{lies: []ledger.Kind{ledger.BackupDrilled}}, state: report.Missed, codes: "not_copied! unproven!"},
		"pruned late":           {how: copying{pruned: 3 * time.Hour}, state: report.Proven, codes: "above_ceiling!"},
		"pruned early":          {how: copying{pruned: -13 * time.Minute}, state: report.Proven, codes: "below_floor!"},
		"never pruned":          {how: copying{kept: true}, state: report.Proven, codes: "above_ceiling!"},
		"in another generation": {state: report.Missed, codes: "not_copied!" + strings.Repeat(" unproven!", 2), change: func(w *world) {
			w.find("copies/far/app", day).Copy.ManifestGen = 78
		}},
		"an object was lost": {state: report.Proven, codes: "lost!", change: func(w *world) {
			w.write(ledger.CopyMissing, utc(11, 12, 2, 31), ledger.RemovalBody{
				Backup: w.find("app", day).ID, Database: "app", Day: day, Location: "far",
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		}},
		"an object stayed too long, in a place of another name": {state: report.Proven, codes: "overdue!", change: func(w *world) {
			w.write(ledger.CopyOverdue, utc(11, 17, 5, 31), ledger.OverdueBody{
				Backup: w.find("app", day).ID, Location: "beyond", Object: "x", DueAt: utc(11, 17, 2, 30), Cause: "retained",
			})
		}},
		"kept under an exception that lasts": {how: copying{kept: true}, state: report.Proven, codes: "exception", change: func(w *world) {
			w.facts.Backups = slices.DeleteFunc(w.facts.Backups, func(b report.Backup) bool { return b.Copy != nil && b.Day.String() > day })
			w.write(ledger.CopyExcepted, utc(11, 17, 2, 31), ledger.ExceptionBody{
				Backup: w.find("app", day).ID, Database: "app", Day: day, Location: "far", DueAt: utc(11, 17, 2, 30), Cause: "last_drilled",
			})
		}},
		"lost, and copied again": {state: report.Proven, codes: "lost! retaken", change: func(w *world) {
			row := w.find("copies/far/app", day)
			w.write(ledger.CopyMissing, utc(11, 12, 2, 31), ledger.RemovalBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far",
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
			row.Copy = &report.Copy{Of: "app", Names: []string{"far"}, ManifestGen: 77, CopiedAt: utc(11, 12, 3, 31)}
			w.write(ledger.BackupCopied, row.Copy.CopiedAt, ledger.CopyBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far", Generation: 77, ManifestSHA256: row.ManifestSHA256,
				SnapshotAt: row.SnapshotAt, Objects: []ledger.ObjectBody{{Name: "x", Generation: 2}},
			})
		}},
		"lost, and not yet copied again": {how: copying{kept: true}, state: report.Missed, codes: "not_copied! above_ceiling! lost!", change: func(w *world) {
			row := w.find("copies/far/app", day)
			row.State = "running"
			w.write(ledger.CopyMissing, utc(11, 12, 2, 31), ledger.RemovalBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far",
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		}},
		"gone with its bucket": {how: copying{lies: []ledger.Kind{ledger.CopyPruned}}, state: report.Proven, codes: "recorded", change: func(w *world) {
			row := w.find("copies/far/app", day)
			row.PrunedAt = utc(11, 13, 3, 0)
			due := utc(11, 17, 2, 30)
			w.write("copy.bucket.gone", row.PrunedAt, ledger.RemovalBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far", Generation: 77, ManifestSHA256: row.ManifestSHA256,
				DueAt: &due,
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		}},
		"a kind that nobody knows": {state: report.Proven, codes: "recorded", change: func(w *world) {
			w.write("copy.swept", utc(11, 12, 0, 0), ledger.RemovalBody{
				Backup: w.find("app", day).ID, Database: "app", Day: day, Location: "far",
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		}},
	} {
		w := newWorld(t, "2026-11", later(), "app", "copies/far/app")
		w.whole("app", map[int]plan{10: c.backup})
		w.copies("app", map[int]copying{10: c.how})

		if c.change != nil {
			c.change(w)
		}

		w.seal(0)

		made := w.assemble()
		if got := dayOf(made, "copies/far/app", day); got.State != c.state || codes(got) != c.codes {
			t.Errorf("%s: %s %q instead of %s %q", name, got.State, codes(got), c.state, c.codes)
		}

		if got := dayOf(made, "app", day); c.backup.lies == nil && codes(got) != "" {
			t.Errorf("%s: the backup is told to be %q", name, codes(got))
		}
	}
}

// A copy that lacked an object for a while was not whole in that time, and the report
// says from when until when, for each such time alone; one that lasts has no end.
func TestACopyThatWasNotWholeForAWhile(t *testing.T) {
	t.Parallel()

	const day = "2026-11-10"

	w := newWorld(t, "2026-11", later(), "app", "copies/far/app")
	w.whole("app", nil)
	w.copies("app", nil)

	row := w.find("copies/far/app", day)
	lose := func(at time.Time, object string) {
		w.write(ledger.CopyMissing, at, ledger.RemovalBody{
			Backup: row.ID, Database: "app", Day: day, Location: "far",
		}.WithObjects([]ledger.ObjectBody{{Name: object, Generation: 1}}))
	}
	mend := func(at time.Time) {
		row.Copy.CopiedAt = at
		w.write(ledger.BackupCopied, at, ledger.CopyBody{
			Backup: row.ID, Database: "app", Day: day, Location: "far", Generation: 77, ManifestSHA256: row.ManifestSHA256,
			SnapshotAt: row.SnapshotAt, Objects: []ledger.ObjectBody{{Name: "x", Generation: 2}},
		})
	}

	lose(utc(11, 11, 3, 31), "x")
	lose(utc(11, 11, 4, 31), "y")
	mend(utc(11, 13, 3, 45))
	lose(utc(11, 14, 3, 31), "x")
	mend(utc(11, 14, 4, 45))
	lose(utc(11, 15, 3, 31), "x")
	w.seal(0)

	type gap struct {
		at, until time.Time
		count     int64
	}

	var got []gap

	made := w.assemble()
	for _, each := range dayOf(made, "copies/far/app", day).Findings {
		if each.Code == report.FindLost && each.Broken {
			got = append(got, gap{each.At, each.Until, each.Count})
		}
	}

	want := []gap{
		{utc(11, 11, 3, 31), utc(11, 13, 3, 45), 2}, {utc(11, 14, 3, 31), utc(11, 14, 4, 45), 1}, {utc(11, 15, 3, 31), time.Time{}, 1},
	}
	if !slices.Equal(got, want) || made.Holds {
		t.Errorf("%+v, holds %v", got, made.Holds)
	}
}

// After a move of a place to another bucket the entries about the old one are not held
// against the new one, nor the other way round: they name their bucket. Those of before
// they did count for both, by the name of the place.
func TestAPlaceThatMoved(t *testing.T) {
	t.Parallel()

	const (
		day, old = "2026-11-10", "9-old"
		now      = "copies/far/app"
		before   = "copies/far@" + old + "/app"
	)

	for name, c := range map[string]struct {
		bucket, known string
		now, before   string
		alone         bool // the report is of the new place only
	}{
		"entries that name it":          {bucket: old, before: "lost!"},
		"of a place that was moved to":  {bucket: "new", now: "lost!"},
		"in a report of one place":      {bucket: old, alone: true},
		"where the row says its bucket": {bucket: old, known: "new", before: "lost!"},
		"entries of before":             {now: "lost!", before: "lost!"},
	} {
		w := newWorld(t, "2026-11", later(), "app", now, before)
		w.whole("app", nil)

		row := w.find("app", day)
		for item, bucket := range map[string]string{now: "new", before: old} {
			at, due := row.SnapshotAt.Add(20*time.Minute), row.SnapshotAt.Add(7*24*time.Hour)
			one := *row
			one.Database, one.State, one.TakenAt, one.PrunedAt = item, "pruned", time.Time{}, due
			one.Copy = &report.Copy{Of: "app", Names: []string{"far"}, ManifestGen: int64(len(bucket)), CopiedAt: at}

			if item == now {
				one.Copy.Bucket = c.known
			}

			if item == now || !c.alone {
				w.facts.Backups = append(w.facts.Backups, one)
			}

			w.write(ledger.BackupCopied, at, ledger.CopyBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far", Bucket: ledger.BucketName(bucket), Generation: int64(len(bucket)),
				ManifestSHA256: row.ManifestSHA256, SnapshotAt: row.SnapshotAt, Objects: []ledger.ObjectBody{{Name: "x", Generation: 1}},
			})
			w.write(ledger.CopyPruned, due, ledger.RemovalBody{
				Backup: row.ID, Database: "app", Day: day, Location: "far", Bucket: ledger.BucketName(bucket), Generation: int64(len(bucket)),
				ManifestSHA256: row.ManifestSHA256, DueAt: &due,
			}.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		}

		body := ledger.RemovalBody{Backup: row.ID, Database: "app", Day: day, Location: "far"}
		if c.bucket != "" {
			body.Bucket = ledger.BucketName(c.bucket)
		}

		w.write(ledger.CopyMissing, utc(11, 12, 2, 31), body.WithObjects([]ledger.ObjectBody{{Name: "x", Generation: 1}}))
		w.seal(0)

		made := w.assemble()
		if got := codes(dayOf(made, now, day)); got != c.now {
			t.Errorf("%s: the new bucket: %q", name, got)
		}

		if got := codes(dayOf(made, before, day)); !c.alone && got != c.before {
			t.Errorf("%s: the old bucket: %q", name, got)
		}
	}
}

// A report of an instant knows no copy of after it.
func TestNoCopyFromTheFuture(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "copies/far/app")
	w.whole("app", nil)
	w.copies("app", nil)
	w.seal(0)
	w.facts.AsOf = utc(11, 10, 2, 45)

	made := w.assemble()
	if got := dayOf(made, "copies/far/app", "2026-11-10"); got.State != report.Due || !got.CopiedAt.IsZero() || got.DrilledEntry != "" {
		t.Errorf("%+v", got)
	}

	if got := dayOf(made, "copies/far/app", "2026-11-05"); got.State != report.Proven || !got.PrunedAt.IsZero() {
		t.Errorf("%+v", got)
	}

	for _, row := range w.facts.Backups {
		if row.Copy != nil && row.Copy.CopiedAt.IsZero() {
			t.Error("the facts were changed")
		}
	}
}
