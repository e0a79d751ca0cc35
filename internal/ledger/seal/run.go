package seal

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
)

const countWaiting = `SELECT count(*) FROM (
	SELECT 1 FROM ledger.entries WHERE position IS NULL LIMIT $1) AS waiting`

// Operation names the outside calls of a seal to whoever counts them, apart from those
// that ask whether anything waits.
const Operation = "Seal"

// Run seals until ctx ends, then returns nil; a seal that is under way when ctx
// ends is left to the next start. Its owner calls it in one goroutine and waits
// for it. It returns an error only where going on would be wrong
// (LedgerTampered, LedgerUnknown): the owner stops or starts it again, and each
// start begins with Recover. Everything else is tried again at the next poll.
// report is called after every attempt, in this goroutine.
func (s *Sealer) Run(ctx context.Context, report func(Result, error)) error {
	ticker := time.NewTicker(s.config.interval())
	defer ticker.Stop()

	_, err := s.Recover(ctx)
	if err != nil {
		report(Result{}, err)
	}

	for waited := time.Duration(0); !fatal(err); {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			waited, err = s.poll(ctx, waited+s.config.interval(), report)
		}
	}

	if ctx.Err() != nil {
		// The commit that we do not know about was cut off by our own end.
		return nil
	}

	return err
}

// poll seals if it is due, and as long as batches are full. It returns how long
// entries have been waiting since.
func (s *Sealer) poll(ctx context.Context, waited time.Duration, report func(Result, error)) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()

	var waiting int
	if err := s.db.QueryRow(ctx, countWaiting, s.config.MaxEntries).Scan(&waiting); err != nil {
		err = failure.Wrap(failure.Unavailable, "counting waiting ledger entries", err)
		report(Result{}, err)

		return waited, err
	}

	// Nothing waits, but a seal that failed half-way may have left the mirror
	// behind: it is brought up now, not with the next entry.
	if waiting == 0 && !s.owing() {
		return 0, nil
	}

	if waiting > 0 && !due(waiting, waited, s.config) {
		return waited, nil
	}

	ctx = faults.Within(ctx, faults.Part{Operation: Operation})

	for {
		result, err := s.Seal(ctx)
		report(result, err)

		if err != nil {
			return waited, err
		}

		if result.Sealed < s.config.MaxEntries {
			return 0, nil
		}
	}
}

// owing reports whether the mirror is not known to have all that is sealed, or
// still has a staged batch that could not be removed.
func (s *Sealer) owing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.published == unknown
}

// due decides whether to seal now: a full batch, or entries that waited long
// enough.
func due(waiting int, waited time.Duration, config Config) bool {
	return waiting >= config.MaxEntries || waited >= config.MaxWait
}

// fatal reports whether a sealer must not go on by itself.
func fatal(err error) bool {
	return failure.Is(err, failure.LedgerTampered) || failure.Is(err, failure.LedgerUnknown)
}
