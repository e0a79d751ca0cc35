// Package standing tells how the open erasures stand, in counts and times only: what an
// audit shows and whoever runs Steward is alarmed by.
package standing

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/postgres"
)

const (
	// Stuck is for how long a case may stand at a stage that nobody but Steward leads on
	// from: a step takes minutes, a large one an hour or two, and one that fails for good
	// stops the case within the day.
	Stuck = 6 * time.Hour
	// Late is for how long a case may be past the day by which its subject is gone: it
	// is verified again and ended within the hour, and once more after a restart.
	Late = 24 * time.Hour
	// Unsaid is for how long a case may wait while a store that a person can mend cannot say by when its subject is
	// gone: it is asked again each day.
	Unsaid = 24 * time.Hour
)

// Standing is how the erasures stand that have not ended.
type Standing struct {
	// Open counts them by stage; each stage that is no end is in it.
	Open map[erasure.Stage]int64
	// StillSince is since when the one that has not moved the longest stands at its stage,
	// of those that neither a person nor a day has to lead on; zero where there is none.
	StillSince time.Time
	// GoneSince is the earliest day by which the subject of a case was to be gone that still
	// waits or is blocked; zero where that is over for none.
	GoneSince time.Time
	// Dayless are those that wait while nobody can say when their subject is gone, by why; each of Reasons is in it.
	Dayless map[failure.Code]Dayless
}

// Stages are those at which a case is open, in the order of the docs.
func Stages() []erasure.Stage {
	open := []erasure.Stage{}

	for _, row := range erasure.Stages() {
		if !row.Stage.Ended() {
			open = append(open, row.Stage)
		}
	}

	return open
}

// At tells how they stand at asOf. It reads the cases that are open, and fails with Unavailable.
func At(ctx context.Context, q postgres.Queryer, asOf time.Time) (Standing, error) {
	rows, err := q.Query(ctx, `select stage, count(*) as cases, min(staged_at) as since, min(gone_by) filter (where gone_by <= $1) as gone
		from erasures where ended_at is null group by stage`, asOf)
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "looking how erasures stand", err)
	}

	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[atStage])
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "reading how erasures stand", err)
	}

	found := sum(all)
	found.Dayless, err = dayless(ctx, q)

	return found, err
}

// atStage are the open cases of one stage.
type atStage struct {
	Stage erasure.Stage
	Cases int64
	Since time.Time
	Gone  *time.Time
}

func sum(all []atStage) Standing {
	found := Standing{Open: map[erasure.Stage]int64{}}
	for _, stage := range Stages() {
		found.Open[stage] = 0
	}

	for _, each := range all {
		found.Open[each.Stage] = each.Cases

		switch {
		case each.Stage == erasure.Waiting:
			found.overdue(each.Gone)
		case each.Stage == erasure.Blocked:
			found.overdue(each.Gone)
		case each.Stage.WaitsForPeople():
		case found.StillSince.IsZero() || each.Since.Before(found.StillSince):
			found.StillSince = each.Since.UTC()
		}
	}

	return found
}

// overdue takes a day that is over, where it was before those that are known.
func (s *Standing) overdue(day *time.Time) {
	if gone := postgres.Instant(day); !gone.IsZero() && (s.GoneSince.IsZero() || gone.Before(s.GoneSince)) {
		s.GoneSince = gone
	}
}
