// Package seal is the ledger's sequencer: it gives waiting entries their
// position, seals them into segments in the mirror and signs checkpoints.
//
// One seal has five steps, after Sunlight:
//
//  1. upload the batch to the mirror under a name made from its hash;
//  2. in one transaction, replace the head if it is still the one that was
//     read, assign positions, store hashes;
//  3. write the segment to the mirror, under an immutable name;
//  4. publish the signed checkpoint: an immutable copy, then the pointer;
//  5. remove the staged batch; a failure here is only counted.
//
// A crash after step 1 leaves a staged batch that nobody refers to. If the
// outcome of step 2 is unknown, nothing more is done: the next start reads the
// head and repeats steps 3 to 5 with the same code. From step 2 on the batch is
// in the ledger, and a crash leaves a mirror that is behind by this one batch.
// Several sealers may run at once: step 2 lets one of them win.
package seal

import (
	"context"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Database is the steward database, with transactions.
type Database interface {
	ledger.Queryer
	// InTx commits what work did, or rolls it back if work fails. An error
	// after work succeeded means that the outcome is unknown.
	InTx(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// The limits of a seal.
const (
	// MaxEntries bounds a batch: a thousand leaves are about 300 kB, one upload.
	MaxEntries = 1000
	// MaxWait is how long an entry waits for company.
	MaxWait = 10 * time.Second
	// polls is how often the waiting entries are counted within MaxWait.
	polls = 10
	// leastPoll lies between two counts at least, however short MaxWait was made: ten
	// within a tenth of a second are most of what an idle process does.
	leastPoll = 50 * time.Millisecond
	// Timeout is how long one seal may take: five small outside calls, each of
	// which answers in a second or not at all.
	Timeout = time.Minute
)

// Config holds what may be tuned; zero values mean the constants above.
type Config struct {
	// MaxEntries is the most entries in one batch.
	MaxEntries int
	// MaxWait is how long an entry waits at most before a seal begins, but for the time
	// between two polls.
	MaxWait time.Duration
	// Timeout is how long one seal may take.
	Timeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.MaxEntries <= 0 || c.MaxEntries > MaxEntries {
		c.MaxEntries = MaxEntries
	}

	if c.MaxWait <= 0 {
		c.MaxWait = MaxWait
	}

	if c.Timeout <= 0 {
		c.Timeout = Timeout
	}

	return c
}

// interval lies between two counts of what waits.
func (c Config) interval() time.Duration { return max(c.MaxWait/polls, leastPoll) }

// Sealer is one sequencer. It is safe for concurrent use; seals take turns.
type Sealer struct {
	db       Database
	mirror   ledger.Mirror
	signer   note.Signer
	verifier note.Verifier
	clock    clocks.Clock
	config   Config

	mu sync.Mutex
	// published is the size whose checkpoint is known to be in the mirror, or
	// unknown; owned by mu.
	published int64
	// leftovers counts the staged batches that could not be removed; owned by mu.
	leftovers int64
}

// unknown is the published size of a sealer that has not looked yet.
const unknown int64 = -1

// New gives a sealer. The verifier belongs to the signer's key, and the key's
// name is the origin of the ledger.
func New(db Database, mirror ledger.Mirror, signer note.Signer, verifier note.Verifier, clock clocks.Clock, config Config) *Sealer {
	return &Sealer{
		db: db, mirror: mirror, signer: signer, verifier: verifier, clock: clock,
		config: config.withDefaults(), published: unknown,
	}
}

// Result says what one seal did.
type Result struct {
	// Sealed is the number of entries that got their position; 0 if none waited.
	Sealed int
	// Size is the size of the ledger after it.
	Size int64
	// Leftovers counts the staged batches that this sealer could not remove so far.
	Leftovers int64
}

// Seal seals one batch of waiting entries and returns when database and mirror
// have it. Its failures:
//   - LedgerUnknown: the outcome of the commit is unknown; stop, then Recover.
//   - LedgerMoved: another sealer was faster; nothing is lost, try again.
//   - LedgerTampered: the copies do not agree; a person must look.
//   - LedgerClock: the clock stands at or before the newest seal.
//   - anything else: an outside system failed; try again, the next call mends it.
func (s *Sealer) Seal(ctx context.Context) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	result, err := s.seal(ctx)
	if err != nil {
		// Whatever failed, the next call looks at the mirror before it goes on.
		s.published = unknown
	}

	result.Leftovers = s.leftovers

	return result, err
}

func (s *Sealer) seal(ctx context.Context) (Result, error) {
	head, err := s.current(ctx)
	if err != nil {
		return Result{}, err
	}

	entries, err := readWaiting(ctx, s.db, s.config.MaxEntries)
	if err != nil || len(entries) == 0 {
		return Result{Size: head.Size}, err
	}

	at := s.clock.Now().UTC().Truncate(time.Microsecond)
	if !at.After(head.At) {
		return Result{}, failure.New(failure.LedgerClock, "sealing the ledger")
	}

	sealed, err := s.prepare(ctx, head, entries, at)
	if err != nil {
		return Result{}, err
	}

	// A crash before this upload leaves nothing, one after it an orphan in staging.
	if err := s.putSame(ctx, sealed.stagingName(), sealed.segment); err != nil {
		return Result{}, err
	}

	// A crash before the commit leaves the entries waiting; one after it a
	// mirror that is behind, which Recover mends from the staged batch.
	if err := commit(ctx, s.db, head, sealed); err != nil {
		return Result{}, err
	}

	if err := s.publish(ctx, sealed.head(), sealed.segment); err != nil {
		return Result{}, err
	}

	return Result{Sealed: len(entries), Size: sealed.to}, nil
}
