package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"steward/internal/backup"
	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/due"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// silence is how long a run must have given no sign of life before another run
// takes its day over.
const silence = 2 * time.Minute

// Backups does what DailyBackup needs up to the signed manifest. It belongs to
// the backup role, which cannot decrypt.
type Backups struct {
	// Takers take backups, by the name of the database in the policy.
	Takers map[string]backup.Taker
	// Steward is the steward database.
	Steward *postgres.DB
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Places is how many other locations the policy names.
	Places int
	// Window says which business days may be backed up now.
	Window due.Window
	// Patience scales the timeouts.
	Patience patience.Scale
}

// OpenDayParams name a day by the time for which its backup was scheduled.
type OpenDayParams struct {
	// Database is the name in the policy.
	Database string
	// Scheduled is the schedule's own time; zero for a run by hand.
	Scheduled time.Time
}

// BackupStatus is what a workflow learns of a backup.
type BackupStatus struct {
	// Backup is the opaque id.
	Backup string
	// Day is the business day, as 2006-01-02.
	Day string
	// State is where it stands.
	State catalogue.State
	// Bytes and Rows are counts of what is stored and of what it holds.
	Bytes, Rows int64
	// DrillSeconds is how long the drill took.
	DrillSeconds float64
}

// OpenedDay is what a workflow learns of the day that it opens.
type OpenedDay struct {
	BackupStatus
	DayTimes

	// Places is how many other locations the backup is copied to once it is drilled.
	Places int `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it
}

// DayTimes are the times of a run that opens a day.
type DayTimes struct {
	// DueAt is when the backup must have been drilled; zero for a run by hand,
	// which stands for no time of the policy.
	DueAt time.Time
	// DueIn is how long that was away when the day was opened, EndIn how long the
	// run may go on from then. They are distances, since a workflow's clock is not
	// the one that promises go by. Without EndIn the run keeps its own limit.
	DueIn, EndIn time.Duration
}

func status(row catalogue.Backup) BackupStatus {
	return BackupStatus{
		Backup: row.ID, Day: row.Day, State: row.State, Bytes: row.Bytes, Rows: row.Rows, DrillSeconds: row.DrillSeconds,
	}
}

// OpenDay opens the business day in the catalogue, or answers with what is
// there: a day that is done is done once.
func (b *Backups) OpenDay(ctx context.Context, params OpenDayParams) (OpenedDay, error) {
	if _, known := b.Takers[params.Database]; !known {
		return OpenedDay{}, failure.New(failure.UnknownDatabase, "opening a business day")
	}

	now := b.Clock.Now()

	day, err := b.Window.Day(params.Scheduled, now)
	if err != nil {
		return OpenedDay{}, err
	}

	row, err := catalogue.Open(ctx, b.Steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: params.Database, Day: day.String(), Attempt: ids.New("att"),
		Owner: owner(ctx), OpenedAt: now,
	})

	return OpenedDay{BackupStatus: status(row), DayTimes: dayTimes(b.Window, params.Scheduled, now), Places: b.Places}, err
}

// dayTimes are those of a run that was scheduled for the given instant and starts
// now.
func dayTimes(window due.Window, scheduled, now time.Time) DayTimes {
	times := DayTimes{EndIn: window.EndAt(scheduled, now).Sub(now)}

	if !scheduled.IsZero() {
		times.DueAt = window.DueAt(scheduled).UTC()
		times.DueIn = times.DueAt.Sub(now)
	}

	return times
}

// TakeBackup dumps, encrypts, uploads and signs one backup. It may be called
// again after any end: a new attempt fences the old one out.
func (b *Backups) TakeBackup(ctx context.Context, id string) (BackupStatus, error) {
	var row catalogue.Backup

	state := newPulse()

	// The pulse is around every call: one that hangs would keep the only place of its database.
	err := state.during(ctx, b.Patience, func(ctx context.Context) (err error) {
		if row, err = catalogue.Get(ctx, b.Steward, id); err != nil {
			return err
		}

		taker, known := b.Takers[row.Database]
		if !known {
			return failure.New(failure.UnknownDatabase, "taking a backup")
		}

		taker.Owner, taker.Silence = owner(ctx), b.Patience.Of(silence)
		taker.Progress, taker.Expected, taker.Held = state.report, state.expect, state.hold
		taker.Deadline = b.deadline(row.Day)
		row, err = taker.Take(ctx, id)

		return err
	})

	return status(row), err
}

// deadline is when the backup of a day is due. Of a day that is overdue, or taken
// again by hand, only the run's own end is left.
func (b *Backups) deadline(day string) time.Time {
	at, known := b.Window.DueOf(day)
	if !known || !at.After(b.Clock.Now()) {
		return time.Time{}
	}

	return at
}

// owner names the workflow run behind an activity: retries of one run are one
// owner, another run is another.
func owner(ctx context.Context) string {
	execution := activity.GetInfo(ctx).WorkflowExecution

	return execution.ID + "/" + execution.RunID
}
