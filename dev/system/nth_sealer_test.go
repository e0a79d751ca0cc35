package system_test

import (
	"context"
	"errors"
	"time"

	"steward/dev/harness"
	"steward/internal/erasure/motor"
	"steward/internal/ledger"
	"steward/internal/ledger/seal"
	"steward/internal/postgres"
)

// sealing is the loop over the calls of the ledger's sequencer. internal/ledger/seal
// fails every call of a seal, each time; here are the processes.
func sealing() operation {
	const every = 1
	if !harness.Soak() {
		// How often the sequencer asks whether anything waits is chance.
		plan := harness.Plan{Counts: func(call harness.Call) bool { return call.Part.Operation == seal.Operation }}
		return operation{"sealer", plan, sealed, every, 0, false}
	}
	plan := harness.Plan{
		Counts: func(call harness.Call) bool { return call.Process == "core" && call.Part.Operation != motor.Operation },
		After:  func(call harness.Call) bool { return call.Process == "drill" && call.Name == "commit" },
	}
	return operation{"sealer", plan, backedUp, slicesOfPoints, 0, false}
}

// sealed gives the ledger one entry, lets one call of its sequencer fail, and says what
// is wrong when the entry is sealed.
func sealed(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	err := world.Move(time.Second)
	world.Gate.Arm(plan)
	err = errors.Join(err, told(ctx, world))
	if err == nil {
		err = world.Settle(ctx)
	}
	_, hit = world.Gate.Disarm()
	if err != nil {
		return hit, []string{err.Error()}
	}
	return hit, looked(look, world)
}

// told writes an entry as the product does, in a transaction.
func told(ctx context.Context, world *harness.World) error {
	steward, err := postgres.Open(ctx, world.StewardURL)
	if err != nil {
		return err
	}
	defer steward.Close()
	return steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		_, err := ledger.Append(ctx, tx, ledger.Observed, world.Now(), ledger.ObservedBody{
			What: "test.sealer", Object: "test", Code: "as_policy",
		})
		return err
	})
}
