package goneby

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/store"
)

// Ask asks every store when it is done, with the outcome that it had of its Erase, by its name.
// What a store cannot say stands in its answer; what may be another answer when it is asked
// again, such as a service that is down, fails.
func Ask(
	ctx context.Context, stores []store.Store, subject store.Subject, outcomes map[string]store.Outcome, erasedAt time.Time,
) ([]Answer, error) {
	answers := make([]Answer, 0, len(stores))

	for _, each := range stores {
		at, err := each.GoneBy(ctx, subject, erasedAt)
		if code := failure.CodeOf(err); err != nil && failure.Lookup(code).Retryable {
			return nil, failure.Wrap(code, "asking "+each.Name()+" when a subject is gone", err)
		}

		answers = append(answers, Answer{Store: each.Name(), Outcome: outcomes[each.Name()], GoneBy: at, Err: err})
	}

	return answers, nil
}
