package removal

import (
	"context"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// The causes of an overdue object beside the codes of failures.
const (
	causeRetained     = "retained"
	causeSoftDeleted  = "soft_deleted"
	causeLateRemoval  = "late_removal"
	causeAppearedLate = "appeared_late"
)

// allOverdue tells of a backup that went too late which objects those were.
func (j *work) allOverdue(ctx context.Context, tx postgres.Tx, verdict prune.Verdict, gone []ledger.ObjectBody) error {
	for _, object := range gone {
		decision := prune.Decision{Name: object.Name, Generation: object.Generation, Backup: verdict.Backup, Due: verdict.Due}
		if err := j.noteOverdue(ctx, tx, decision, causeLateRemoval); err != nil {
			return err
		}
	}

	return nil
}

// overdue tells of an object that is there past its time, once.
func (j *work) overdue(ctx context.Context, decision prune.Decision, cause string) error {
	j.result.Overdue++

	return j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		return j.noteOverdue(ctx, tx, decision, cause)
	})
}

func (j *work) noteOverdue(ctx context.Context, tx postgres.Tx, decision prune.Decision, cause string) error {
	finding := catalogue.Finding{Backup: decision.Backup, Name: decision.Name, Generation: decision.Generation}

	fresh, err := j.world.records.RecordOverdue(ctx, tx, finding, decision.Due, cause, j.at)
	if err != nil || !fresh {
		return err
	}

	return j.say(ctx, tx, ledger.BackupOverdue, ledger.OverdueBody{
		Backup: decision.Backup, Location: j.Location, Bucket: j.bucket(), Object: decision.Name, Generation: decision.Generation,
		DueAt: decision.Due.UTC(), Cause: cause,
	})
}

// causeOfWait is why the bucket does not let a generation go.
func causeOfWait(decision prune.Decision) string {
	if decision.SoftDeleted {
		return causeSoftDeleted
	}

	return causeRetained
}
