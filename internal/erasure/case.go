package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// Prefix is what the ids of erasures begin with.
const Prefix = "era"

// Case is one erasure. Times are in UTC, zero where there is none.
type Case struct {
	// ID is opaque, "era_…".
	ID string
	// Cause is the id of what asked for it; it has one erasure.
	Cause  string
	Reason Reason
	// Approval says that a second person must agree to its plan, as it was opened: Reason.NeedsApproval decides.
	Approval bool
	Kind     plan.Subject
	// Account is the account's id; of a person the scope, empty for the controller's tables.
	Account string
	Mode    promise.Mode
	// Language is that of the certificates.
	Language letter.Language
	// AskedBy is who wanted it, OpenedBy who opened the case: opaque ids, or "steward".
	AskedBy, OpenedBy string
	OpenedAt          time.Time
	Stage             Stage
	StagedAt          time.Time
	// Plan is the number of the newest plan, 0 before the first.
	Plan int
	// BackTo is where a closing goes back to; App is what the app was told last.
	BackTo Stage
	App    string
	// Code and StoppedIn say why and where a blocked one stopped.
	Code      failure.Code
	StoppedIn Stage
	// Refusal is what it stumbled over, in words that name tables, columns and stores; empty where the step that stopped left none.
	Refusal string
	// RecheckedAt is when this closing's plan was last found to hold.
	RecheckedAt time.Time
	// Tombstone is the ledger's entry of the decision, empty before it.
	Tombstone string
	// ErasedAt is when every store had answered, VerifiedAt when nothing was found last.
	ErasedAt, VerifiedAt time.Time
	// GoneBy is when nothing can be left anywhere; zero while nobody can say.
	GoneBy time.Time
	// CancelAct and RetryAct are the acts of staff that ask for that, empty without.
	CancelAct, RetryAct string
	EndedAt             time.Time
}

// The words for what the app was told of a subject.
const (
	appClosed   = "closed"
	appReopened = "reopened"
)

const columns = `id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, stage, staged_at,
	plan, back_to, app, code, stopped_in, rechecked_at, coalesce(tombstone, ''), erased_at, verified_at, gone_by,
	coalesce(cancel_act, ''), coalesce(retry_act, ''), ended_at, case when stage = 'blocked' and code = refusal_code then refusal else '' end`

// Get reads one case. It fails with ErasureUnknown.
func Get(ctx context.Context, q postgres.Queryer, id string) (Case, error) {
	return one(ctx, q, `where id = $1`, id)
}

// OfCause reads the case of a cause. It fails with ErasureUnknown.
func OfCause(ctx context.Context, q postgres.Queryer, cause string) (Case, error) {
	return one(ctx, q, `where cause = $1`, cause)
}

// lock reads a case and keeps it from changing until the caller's transaction ends.
func lock(ctx context.Context, tx postgres.Tx, id string) (Case, error) {
	return one(ctx, tx, `where id = $1 for update`, id)
}

func one(ctx context.Context, q postgres.Queryer, where string, args ...any) (Case, error) {
	rows, err := q.Query(ctx, `select `+columns+` from erasures `+where, args...)
	if err != nil {
		return Case{}, failure.Wrap(failure.Unavailable, "looking for an erasure", err)
	}

	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Case{}, failure.New(failure.ErasureUnknown, "looking for an erasure")
	}

	return found, failure.Wrap(failure.Unavailable, "reading an erasure", err)
}

// Filter says which cases are wanted. Empty members want all.
type Filter struct {
	// Open wants those that have not ended.
	Open bool
	// Decided wants those that are approved or decided, and have not erased yet.
	Decided bool
	Stage   Stage
	Account string
	// After is where the page before ended; Limit how many are wanted at most.
	After page.Place
	Limit int
}

// Place is where the case stands in a list.
func (c Case) Place() page.Place { return page.Place{At: c.OpenedAt, ID: c.ID} }

// List gives a page of cases, the newest first.
func List(ctx context.Context, q postgres.Queryer, wanted Filter) ([]Case, error) {
	after, id := wanted.After.Behind()

	rows, err := q.Query(ctx, `select `+columns+` from erasures
		where (not $1 or ended_at is null) and ($2 = '' or stage = $2) and ($3 = '' or account = $3)
			and ($4::timestamptz is null or (opened_at, id) < ($4, $5))
			and (not $7 or stage in ('closing', 'tombstoned', 'executing'))
		order by opened_at desc, id desc limit $6`, wanted.Open, string(wanted.Stage), wanted.Account, after, id, wanted.Limit, wanted.Decided)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "listing erasures", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "listing erasures", err)
}

func scan(row pgx.CollectableRow) (Case, error) {
	var (
		c                                        Case
		rechecked, erased, verified, gone, ended *time.Time
	)

	err := row.Scan(&c.ID, &c.Cause, &c.Reason, &c.Approval, &c.Kind, &c.Account, &c.Mode, &c.Language, &c.AskedBy, &c.OpenedBy, &c.OpenedAt,
		&c.Stage, &c.StagedAt, &c.Plan, &c.BackTo, &c.App, &c.Code, &c.StoppedIn, &rechecked, &c.Tombstone, &erased, &verified, &gone,
		&c.CancelAct, &c.RetryAct, &ended, &c.Refusal)

	c.OpenedAt, c.StagedAt = c.OpenedAt.UTC(), c.StagedAt.UTC()
	c.RecheckedAt, c.ErasedAt, c.VerifiedAt = postgres.Instant(rechecked), postgres.Instant(erased), postgres.Instant(verified)
	c.GoneBy, c.EndedAt = postgres.Instant(gone), postgres.Instant(ended)

	return c, err
}
