package filedrill

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// exampleCount is how many contents that were found wanting are named in a refusal: enough
// to look at some. The catalogue knows them all.
const exampleCount = 5

// refuse notes a backup that was found wanting, and gives the reason back. If it is
// contents of it, some are named, and so are the days that lose them.
func (r *run) refuse(ctx context.Context, reason error) error {
	code := failure.CodeOf(reason)
	body := ledger.FilesBody{Backup: r.backup.ID, Files: r.backup.Files, Day: r.backup.Day, Count: r.done.bad, Code: string(code)}

	err := r.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		condemned, err := filecatalogue.CondemnedAt(ctx, tx, r.backup.Files, r.backup.SnapshotAt, exampleCount)
		if err != nil {
			return fmt.Errorf("refusing: %w", err)
		}

		for i, one := range condemned {
			if i == 0 { // the one that was named first
				body.FirstDay = one.FirstDay
				reason = fmt.Errorf("%w (content %s, which the days from %s to %s name)", reason, one.Object, one.FirstDay, one.LastDay)
			}

			body.Objects = append(body.Objects, ledger.ObjectBody{Name: one.Object, Generation: one.Generation})
		}

		if err := filecatalogue.RecordBad(ctx, tx, r.backup.ID, r.backup.Attempt, string(code)); err != nil {
			return fmt.Errorf("refusing: %w", err)
		}

		_, err = ledger.Append(ctx, tx, ledger.FilesRefused, r.Clock.Now(), body)

		return err
	})
	if err != nil {
		return err
	}

	return reason
}
