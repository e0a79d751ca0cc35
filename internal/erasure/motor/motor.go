// Package motor lets Temporal move the cases of erasures on: it starts the workflow of a
// case, or tells the one that runs that there is news. The cases are in the database, so
// that whatever Temporal has lost is started again from there.
package motor

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// Operation names the outside calls of a motor to whoever counts them, apart from those of activities.
const Operation = "Motor"

// Starter is the part of Temporal's client that a motor needs.
type Starter interface {
	// SignalWithStartWorkflow is that of client.Client.
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any, options client.StartWorkflowOptions,
		workflow any, workflowArgs ...any) (client.WorkflowRun, error)
}

// Motor starts the workflows of cases. It is safe for concurrent use, by several processes too.
type Motor struct {
	// Steward is the steward database, as the role steward_core or its owner.
	Steward *postgres.DB
	// Temporal reaches the server.
	Temporal Starter
	// Workflow is the registered name, Signal that of the news, Queue the task queue.
	Workflow, Signal, Queue string
	// Input makes the input of the workflow of a case.
	Input func(erasure string) any
	// Timeout bounds one call of Temporal.
	Timeout time.Duration
}

// hasNews is true of a case that is to be told of.
const hasNews = `news and ended_at is null`

// page is how many cases one statement reads.
const page = 500

// Stir starts or tells the workflows of all cases of which there is news, and says how
// many. Of a case it takes the news away only when Temporal has it: a crash in between tells twice. Where there is none, which
// is nearly always so, it asks one statement and opens no transaction.
func (m Motor) Stir(ctx context.Context) (stirred int, err error) {
	var some bool

	err = m.Steward.QueryRow(ctx, `select exists (select from erasures where `+hasNews+`)`).Scan(&some)
	if err != nil || !some {
		return 0, failure.Wrap(failure.Unavailable, "looking for news of erasures", err)
	}

	for {
		found := false

		err := m.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
			var id, cause string

			err := tx.QueryRow(ctx, `select id, cause from erasures where `+hasNews+` order by id limit 1
				for update skip locked`).Scan(&id, &cause)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}

			if err != nil {
				return failure.Wrap(failure.Unavailable, "looking for news of erasures", err)
			}

			found = true

			if err := m.tell(ctx, id, cause); err != nil {
				return err
			}

			_, err = tx.Exec(ctx, `update erasures set news = false where id = $1`, id)

			return failure.Wrap(failure.Unavailable, "noting that an erasure was told of its news", err)
		})
		if err != nil || !found {
			return stirred, failure.Wrap(failure.Unavailable, "telling erasures of their news", err)
		}

		stirred++
	}
}

// All starts or tells the workflows of all cases that have not ended, and of those that
// were cancelled and have left something for a restore behind; it says how many. A case whose workflow
// runs does not notice but that it looks once more.
func (m Motor) All(ctx context.Context) (started int, err error) {
	type open struct{ ID, Cause string }

	last := ""

	for {
		rows, err := m.Steward.Query(ctx, `select id, cause from erasures where id > $1 and (ended_at is null
				or stage = 'cancelled' and exists (select from replay_records as r where r.erasure = erasures.id and r.gone_at is null))
			order by id limit $2`, last, page)
		if err != nil {
			return started, failure.Wrap(failure.Unavailable, "looking for open erasures", err)
		}

		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[open])
		if err != nil {
			return started, failure.Wrap(failure.Unavailable, "looking for open erasures", err)
		}

		for _, each := range found {
			if err := m.tell(ctx, each.ID, each.Cause); err != nil {
				return started, err
			}

			started++
			last = each.ID
		}

		if len(found) < page {
			return started, nil
		}
	}
}

// tell signals the workflow of a case, and starts it where none runs.
func (m Motor) tell(ctx context.Context, id, cause string) error {
	ctx, stop := context.WithTimeout(ctx, m.Timeout)
	defer stop()

	err := faults.Do(ctx, faults.HTTP, "temporal signal-with-start", func(ctx context.Context) error {
		_, err := m.Temporal.SignalWithStartWorkflow(ctx, ids.Erasure(cause), m.Signal, nil, client.StartWorkflowOptions{
			TaskQueue: m.Queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary: "Erase a subject everywhere, and prove it",
		}, m.Workflow, m.Input(id))

		return err
	})

	return failure.Wrap(failure.TemporalUnavailable, "starting the workflow of an erasure", err)
}
