package evidence

import (
	"context"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// Snapshots is the steward database with snapshots.
type Snapshots interface {
	postgres.Queryer
	// InSnapshot runs work in a read-only transaction that sees one instant.
	InSnapshot(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// Verifier compares both copies of a ledger that goes on growing meanwhile.
type Verifier struct {
	// Steward is the database's copy, Mirror the other one.
	Steward Snapshots
	Mirror  ledger.Mirror
	// Key is the ledger's public key, pinned in the policy.
	Key note.Verifier
	// SealWithin is how long an entry may wait for its seal, and so how long the
	// mirror may be behind.
	SealWithin time.Duration
	// Patience scales the pause between two tries.
	Patience patience.Scale
	// Tell, if not nil, is told now and then how many entries were compared.
	Tell func(entries int64)
}

// A seal that is under way looks like damage to whoever reads the two copies one
// after the other. It takes below a second, so what is found five times, with a
// pause between, is no seal.
const (
	tries = 5
	pause = 2 * time.Second
)

// Verify compares the copies to the end, and again when something was found,
// since the sequencer may have been at work. What stays is real. It fails with
// Unavailable when a copy could not be read: then nothing was verified.
func (v Verifier) Verify(ctx context.Context, now time.Time) (Verification, error) {
	report, err := v.once(ctx, now)

	for try := 1; try < tries && (err != nil || !report.Clean()) && ctx.Err() == nil; try++ {
		if err := v.rest(ctx); err != nil {
			return Verification{}, err
		}

		report, err = v.once(ctx, now)
	}

	if err != nil {
		return Verification{}, err
	}

	return judged(report, now), nil
}

func (v Verifier) rest(ctx context.Context) error {
	timer := time.NewTimer(v.Patience.Of(pause))
	defer timer.Stop()

	select {
	case <-ctx.Done():
		return failure.Wrap(failure.TimedOut, "verifying the ledger", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// once makes one comparison: the database as of one snapshot, and the mirror as
// it was then.
func (v Verifier) once(ctx context.Context, now time.Time) (report audit.Report, err error) {
	err = v.Steward.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		db, err := audit.OpenDatabase(ctx, tx)
		if err != nil {
			return err
		}

		then, err := v.asOf(ctx, db.Head.Size)
		if err != nil {
			return err
		}

		mirror, err := audit.OpenMirror(ctx, then)
		if err != nil {
			return err
		}

		report, err = audit.Verify(ctx, audit.Options{Verifier: v.Key, AsOf: now, Tell: v.Tell}, db, mirror)
		if err == nil {
			report.Findings = slices.DeleteFunc(report.Findings, func(f audit.Finding) bool {
				return f.What == audit.MirrorBehind && now.Sub(db.Head.At) < v.SealWithin
			})
		}

		return err
	})

	return report, failure.Wrap(failure.Unavailable, "verifying the ledger", err)
}
