// Package schedules reads what Temporal counted of a schedule's runs: those that
// it started, missed and skipped.
package schedules

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/report"
)

// Reader reads schedules.
type Reader struct {
	// Client is Temporal's.
	Client client.ScheduleClient
}

// Read tells where a schedule stands. One that does not exist is an answer, not
// an error. It fails with TemporalUnavailable.
func (r Reader) Read(ctx context.Context, id string) (report.Schedule, error) {
	read := report.Schedule{ID: id, State: report.ScheduleMissing}

	var described *client.ScheduleDescription

	err := faults.Do(ctx, faults.HTTP, "describe a schedule", func(ctx context.Context) (err error) {
		described, err = r.Client.GetHandle(ctx, id).Describe(ctx)

		return err //nolint:wrapcheck // wrapped below
	})
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return read, nil
	}

	if err != nil {
		return read, failure.Wrap(failure.TemporalUnavailable, "reading a schedule", err)
	}

	read.State = report.ScheduleActive
	if described.Schedule.State != nil && described.Schedule.State.Paused {
		read.State = report.SchedulePaused
	}

	read.CreatedAt, read.Runs = described.Info.CreatedAt.UTC(), described.Info.NumActions
	read.Missed, read.Skipped = described.Info.NumActionsMissedCatchupWindow, described.Info.NumActionsSkippedOverlap

	return read, nil
}
