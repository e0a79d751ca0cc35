package report_test

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
	"steward/internal/evidence/entries"
	"steward/internal/ledger"
	"steward/internal/promise"
	"steward/internal/report"
)

// ledgerName is the name of the key that these tests sign with.
const ledgerName = "example/ledger"

// testKeys are the same in every run, so that a signature can stand in a golden
// file. They protect nothing.
func testKeys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()

	seed := []byte(strings.Repeat("evidence", 4))
	public, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	must(t, ok)

	verifierKey, err := note.NewEd25519VerifierKey(ledgerName, public)
	must(t, err == nil)

	verifier, err := note.NewVerifier(verifierKey)
	must(t, err == nil)

	const algorithm = 1 // Ed25519, as of package note

	hash := strings.Split(verifierKey, "+")[1]
	signer, err := note.NewSigner("PRIVATE+KEY+" + ledgerName + "+" + hash + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{algorithm}, seed...)))
	must(t, err == nil)

	return signer, verifier
}

func must(t testing.TB, holds bool) {
	t.Helper()

	if !holds {
		t.Fatal("the test's own world could not be made")
	}
}

// world is a month in the making.
type world struct {
	testing.TB

	facts report.Facts
	made  int
}

// duration reads a duration of a policy.
func duration(t testing.TB, text string) calendar.Duration {
	t.Helper()

	read, err := calendar.ParseDuration(text)
	must(t, err == nil)

	return read
}

// newWorld is a company in Paris that was set up long before, with nothing done.
func newWorld(t testing.TB, month string, asOf time.Time, databases ...string) *world {
	t.Helper()

	zone, err := time.LoadLocation("Europe/Paris")
	must(t, err == nil)

	of, err := calendar.ParseMonth(month)
	must(t, err == nil)

	at, err := calendar.ParseTimeOfDay("02:30")
	must(t, err == nil)

	w := &world{TB: t, facts: report.Facts{
		Month: of, AsOf: asOf, Zone: zone, InstalledAt: of.First().AddDays(-100).Time(), Watched: map[string]time.Time{},
		Rule: promise.BackupRule{
			Databases: databases, At: at, DoneWithin: duration(t, "2h"), CatchUp: duration(t, "20h"), Keep: duration(t, "7d"),
			Tolerance: duration(t, "2h"),
		},
		Policy:    report.Policy{SHA256: strings.Repeat("ab", 32), Mode: promise.Enforce, WhenBackupsStop: "keep-last-drilled"},
		Schedules: map[string]report.Schedule{},
	}}
	for _, name := range databases {
		w.facts.Watched[name] = w.facts.InstalledAt
		w.facts.Schedules[name] = report.Schedule{
			ID: "backup/" + name, State: report.ScheduleActive, CreatedAt: w.facts.InstalledAt, Runs: 107, Missed: 1, Skipped: 2,
		}
	}

	return w
}

// plan is how the backup of a day went. The zero plan is a day like any other.
type plan struct {
	late, drilled, pruned     time.Duration // after the due time, the snapshot, the end of keeping
	undrilled, kept, unopened bool
	lies                      []ledger.Kind // entries that are not written
	old                       bool          // its end does not say when it was due
	keep                      time.Duration // in force when it was pruned, if not seven days
}

// day adds the backup of one day; what lies after the report has not happened.
func (w *world) day(database string, day calendar.Day, how plan) {
	w.Helper()

	if how.unopened {
		return
	}

	w.made++
	snapshot := w.facts.Rule.At.On(day).Add(how.late + 4*time.Second)
	row := report.Backup{
		ID: w.id(map[bool]string{false: "bkp", true: "fbk"}[strings.HasPrefix(database, "files/")]), Database: database, Day: day, State: "taken", SnapshotAt: snapshot, TakenAt: snapshot.Add(3 * time.Minute),
		ManifestSHA256: strings.Repeat("0", 61) + day.String()[8:] + "f", Bytes: 5_000_000_000 + int64(w.made)*1_000_003,
		Rows: 1_000_000 + int64(w.made), DrillMS: 90_000 + int64(w.made)*100,
	}
	if strings.HasPrefix(database, "files/") {
		row.Rows, row.Files = 0, 40_000+int64(w.made)
	}

	if row.SnapshotAt.After(w.facts.AsOf) {
		return
	}

	w.entry(ledger.BackupStored, row, row.TakenAt, how)

	if drilled := snapshot.Add(7*time.Minute + how.drilled); !how.undrilled && !drilled.After(w.facts.AsOf) {
		row.State, row.DrilledAt = "drilled", drilled
		w.entry(ledger.BackupDrilled, row, drilled, how)
	}

	if pruned := snapshot.Add(7*24*time.Hour + 10*time.Minute + how.pruned); !how.kept && !pruned.After(w.facts.AsOf) {
		row.State, row.PrunedAt = "pruned", pruned
		w.entry(ledger.BackupPruned, row, pruned, how)
	}

	w.facts.Backups = append(w.facts.Backups, row)
}

// days adds the days from one to another, changed where the plan has their number.
func (w *world) days(database string, from, to calendar.Day, plans map[int]plan) {
	w.Helper()

	for day := from; !day.After(to); day = day.Next() {
		w.day(database, day, plans[day.Time().Day()])
	}
}

