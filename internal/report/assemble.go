package report

import (
	"slices"
	"strings"
	"time"

	"steward/internal/evidence/entries"
	"steward/internal/ledger"
)

// assembly is one report in the making.
type assembly struct {
	Facts

	// of are the entries of each backup, in the ledger's order, and copied those about
	// its copies.
	of, copied map[string][]entry
	// placed are the names of the places in which the rows say that copies lie, by backup.
	placed map[string][]string
	// missing are those about objects of files that several days lost, by item: that
	// were not found, or that a drill found wanting.
	missing map[string][]entry
	// promised are those about each promise's item.
	promised map[string][]entry
	// cited are the entries that the report names.
	cited map[ledger.ID]bool
}

// entry is one entry with what its body says.
type entry struct {
	entries.Entry

	about entries.About
	// bucket is where the copy lies that the entry is about, as ledger.BucketName says it;
	// empty for any other entry, and for one of before they named it.
	bucket string
}

// What the kinds of entries about files and copies begin with. Each of them has the
// same meaning as that about databases. The items of files begin with the first and
// another slash.
const (
	filesPrefix = "files"
	copyPrefix  = "copy"
)

// plain is the kind, whether it is about a database, files or a copy.
func (e entry) plain() ledger.Kind {
	for _, prefix := range []string{filesPrefix, copyPrefix} {
		if rest, cut := strings.CutPrefix(string(e.Kind), prefix+"."); cut {
			return ledger.Kind("backup." + rest)
		}
	}

	return e.Kind
}

// kindOf is the kind that an entry about this row has.
func kindOf(row Backup, plain ledger.Kind) ledger.Kind {
	var prefix string

	switch {
	case row.Copy != nil && plain != ledger.BackupCopied:
		prefix = copyPrefix
	case strings.HasPrefix(row.Database, filesPrefix+"/"):
		prefix = filesPrefix
	default:
		return plain
	}

	return ledger.Kind(prefix + strings.TrimPrefix(string(plain), "backup"))
}

// Assemble makes the report of a month. It fails with LedgerTampered when an
// entry cannot be read: then nothing is known.
func Assemble(facts Facts) (Report, error) {
	a := assembly{
		Facts: facts, of: map[string][]entry{}, copied: map[string][]entry{}, placed: map[string][]string{},
		missing: map[string][]entry{}, promised: map[string][]entry{}, cited: map[ledger.ID]bool{},
	}
	if err := a.read(); err != nil {
		return Report{}, err
	}

	a.Backups = slices.Clone(facts.Backups)
	for i, backup := range a.Backups {
		a.Backups[i] = backup.cut(facts.AsOf)

		if backup.Copy != nil {
			a.placed[backup.ID] = append(a.placed[backup.ID], backup.Copy.Names...)
		}
	}

	report := Report{
		Format: Format, Month: facts.Month.String(), Zone: facts.Zone.String(), AsOf: facts.AsOf.UTC(), Over: facts.end().Before(facts.AsOf),
		Holds: true, InstalledAt: facts.InstalledAt.UTC(), Policy: facts.policy(), Ledger: facts.Ledger, Off: facts.offTimes(),
		Databases: []Database{}, Entries: []Entry{},
	}

	for _, name := range a.databases() {
		database := a.database(name)
		report.Holds = report.Holds && database.Totals.Broken == 0
		report.Databases = append(report.Databases, database)
	}

	for _, each := range facts.Entries {
		if !a.cited[each.ID] {
			continue
		}

		if !each.Sealed() {
			report.Ledger.Waiting++
		}

		report.Entries = append(report.Entries, Entry{
			ID: each.ID, Kind: each.Kind, At: each.At.UTC(), Position: each.Position, Hash: each.Hash().String(),
		})
	}

	return report, nil
}

