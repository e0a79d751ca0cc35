package doctor

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/ownrecords"
	"steward/internal/postgres"
	"steward/internal/webhook"
)

// webhooks looks at the endpoints and at what waits for them.
func (d *Doctor) webhooks(ctx context.Context) []Check {
	const deliveries = "Look at them: steward webhook deliveries"

	return []Check{d.ask(ctx, "deliveries", func(ctx context.Context, db *postgres.DB) Check {
		const name = "deliveries"

		now := d.Clock.Now()

		seen, err := webhook.StandingAt(ctx, db, now)

		switch {
		case err != nil:
			return answered(name, err)
		case longer(now, seen.OverdueSince, webhook.Late):
			return wrong(name, failure.PromiseBroken, "nothing is being delivered; one has been due for "+since(now, seen.OverdueSince),
				"See docs/runbooks.md#webhooks-overdue")
		case seen.Disabled > 0:
			return warned(name, fmt.Sprintf("%d endpoints said that they are gone; nothing is sent there", seen.Disabled),
				"See which: steward webhook list")
		case longer(now, seen.WaitingSince, webhook.Stuck):
			return warned(name, "an endpoint does not take what has waited for "+since(now, seen.WaitingSince), deliveries)
		case seen.GivenUp > 0:
			return warned(name, fmt.Sprintf("%d were given up in the last day", seen.GivenUp), deliveries)
		default:
			return fine(name, "no endpoint is disabled, and nothing waits too long")
		}
	})}
}

// records looks whether Steward's own records go at their end dates.
func (d *Doctor) records(ctx context.Context) []Check {
	return []Check{d.ask(ctx, "end dates", func(ctx context.Context, db *postgres.DB) Check {
		const name = "end dates"

		now := d.Clock.Now()

		all, err := ownrecords.Oldest(ctx, db, now)
		if err != nil {
			return answered(name, err)
		}

		for _, late := range all {
			if late.For(now) > ownrecords.Grace {
				return wrong(name, failure.PromiseBroken, fmt.Sprintf("rows of %s are %s past their end", late.Table, since(now, late.Since)),
					"See docs/runbooks.md#records-overdue")
			}
		}

		return fine(name, fmt.Sprintf("nothing in %d tables is past its end", len(all)))
	})}
}
