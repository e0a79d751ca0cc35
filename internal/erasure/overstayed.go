package erasure

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// overstay is how long after the end of a case its replay record may still be there: as long as a step is tried.
const overstay = 24 * time.Hour

// Overstayed looks for replay records of cases that ended longer ago than their removal may take, and tells how many.
// It fails with RemaindersFound where there is one, so that whoever looks says so. It removes none: the motor starts the
// run of such a case again, which does.
func Overstayed(ctx context.Context, q postgres.Queryer, asOf time.Time) (found int, err error) {
	err = q.QueryRow(ctx, `select count(*) from replay_records as r join erasures as e on e.id = r.erasure
		where r.gone_at is null and e.stage in ('cancelled', 'done') and e.ended_at < $1`, asOf.Add(-overstay)).Scan(&found)

	if err == nil && found > 0 {
		err = failure.New(failure.RemaindersFound, "looking for replay records of erasures that have ended")
	}

	return found, failWith("looking for replay records of erasures that have ended", err)
}
