package activities

import (
	"context"

	"steward/internal/copies"
	"steward/internal/patience"
)

// Copies does what DailyBackup and CopyBackups need to make proven backups lie in
// other locations too. It belongs to the backup role.
type Copies struct {
	// Copier copies; which locations there are is its policy's to say.
	Copier copies.Copier
	// Patience scales the timeouts.
	Patience patience.Scale
}

// CopyBackup copies one backup to every location of the policy in which it is not
// yet. It may be called again after any end.
func (c *Copies) CopyBackup(ctx context.Context, id string) (copies.Result, error) {
	return c.pulsed(ctx, func(ctx context.Context, copier *copies.Copier) (copies.Result, error) { return copier.Copy(ctx, id) })
}

// CopyMissing copies to every location of the policy what is proven, kept and not
// there yet. It takes no input: the catalogue and this process's clock decide.
func (c *Copies) CopyMissing(ctx context.Context) (copies.Result, error) {
	return c.pulsed(ctx, func(ctx context.Context, copier *copies.Copier) (copies.Result, error) { return copier.CatchUp(ctx) })
}

func (c *Copies) pulsed(
	ctx context.Context, work func(context.Context, *copies.Copier) (copies.Result, error),
) (result copies.Result, err error) {
	err = withPulse(ctx, c.Patience, func(ctx context.Context, report func(string, int64)) (err error) {
		copier := c.Copier
		copier.Progress = report
		result, err = work(ctx, &copier)

		return err
	})

	return result, err
}