// whole adds every day of the month.
func (w *world) whole(database string, plans map[int]plan) {
	w.Helper()
	w.days(database, w.facts.Month.First(), w.facts.Month.Last(), plans)
}

// id makes the next id; the same in every run.
func (w *world) id(prefix string) string {
	w.made++

	var raw [16]byte

	binary.BigEndian.PutUint64(raw[:8], uint64(w.made)*0x9e3779b97f4a7c15)

	return prefix + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

// entry writes what the ledger says of a row.
func (w *world) entry(kind ledger.Kind, row report.Backup, at time.Time, how plan) {
	w.Helper()

	if slices.Contains(how.lies, kind) {
		return
	}

	if files, are := strings.CutPrefix(row.Database, "files/"); are {
		w.filesEntry(kind, row, files, at, how)

		return
	}

	if kind == ledger.BackupPruned {
		w.write(kind, at, ledger.RemovalBody{
			Backup: row.ID, Database: row.Database, Day: row.Day.String(), ManifestSHA256: row.ManifestSHA256, DueAt: how.dueOf(row),
		}.WithObjects([]ledger.ObjectBody{{Name: row.Database + "/archive", Generation: 1}}))

		return
	}

	body := ledger.BackupBody{
		Backup: row.ID, Database: row.Database, Day: row.Day.String(), ManifestSHA256: row.ManifestSHA256, SnapshotAt: &row.SnapshotAt,
	}
	if kind == ledger.BackupRefused {
		body = ledger.BackupBody{Backup: row.ID, Database: row.Database, Day: row.Day.String(), Code: "content_differs"}
	}

	w.write(kind, at, body)
}

// dueOf is what the entry of the end says of when it was due.
func (p plan) dueOf(row report.Backup) *time.Time {
	due := row.SnapshotAt.Add(cmp.Or(p.keep, 7*24*time.Hour))
	if p.old {
		return nil
	}

	return &due
}

// filesEntry is the same about a set of files; kind is that about databases.
func (w *world) filesEntry(kind ledger.Kind, row report.Backup, files string, at time.Time, how plan) {
	w.Helper()

	body := ledger.FilesBody{
		Backup: row.ID, Files: files, Day: row.Day.String(), ManifestSHA256: row.ManifestSHA256, SnapshotAt: &row.SnapshotAt, Count: row.Files,
	}
	if kind == ledger.BackupPruned {
		body.SnapshotAt, body.DueAt = nil, how.dueOf(row)
	}

	kind = ledger.Kind(strings.Replace(string(kind), "backup.", "files.", 1))
	if kind == ledger.FilesExcepted {
		w.write(kind, at, ledger.FilesExceptionBody{Backup: row.ID, Files: files, Day: row.Day.String(), DueAt: row.SnapshotAt, Cause: "last_drilled"})

		return
	}

	w.write(kind, at, body)
}

func (w *world) write(kind ledger.Kind, at time.Time, body ledger.Body) {
	w.Helper()

	text, err := ledger.Canonical(body)
	must(w, err == nil)

	w.facts.Entries = append(w.facts.Entries, entries.Entry{
		Entry: ledger.Entry{ID: ledger.ID(w.id("led")), Kind: kind, At: at.Truncate(time.Microsecond), Body: text}, Position: entries.Waiting,
	})
}

// find gives the row of a day.
func (w *world) find(database, day string) *report.Backup {
	w.Helper()

	for i, row := range w.facts.Backups {
		if row.Database == database && row.Day.String() == day {
			return &w.facts.Backups[i]
		}
	}

	w.Fatalf("no backup of %s on %s", database, day)

	return nil
}

// seal gives the entries positions in the order of their times, but the last ones.
func (w *world) seal(waiting int) {
	w.Helper()

	slices.SortStableFunc(w.facts.Entries, func(x, y entries.Entry) int { return x.At.Compare(y.At) })

	size := len(w.facts.Entries) - waiting
	for i := range size {
		w.facts.Entries[i].Position = int64(i)
	}

	signer, _ := testKeys(w)
	checkpoint := ledger.Checkpoint{Origin: ledgerName, Size: int64(size), At: w.facts.AsOf.Add(-time.Minute)}

	signed, err := checkpoint.Sign(signer)
	must(w, err == nil)

	w.facts.Ledger = report.Checkpoint{
		Origin: ledgerName, Size: int64(size), Root: checkpoint.Root.String(), SignedAt: checkpoint.At, Checkpoint: string(signed),
	}
}

// assemble makes the report.
func (w *world) assemble() report.Report {
	w.Helper()

	made, err := report.Assemble(w.facts)
	if err != nil {
		w.Fatal(err)
	}

	return made
}

// dayOf gives one day of a database, the zero Day if it is not told.
func dayOf(made report.Report, database, day string) report.Day {
	for _, each := range made.Databases {
		if each.Name != database {
			continue
		}

		for _, one := range each.Days {
			if one.Day == day {
				return one
			}
		}
	}

	return report.Day{}
}

// codes are the findings of a day, the broken ones with a mark.
func codes(day report.Day) string {
	var texts []string

	for _, each := range day.Findings {
		text := string(each.Code)
		if each.Broken {
			text += "!"
		}

		texts = append(texts, text)
	}

	return strings.Join(texts, " ")
}
