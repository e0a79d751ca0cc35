package elsewhere

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// BackupsName is the name of the store of backups.
const BackupsName = "backups"

// Backups are the backups of all databases and files, with their copies in other locations. Nothing is erased in
// them: those that may hold the subject go at the end of their time.
type Backups struct {
	// Steward is the steward database, whose catalogue says which backups there are.
	Steward postgres.Queryer
	// Keep and Tolerance are the promise's, counted in Zone.
	Keep, Tolerance calendar.Duration
	Zone            *time.Location
	// Clock tells the time of promises.
	Clock clocks.Clock
}

var _ store.Store = Backups{}

// BackupsOf gives the store of the backups that a policy promises.
func BackupsOf(rules *policy.Policy, steward postgres.Queryer, clock clocks.Clock) Backups {
	promised := rules.Promises.Backups

	return Backups{Steward: steward, Keep: promised.Keep, Tolerance: promised.Tolerance, Zone: rules.Company.Zone, Clock: clock}
}

// Name implements store.Store.
func (Backups) Name() string { return BackupsName }

// Plan implements store.Store. It counts the backups that there are; those that are taken until the subject is
// erased come to them, so that the count is no promise.
func (b Backups) Plan(context.Context, store.Subject) ([]plan.Step, error) {
	return []plan.Step{{Store: BackupsName, Action: plan.Expire, Rows: -1}}, nil
}

// Freeze implements store.Store.
func (Backups) Freeze(context.Context, store.Subject, store.Frozen) error { return nil }

// Erase implements store.Store: the backups expire.
func (b Backups) Erase(context.Context, store.Subject, store.Frozen, func(int64)) (store.Outcome, error) {
	return store.Outcome{Kind: store.Expires}, nil
}

// GoneBy implements store.Store: a backup that was begun before the last row went may hold the subject,
// and is kept from its snapshot on. It fails with KeptBeyond while such a backup stays beyond its time, since no younger one was
// proven: nobody knows until when.
func (b Backups) GoneBy(ctx context.Context, subject store.Subject, erasedAt time.Time) (time.Time, error) {
	last, err := lastErased(ctx, b.Steward, subject.Erasure, erasedAt)
	if err != nil {
		return time.Time{}, err
	}

	var kept bool
	if err := b.Steward.QueryRow(ctx, selectExceptions, last).Scan(&kept); err != nil {
		return time.Time{}, failure.Wrap(failure.Unavailable, "looking for backups that stay beyond their time", err)
	}

	if kept {
		return time.Time{}, failure.New(failure.KeptBeyond, "asking when a subject is gone from backups")
	}

	return b.over(last), nil
}

// over is when the last backup that may hold what was there at an instant is gone.
func (b Backups) over(at time.Time) time.Time {
	return after(b.Tolerance, after(b.Keep, at, b.Zone), b.Zone)
}

// A backup shows what was there at its snapshot; one without a snapshot yet, nothing older than its opening.
const selectExceptions = `select exists (select from backup_exceptions as e join backups as b on b.id = e.backup_id
		where e.ended_at is null and coalesce(b.snapshot_at, b.opened_at) <= $1)
	or exists (select from file_exceptions as e join file_backups as b on b.id = e.backup_id
		where e.ended_at is null and coalesce(b.snapshot_at, b.opened_at) <= $1)
	or exists (select from backup_copy_exceptions as e join backups as b on b.id = e.backup_id
		where e.ended_at is null and coalesce(b.snapshot_at, b.opened_at) <= $1)`

// selectLeft are the backups of before $1 that are not proven gone, by what they are of.
const selectLeft = `select place, count(*) from (
	select 'backups/' || database as place from backups
		where state <> 'pruned' and coalesce(snapshot_at, opened_at) <= $1
	union all
	select 'backups/files/' || fileset from file_backups
		where state <> 'pruned' and coalesce(snapshot_at, opened_at) <= $1
	union all
	select 'backups/copies/' || c.location || '/' || b.database from backup_copies as c join backups as b on b.id = c.backup_id
		where c.state <> 'pruned' and coalesce(b.snapshot_at, b.opened_at) <= $1
	) as kept group by place order by place`

// Verify implements store.Store. Before its GoneBy nothing is amiss: backups are there, as they should be. From
// then on each backup that may hold the subject and is not proven gone is left.
func (b Backups) Verify(ctx context.Context, subject store.Subject, _ store.Frozen) ([]store.Remainder, error) {
	last, err := lastErased(ctx, b.Steward, subject.Erasure, time.Time{})
	if err != nil {
		return nil, err
	}

	if last.IsZero() {
		return nil, failure.New(failure.EvidenceMissing, "looking when a subject was erased")
	}

	if b.Clock.Now().Before(b.over(last)) {
		return nil, nil
	}

	rows, err := b.Steward.Query(ctx, selectLeft, last)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for backups of a subject", err)
	}

	left, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.Remainder, error) {
		found := store.Remainder{Why: "past its time"}

		return found, row.Scan(&found.Place, &found.Rows)
	})

	return left, failure.Wrap(failure.Unavailable, "looking for backups of a subject", err)
}
