package removal

import (
	"context"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// exception records the begin or the end of a backup's stay beyond its time. The
// begin is committed before a hold is set, so that a hold of Steward's own is
// always known as such; the end before a hold is released; that the policy lets
// the newest proven backup go, or has left its database, before the first of its
// objects is deleted.
func (j *work) exception(ctx context.Context, verdict prune.Verdict) error {
	record, kind, cause := j.step(verdict)
	if record == nil {
		return nil
	}

	return j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		fresh, err := record(ctx, tx, catalogue.Exception{
			Backup: verdict.Backup, Cause: string(cause), Since: j.at, DueAt: verdict.Due,
			EndedAt: j.at, EndedCause: string(cause),
		})
		if err != nil || !fresh {
			return err
		}

		return j.tell(ctx, tx, kind, verdict, cause)
	})
}

// step is how an exception goes on, nil if nothing changes. What it records says
// whether it was new: only then the ledger is told.
func (j *work) step(verdict prune.Verdict) (
	func(context.Context, postgres.Queryer, catalogue.Exception) (bool, error), ledger.Kind, prune.Cause,
) {
	switch {
	case verdict.Action == prune.Except:
		return j.world.records.RecordException, ledger.BackupExcepted, prune.LastDrilled
	case verdict.Ends != "":
		return j.world.records.EndException, ledger.BackupExceptionEnded, verdict.Ends
	case verdict.Honours != "":
		return j.world.records.RecordHonoured, ledger.BackupCeilingHonoured, verdict.Honours
	default:
		return nil, "", ""
	}
}

func (j *work) tell(ctx context.Context, tx postgres.Tx, kind ledger.Kind, verdict prune.Verdict, cause prune.Cause) error {
	row := j.world.backups[verdict.Backup]

	return j.say(ctx, tx, kind, ledger.ExceptionBody{
		Backup: row.ID, Database: row.Database, Day: row.Day, Location: j.Location, Bucket: j.bucket(),
		DueAt: verdict.Due.UTC(), Cause: string(cause),
	})
}
