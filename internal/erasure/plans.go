package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/act"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/task"
)

// ApproveVerb is the verb of the act by which a plan is approved.
const ApproveVerb = "erasure.approve"

// Planning is a plan as it was stored.
type Planning struct {
	Number int
	// SHA256 is the hex hash of Text, which people approve.
	SHA256 string
	// Text is the plan in its canonical form.
	Text   string
	Plan   plan.Plan
	MadeAt time.Time
}

// PlanOf reads the newest plan of a case. It fails with EvidenceMissing before there is one.
func PlanOf(ctx context.Context, q postgres.Queryer, of Case) (Planning, error) {
	read := Planning{Number: of.Plan}

	err := q.QueryRow(ctx, `select sha256, body, made_at from erasure_plans where erasure = $1 and number = $2`, of.ID, of.Plan).
		Scan(&read.SHA256, &read.Text, &read.MadeAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Planning{}, failure.New(failure.EvidenceMissing, "looking for the plan of an erasure")
	}

	if err != nil {
		return Planning{}, failure.Wrap(failure.Unavailable, "looking for the plan of an erasure", err)
	}

	read.MadeAt = read.MadeAt.UTC()
	read.Plan, err = plan.Parse([]byte(read.Text))

	return read, err
}

// putPlan stores the next plan of a case that is requested, and takes it to planned. It
// fails with ErasureMoved where the case is elsewhere by now.
func putPlan(ctx context.Context, tx postgres.Tx, of Case, made plan.Plan, at time.Time) error {
	text, sha, err := plan.Canonical(made)
	if err != nil {
		return err
	}

	if _, err := tx.Exec(ctx, `insert into erasure_plans (erasure, number, sha256, body, made_at) values ($1, $2, $3, $4, $5)`,
		of.ID, of.Plan+1, sha, string(text), at); err != nil {
		return failure.Wrap(failure.Unavailable, "storing the plan of an erasure", err)
	}

	return move(ctx, tx, of, Planned, at, `, plan = $5`, of.Plan+1)
}

// Approve notes that somebody agrees to the hash of the newest plan. Said again by the
// same person it changes nothing. It fails with PlanChanged for another hash, with
// OwnErasure for whoever asked for the erasure or opened it, with NotPermitted for whoever is no
// lead, and with ErasureMoved where the case does not wait for an approval.
func Approve(ctx context.Context, tx postgres.Tx, who access.Principal, id, sha string, at time.Time) error {
	found, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}

	if found.Plan == 0 {
		return failure.New(failure.ErasureMoved, "approving an erasure that has no plan yet")
	}

	planned, err := PlanOf(ctx, tx, found)

	switch {
	case err != nil:
		return err
	case who.ID == found.OpenedBy || who.ID == found.AskedBy:
		return failure.New(failure.OwnErasure, "approving an erasure")
	case who.Role != access.Lead:
		return failure.New(failure.NotPermitted, "approving an erasure")
	case planned.SHA256 != sha:
		return failure.New(failure.PlanChanged, "approving an erasure")
	}

	approved, err := approval(ctx, tx, found)
	if err != nil || approved.Act != "" {
		return err
	}

	if found.Stage != AwaitingApproval {
		return failure.New(failure.ErasureMoved, "approving an erasure")
	}

	signs, err := signsOf(ctx, tx, found)
	if err != nil {
		return err
	}

	made, err := act.Record(ctx, tx, who, act.What{Verb: ApproveVerb, Object: id, InputSHA256: sha}, at)
	if err != nil {
		return err
	}

	if _, err := tx.Exec(ctx, `insert into erasure_approvals (erasure, plan, act, signs, at) values ($1, $2, $3, $4, $5)`,
		id, found.Plan, made, signs, at); err != nil {
		return failure.Wrap(failure.Unavailable, "noting the approval of an erasure", err)
	}

	if err := task.Close(ctx, tx, task.ApproveErasure, id, who.ID, task.Accepted, at, task.Keep); err != nil {
		return err
	}

	return Nudge(ctx, tx, id)
}

// signsOf counts the account's signs of life; a person has none.
func signsOf(ctx context.Context, q postgres.Queryer, of Case) (int64, error) {
	if of.Kind != plan.Account {
		return 0, nil
	}

	found, err := account.Get(ctx, q, of.Account)

	return found.Signs, err
}

// approvalRow is who agreed to the newest plan, empty while nobody has.
type approvalRow struct {
	Act   string
	Signs int64
}

// approval reads the approval of the newest plan, and the act behind it: a row that
// names an act which does not say so is none.
func approval(ctx context.Context, q postgres.Queryer, of Case) (approvalRow, error) {
	var found approvalRow

	err := q.QueryRow(ctx, `select act, signs from erasure_approvals where erasure = $1 and plan = $2`, of.ID, of.Plan).
		Scan(&found.Act, &found.Signs)
	if errors.Is(err, pgx.ErrNoRows) {
		return approvalRow{}, nil
	}

	if err != nil {
		return approvalRow{}, failure.Wrap(failure.Unavailable, "looking for the approval of an erasure", err)
	}

	planned, err := PlanOf(ctx, q, of)
	if err != nil {
		return approvalRow{}, err
	}

	done, err := act.Get(ctx, q, found.Act)

	switch {
	case err != nil:
		return approvalRow{}, err
	case done.Verb != ApproveVerb, done.Object != of.ID, done.InputSHA256 != planned.SHA256, done.Role != access.Lead,
		done.Outcome != act.Done, done.Staff == of.OpenedBy, done.Staff == of.AskedBy:
		return approvalRow{}, failure.New(failure.EvidenceMissing, "reading the approval of an erasure")
	}

	return found, nil
}
