package activities

import (
	"context"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/due"
	"steward/internal/failure"
	"steward/internal/filebackup"
	"steward/internal/filecatalogue"
	"steward/internal/filedrill"
	"steward/internal/fileremoval"
	"steward/internal/ids"
	"steward/internal/patience"
	"steward/internal/postgres"
	"steward/internal/removal"
)

// Files does what DailyFiles needs up to the signed manifest. It belongs to the
// backup role, which cannot decrypt.
type Files struct {
	// Takers take backups, by the name of the set in the policy.
	Takers map[string]filebackup.Taker
	// Steward is the steward database.
	Steward *postgres.DB
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Window says which business days may be backed up now.
	Window due.Window
	// Patience scales the timeouts.
	Patience patience.Scale
}

// FilesStatus is what a workflow learns of a backup of files.
type FilesStatus struct {
	// Backup is the opaque id.
	Backup string
	// Day is the business day, as 2006-01-02.
	Day string
	// State is where it stands.
	State catalogue.State
	// Count is how many files it has, Bytes their size; Fresh is how many of them were
	// stored now, Vanished how many were deleted before they were read.
	Count, Bytes, Fresh, Vanished int64
	// DrillSeconds is how long the drill took.
	DrillSeconds float64
}

// OpenedFilesDay is what a workflow learns of the day that it opens.
type OpenedFilesDay struct {
	FilesStatus
	DayTimes
}

func filesStatus(row filecatalogue.Backup) FilesStatus {
	return FilesStatus{
		Backup: row.ID, Day: row.Day, State: row.State, Count: row.Count, Bytes: row.Bytes, Fresh: row.Fresh,
		Vanished: row.Vanished, DrillSeconds: row.DrillSeconds,
	}
}

// OpenFilesDay opens the business day of a set of files in the catalogue, or
// answers with what is there: a day that is done is done once. Database names the
// set.
func (f *Files) OpenFilesDay(ctx context.Context, params OpenDayParams) (OpenedFilesDay, error) {
	if _, known := f.Takers[params.Database]; !known {
		return OpenedFilesDay{}, failure.New(failure.UnknownDatabase, "opening a business day of files")
	}

	now := f.Clock.Now()

	day, err := f.Window.Day(params.Scheduled, now)
	if err != nil {
		return OpenedFilesDay{}, err
	}

	row, err := filecatalogue.Open(ctx, f.Steward, filecatalogue.Backup{
		ID: ids.New("fbk"), Files: params.Database, Day: day.String(), Attempt: ids.New("att"), Owner: owner(ctx), OpenedAt: now,
	})

	return OpenedFilesDay{FilesStatus: filesStatus(row), DayTimes: dayTimes(f.Window, params.Scheduled, now)}, err
}

// TakeFiles stores what is not stored yet, and signs one backup. It may be called
// again after any end: a new attempt fences the old one out and goes on from what
// that has stored.
func (f *Files) TakeFiles(ctx context.Context, id string) (FilesStatus, error) {
	var row filecatalogue.Backup

	state := newPulse()

	// The pulse is around every call: one that hangs would keep the only place of its set.
	err := state.during(ctx, f.Patience, func(ctx context.Context) (err error) {
		if row, err = filecatalogue.Get(ctx, f.Steward, id); err != nil {
			return err
		}

		taker, known := f.Takers[row.Files]
		if !known {
			return failure.New(failure.UnknownDatabase, "taking a backup of files")
		}

		taker.Owner, taker.Silence, taker.Longest = owner(ctx), f.Patience.Of(silence), f.Window.CatchUp
		taker.Progress, taker.Expected = state.files, state.expect
		row, err = taker.Take(ctx, id)

		return err
	})

	return filesStatus(row), err
}

// FileDrills does what DailyFiles needs to prove a backup. It belongs to the drill
// role, which can decrypt and cannot sign.
type FileDrills struct {
	// Driller reads and compares.
	Driller filedrill.Driller
	// Patience scales the timeouts.
	Patience patience.Scale
}

// DrillFiles proves one backup of files. One that is found wanting is recorded as
// bad and fails with a code that says how.
func (d *FileDrills) DrillFiles(ctx context.Context, id string) (FilesStatus, error) {
	var row filecatalogue.Backup

	state, driller := newPulse(), d.Driller
	driller.Progress, driller.Expected = state.files, state.expect

	err := state.during(ctx, d.Patience, func(ctx context.Context) (err error) {
		row, err = driller.Drill(ctx, id)

		return err
	})

	return filesStatus(row), err
}

// FilePrunes does what PruneFiles needs. It belongs to the backup role.
type FilePrunes struct {
	// Remover removes objects and proves it.
	Remover fileremoval.Remover
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Patience scales the timeouts.
	Patience patience.Scale
}

// PruneFiles decides from the catalogue and this process's clock what goes, and
// removes it, in turn with any other prune of files. One removal that fails does not
// keep the others from being tried; the activity then fails and is tried again.
func (p *FilePrunes) PruneFiles(ctx context.Context) (result fileremoval.Result, err error) {
	err = alone(ctx, p.Patience, p.Remover.Steward, removal.Files, func(ctx context.Context, report func(string, int64)) (err error) {
		remover := p.Remover
		remover.Progress = report
		result, err = remover.Prune(ctx, p.Clock.Now())

		return err
	})

	return result, err
}
