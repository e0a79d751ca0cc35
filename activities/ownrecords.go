package activities

import (
	"context"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/ownrecords"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// OwnRecords does what ExpireOwnRecords needs. It belongs to the core role.
type OwnRecords struct {
	// Steward is the steward database, as the role steward_core.
	Steward *postgres.DB
	// Keeper wraps keys of cases anew; without a master key it wraps none.
	Keeper casekey.Keeper
	// Clock tells the time.
	Clock clocks.Clock
	// Patience scales the timeouts.
	Patience patience.Scale
}

// Expired is what ExpireRecords did.
type Expired struct {
	// Removed tells the tables from which rows went.
	Removed []ownrecords.Removed
	// Left counts the rows that are past their end and still there.
	Left int64
}

// ExpireRecords removes the rows whose end date has come, and counts what is left of
// them. It takes no input: the rows and this process's clock decide. It may be called
// again after any end.
func (o *OwnRecords) ExpireRecords(ctx context.Context) (expired Expired, err error) {
	now := o.Clock.Now()

	err = withPulse(ctx, o.Patience, func(ctx context.Context, report func(string, int64)) (err error) {
		expired.Removed, err = ownrecords.Expire(ctx, o.Steward, now, func(rows int64) { report("rows", rows) })
		if err != nil {
			return err
		}

		expired.Left, err = ownrecords.Overdue(ctx, o.Steward, now)

		return err
	})

	return expired, err
}

// RewrapKeys wraps the keys of cases with the current master key where an older one
// wrapped them, and tells how many. It may be called again after any end.
func (o *OwnRecords) RewrapKeys(ctx context.Context) (keys int, err error) {
	if o.Keeper.Master == nil {
		return 0, nil
	}

	err = withPulse(ctx, o.Patience, func(ctx context.Context, _ func(string, int64)) (err error) {
		keys, err = o.Keeper.Rewrap(ctx, o.Steward)

		return err
	})

	return keys, err
}
