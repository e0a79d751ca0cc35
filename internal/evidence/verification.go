package evidence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ledger/audit"
	"steward/internal/postgres"
)

// Verification is the result of one verification of both copies of the ledger.
type Verification struct {
	// At is when it began, by the clock of promises; zero if there was never one.
	At time.Time
	// Finding is the first thing that was wrong, as "where.what" of package
	// audit; empty when nothing was.
	Finding string
	// Findings counts what was wrong.
	Findings int64
	// Size and CheckpointAt are the newest signed state that was verified.
	Size         int64
	CheckpointAt time.Time
}

// Clean reports whether there was a verification and nothing was wrong.
func (v Verification) Clean() bool { return !v.At.IsZero() && v.Finding == "" }

// Text is what a status tells people of it; empty when nothing was wrong.
func (v Verification) Text() string {
	switch {
	case v.Finding == "":
		return ""
	case v.Findings > 1:
		return fmt.Sprintf("%s, and %d more", v.Finding, v.Findings-1)
	default:
		return v.Finding
	}
}

// verificationsPerPeriod is how often the ledger is verified within the time
// that one verification counts for: nine may fail before the promise is at risk.
const verificationsPerPeriod = 10

// Due decides whether the ledger is to be verified now: never verified, or
// longer ago than a tenth of every, or by a clock that was set back since.
func (v Verification) Due(every time.Duration, now time.Time) bool {
	return v.At.IsZero() || v.At.After(now) || now.Sub(v.At) >= every/verificationsPerPeriod
}

// judged turns a report into what is recorded of it.
func judged(report audit.Report, at time.Time) Verification {
	result := Verification{
		At: at.UTC().Truncate(time.Microsecond), Findings: int64(len(report.Findings)) + report.More,
		Size: report.Size, CheckpointAt: report.SignedAt,
	}
	if len(report.Findings) > 0 {
		first := report.Findings[0]
		result.Finding = string(first.Where) + "." + string(first.What)
	}

	return result
}

// RecordVerification keeps the result. A crash before its commit only means that
// the ledger is verified again. It fails with Unavailable.
func RecordVerification(ctx context.Context, q postgres.Queryer, v Verification) error {
	var signed *time.Time
	if !v.CheckpointAt.IsZero() {
		signed = &v.CheckpointAt
	}

	_, err := q.Exec(ctx, `insert into ledger_verifications (at, clean, finding, findings, checkpoint_size, checkpoint_at)
		values ($1, $2, $3, $4, $5, $6)`, v.At, v.Clean(), v.Finding, v.Findings, v.Size, signed)

	return failure.Wrap(failure.Unavailable, "recording a verification of the ledger", err)
}

// LastVerification reads the newest result, the zero Verification if there is
// none. It fails with Unavailable.
func LastVerification(ctx context.Context, q postgres.Queryer) (Verification, error) {
	var (
		last   Verification
		signed *time.Time
	)

	err := q.QueryRow(ctx, `select at, finding, findings, checkpoint_size, checkpoint_at
		from ledger_verifications order by id desc limit 1`).Scan(&last.At, &last.Finding, &last.Findings, &last.Size, &signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return Verification{}, nil
	}

	last.At, last.CheckpointAt = last.At.UTC(), postgres.Instant(signed)

	return last, failure.Wrap(failure.Unavailable, "reading the newest verification of the ledger", err)
}