// read sorts the entries by what they are about.
func (a *assembly) read() error {
	for _, each := range a.Entries {
		about, err := each.About()
		if err != nil {
			return err
		}

		if each.At.After(a.AsOf) {
			continue
		}

		if each.Kind == ledger.FilesMissing || each.Kind == ledger.FilesRefused && about.FirstDay != "" {
			a.missing[about.Item()] = append(a.missing[about.Item()], entry{Entry: each, about: about})
		}

		switch {
		case each.Kind == ledger.FilesMissing:
		case about.Location != "":
			bucket, err := bucketIn(each)
			if err != nil {
				return err
			}

			a.copied[about.Backup] = append(a.copied[about.Backup], entry{Entry: each, about: about, bucket: bucket})
		case about.Backup != "":
			a.of[about.Backup] = append(a.of[about.Backup], entry{Entry: each, about: about})
		case about.Promise != "":
			a.promised[about.Promise] = append(a.promised[about.Promise], entry{Entry: each, about: about})
		}
	}

	return nil
}

// policy is the promise in numbers.
func (f Facts) policy() Policy {
	written := f.Policy
	written.At, written.DoneWithin, written.CatchUp = f.Rule.At.String(), f.Rule.DoneWithin.String(), f.Rule.CatchUp.String()
	written.Keep, written.Tolerance = f.Rule.Keep.String(), f.Rule.Tolerance.String()

	return written
}

// cite notes that the report names an entry.
func (a *assembly) cite(each entry) ledger.ID {
	a.cited[each.ID] = true

	return each.ID
}

// database makes the month of one database.
func (a *assembly) database(name string) Database {
	watched, everWatched := a.Watched[name]
	database := Database{
		Name: name, InPolicy: slices.Contains(a.Rule.Databases, name), Schedule: a.Schedules[name], Days: []Day{},
	}
	database.CopyOf, database.Location = copiesOf(name)

	if everWatched {
		database.WatchedSince = watched.UTC()
	}

	rows := map[string]Backup{}

	for _, backup := range a.Backups {
		if backup.Database == name {
			rows[backup.Day.String()] = backup
		}
	}

	for day := a.Month.First(); !day.After(a.Month.Last()); day = day.Next() {
		row, opened := rows[day.String()]
		if one, told := a.day(database, day, row, opened); told {
			database.Days = append(database.Days, one)
		}
	}

	database.Promises, database.PromisesMore = a.turns(name)
	database.Totals = totals(database.Days, a.AsOf)
	database.RPO, database.RTO = a.rpo(name), rto(database.Days)

	return database
}

// maxTurns is how many entries about a promise the report names: one that flapped all
// month has a report of bounded size too.
const maxTurns = 100

// turns are the entries of the month that say when the promise broke and was mended, and
// how many were left out before the last of them.
func (a *assembly) turns(name string) (told []ledger.ID, more int) {
	in := slices.DeleteFunc(slices.Clone(a.promised["backups/"+name]), func(each entry) bool {
		return each.At.Before(a.start()) || !each.At.Before(a.end())
	})

	if more = len(in) - maxTurns; more > 0 {
		in = slices.Delete(in, maxTurns-1, len(in)-1)
	}

	told = []ledger.ID{}
	for _, each := range in {
		told = append(told, a.cite(each))
	}

	return told, max(more, 0)
}

// totals counts days.
func totals(days []Day, asOf time.Time) Totals {
	var sum Totals

	for _, day := range days {
		sum.add(day, asOf)
	}

	return sum
}

func (t *Totals) add(day Day, asOf time.Time) {
	counters := map[State]*int{Proven: &t.Proven, Missed: &t.Missed, Excused: &t.Excused, Due: &t.Pending}
	if counter, counted := counters[day.State]; counted {
		*counter++
	}

	switch day.State {
	case Missed, Excused, Due:
		t.Due++
	case Proven:
		// A backup by hand on the day of the set-up was not due, nor is one of tomorrow.
		if !day.DueAt.IsZero() && !day.DueAt.After(asOf) {
			t.Due++
		}
	default:
	}

	t.Bytes += day.Bytes
	if !day.PrunedAt.IsZero() {
		t.Pruned++
	}

	kept := false

	for _, each := range day.Findings {
		kept = kept || each.Code == FindException

		switch {
		case each.Code == FindLate:
			t.Late++
		case each.Code == FindNoRun:
			t.WithoutRun++
		case each.Broken:
			t.Broken++
		}
	}

	if kept {
		t.Exceptions++
	}
}
