// Package operator records what a person asks for through the command, before it
// is done: of a workflow (Ask), or of the command itself (Direct). A workflow is given the id of such an act and reads everything else
// from here: whoever only reaches Temporal can name an act, never make one. A
// person appears as an opaque id, kept beside the login of the database.
package operator

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// PruneBackups is the verb of a prune by hand.
const PruneBackups = "backup.prune"

// role is what the ledger says that they act as.
const role = "operator"

// fresh is how long an act may wait to begin: a plan that a person saw an hour
// ago is not what that person means now.
const fresh = time.Hour

// Act is one thing that was asked for.
type Act struct {
	// ID is opaque, as is Operator.
	ID, Operator string
	// Verb says what is to be done.
	Verb string
	// InputSHA256 is the hash of what was shown and agreed to.
	InputSHA256 string
	AskedAt     time.Time
	// Intended says that the ledger holds the intent, Ended that it holds the
	// outcome.
	Intended, Ended bool
	// Begun says that the work began; Effects are then what it was to do.
	Begun   bool
	Effects string
	// Result is how the last try ended, as who carried it out wrote it: Done, a
	// failure code, or empty while there is none.
	Result string
	// Outcome is what the ledger holds of it once it has Ended.
	Outcome string
}

// Ask records an act of whoever is logged in to the steward database.
func Ask(ctx context.Context, db *postgres.DB, verb, inputSHA256 string, at time.Time) (string, error) {
	id := ids.New("act")

	err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		who, err := whoever(ctx, tx, at)
		if err != nil {
			return err
		}

		_, err = tx.Exec(ctx, `insert into operator_acts (id, operator, verb, input_sha256, asked_at) values ($1, $2, $3, $4, $5)`,
			id, who, verb, inputSHA256, at)

		return failure.Wrap(failure.Unavailable, "recording what is asked", err)
	})

	return id, err
}

// Get reads an act. It fails with EvidenceMissing where nobody asked for it.
func Get(ctx context.Context, q postgres.Queryer, id string) (Act, error) {
	var act Act

	err := q.QueryRow(ctx, `select id, operator, verb, input_sha256, asked_at, intended_at is not null, ended_at is not null,
		begun_at is not null, coalesce(effects, ''), result, outcome from operator_acts where id = $1`, id).
		Scan(&act.ID, &act.Operator, &act.Verb, &act.InputSHA256, &act.AskedAt, &act.Intended, &act.Ended, &act.Begun, &act.Effects,
			&act.Result, &act.Outcome)
	if errors.Is(err, pgx.ErrNoRows) {
		return Act{}, failure.New(failure.EvidenceMissing, "looking for what was asked")
	}

	return act, failure.Wrap(failure.Unavailable, "looking for what was asked", err)
}

// Intend writes the intent of an act to the ledger, once. Nothing may be done
// before. It fails with EvidenceMissing for an act that ended or that is too old.
func Intend(ctx context.Context, db *postgres.DB, id string, at time.Time) error {
	return db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		act, err := Get(ctx, tx, id)
		if err != nil {
			return err
		}

		if act.Ended || !act.Intended && !at.Before(act.AskedAt.Add(fresh)) {
			return failure.New(failure.EvidenceMissing, "beginning an act that is over or too old")
		}

		return once(ctx, tx, act, entry{ledger.ActIntended, "", at},
			`update operator_acts set intended_at = $2 where id = $1 and intended_at is null`)
	})
}

// Begin notes what an act does from here on, once.
func Begin(ctx context.Context, q postgres.Queryer, id, effects string, at time.Time) error {
	_, err := q.Exec(ctx, `update operator_acts set begun_at = $2, effects = $3 where id = $1 and begun_at is null`, id, at, effects)

	return failure.Wrap(failure.Unavailable, "noting what an act does", err)
}

// Finish notes how a try of an act's work ended: Done or a failure code. Who carries
// the act out writes it, each try anew; once it is Done it stays so, and an act that
// has no intent, or that is over, takes none.
func Finish(ctx context.Context, q postgres.Queryer, id, result string) error {
	_, err := q.Exec(ctx, `update operator_acts set result = $2
		where id = $1 and intended_at is not null and ended_at is null and result <> $3`, id, result, Done)

	return failure.Wrap(failure.Unavailable, "noting how an act went", err)
}

// End writes the outcome of an act to the ledger, once, and gives it: the result of
// who carried it out, else NotBegun or Unknown. Nobody tells it what to write. An act
// that has no intent has no outcome, and gives the empty one.
func End(ctx context.Context, db *postgres.DB, id string, at time.Time) (outcome string, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		act, err := Get(ctx, tx, id)
		if err != nil || !act.Intended || act.Ended {
			outcome = act.Outcome

			return err
		}

		outcome = act.ends()

		return once(ctx, tx, act, entry{ledger.ActDone, outcome, at},
			`update operator_acts set ended_at = $2, outcome = $3 where id = $1 and ended_at is null`, outcome)
	})

	return outcome, err
}

// The outcomes of an act beside the codes of failures.
const (
	// Done was carried out.
	Done = "done"
	// NotBegun was intended, and nothing was done.
	NotBegun = "not_begun"
	// Unknown was begun, and who carried it out could not say how it ended: some of it
	// may be done. The hourly prune does the rest.
	Unknown = "unknown"
)

// ends is the outcome of an act that ends as it stands.
func (a Act) ends() string {
	switch {
	case a.Result != "":
		return a.Result
	case a.Begun:
		return Unknown
	default:
		return NotBegun
	}
}

// entry is one step of an act as the ledger holds it.
type entry struct {
	kind    ledger.Kind
	outcome string
	at      time.Time
}

// once changes the act and appends to the ledger if nobody did so before. A crash
// before the commit leaves neither.
func once(ctx context.Context, tx postgres.Tx, act Act, step entry, change string, args ...any) error {
	touched, err := tx.Exec(ctx, change, append([]any{act.ID, step.at}, args...)...)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "noting a step of an act", err)
	}

	if touched == 0 {
		return nil
	}

	_, err = ledger.Append(ctx, tx, step.kind, step.at, ledger.ActBody{
		Act: act.ID, Actor: act.Operator, Role: role, Verb: act.Verb, Object: "backups", InputSHA256: act.InputSHA256,
		Outcome: step.outcome,
	})

	return err
}
