// Package copies verifies both copies of a ledger that goes on growing, in full,
// and against checkpoints that somebody kept.
package copies

import (
	"context"
	"slices"
	"time"

	"steward/internal/evidence"
	"steward/internal/failure"
	"steward/internal/ledger/audit"
	"steward/internal/postgres"
)

// Verify compares the copies and gives everything that is wrong. A seal that is
// under way looks like damage to whoever reads one copy after the other; so what
// was found is put to the promise audit's own verification, which reads the mirror
// as it was. What that does not see was a seal. Findings about kept checkpoints and about
// entries that wait too long for their seal stay in any case: that verification
// asks for neither. It fails with Unavailable when a copy could not be read.
func Verify(ctx context.Context, verifier evidence.Verifier, now time.Time, kept [][]byte) (audit.Report, error) {
	report, err := once(ctx, verifier, now, kept)
	if err == nil && report.Clean() {
		return report, nil
	}

	second, err := verifier.Verify(ctx, now)
	if err != nil {
		return audit.Report{}, failure.Wrap(failure.Unavailable, "verifying the ledger", err)
	}

	if report, err = once(ctx, verifier, now, kept); err != nil {
		return audit.Report{}, err
	}

	if second.Clean() {
		report.More = 0
		report.Findings = slices.DeleteFunc(report.Findings, func(f audit.Finding) bool {
			return f.Where != audit.Kept && f.What != audit.UnsealedOld
		})
	}

	return report, nil
}

// once makes one comparison: the database as of one snapshot, the mirror as it is
// read.
func once(ctx context.Context, verifier evidence.Verifier, now time.Time, kept [][]byte) (report audit.Report, err error) {
	err = verifier.Steward.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		db, err := audit.OpenDatabase(ctx, tx)
		if err != nil {
			return err
		}

		mirror, err := audit.OpenMirror(ctx, verifier.Mirror)
		if err != nil {
			return err
		}

		report, err = audit.Verify(ctx, audit.Options{
			Verifier: verifier.Key, AsOf: now, UnsealedLimit: verifier.SealWithin, Tell: verifier.Tell,
		}, db, mirror, kept...)

		return err
	})

	return report, failure.Wrap(failure.Unavailable, "verifying the ledger", err)
}
