package erasure

import (
	"context"

	"steward/internal/failure"
)

// refused writes down what a step of a case stumbled over, for whoever looks at the case when that has blocked it. A note that
// cannot be written is left out: the step fails in any case, and the worker's log has the same words.
func (e Eraser) refused(ctx context.Context, id string, failed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
	defer cancel()

	//nolint:errcheck // see above
	_, _ = e.Steward.Exec(ctx, `update erasures set refusal = left($2, 4000), refusal_code = $3 where id = $1 and ended_at is null`,
		id, failure.Safe(failed), string(failure.CodeOf(failed)))
}
