package backup

import (
	"context"

	"steward/internal/catalogue"
	"steward/internal/fence"
)

// alive takes the backup while it gives signs of life. An attempt that learns it
// was taken over stops.
func (r *run) alive(ctx context.Context) (taken catalogue.Backup, err error) {
	beat := func(ctx context.Context) error {
		return catalogue.Beat(ctx, r.Steward, r.backup.ID, r.backup.Attempt, r.Clock.Now())
	}

	err = fence.Hold(ctx, r.Silence, beat, func(ctx context.Context) (err error) {
		taken, err = r.take(ctx)

		return err
	})

	return taken, err
}
