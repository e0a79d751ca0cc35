package activities

import (
	"context"
	"slices"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
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

// Expired is what ExpireRecords did. Nothing that was past its end when it began is left.
type Expired struct {
	// Removed tells the tables from which rows went.
	Removed []ownrecords.Removed
}

// passes bounds how often one call looks for what was changed while it worked, and so
// was passed over.
const passes = 3

// ExpireRecords removes the rows whose end date has come, and succeeds only when none
// is left of those that were due when its pass began; what comes due meanwhile goes with
// the next run. It fails with RecordsLeft, which is tried again. It takes no input: the rows
// and this process's clock decide. It may be called again after any end.
func (o *OwnRecords) ExpireRecords(ctx context.Context) (expired Expired, err error) {
	err = withPulse(ctx, o.Patience, func(ctx context.Context, report func(string, int64)) error {
		gone := int64(0)

		for range passes {
			asOf := o.Clock.Now() // of the proof, too: something comes due at every instant

			removed, err := ownrecords.Expire(ctx, o.Steward, asOf, func(rows int64) { report("rows", gone+rows) })
			if err != nil {
				return err
			}

			for _, each := range removed {
				gone += each.Rows
			}

			expired.add(removed)

			left, err := ownrecords.Overdue(ctx, o.Steward, asOf)
			if err != nil || left == 0 {
				return err
			}
		}

		return failure.New(failure.RecordsLeft, "removing own records past their end")
	})

	return expired, err
}

// add counts what one pass removed, table by table.
func (e *Expired) add(removed []ownrecords.Removed) {
	for _, each := range removed {
		at := slices.IndexFunc(e.Removed, func(known ownrecords.Removed) bool { return known.Table == each.Table })
		if at < 0 {
			e.Removed = append(e.Removed, each)
		} else {
			e.Removed[at].Rows += each.Rows
		}
	}
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
