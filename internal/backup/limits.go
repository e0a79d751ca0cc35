package backup

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/clocks"
	"steward/internal/faults"
	"steward/internal/throttle"
	"steward/internal/throttle/ask"
)

// Limits hold a backup back for the sake of its source. The zero value holds
// nothing back.
type Limits struct {
	// Bandwidth is how many bytes a second are handed to the upload at most, which
	// sends them in chunks; 0 is without a limit.
	Bandwidth int64
	// Nice lowers the priority of pg_dump on the worker's machine, 1 to 19. It says
	// nothing to the server behind it.
	Nice int
	// MaxLag pauses the dump while the slowest replica is further behind; 0 looks
	// at none.
	MaxLag time.Duration
	// LoadQuery is a SELECT of one boolean or number that pauses the dump while it
	// is true or above 0; empty for none. It is read in a read-only transaction.
	LoadQuery string
	// Every is the time between two looks at the source; 0 is ten seconds.
	Every time.Duration
}

func (l Limits) brakes() bool { return l.MaxLag > 0 || l.LoadQuery != "" }

// brake looks at the source until stop is called, which waits for the last look,
// and closes the gate while it should have rest. It fails with PolicyInvalid where
// the first look shows that the source cannot be asked so.
func (r *run) brake(ctx context.Context) (stop func(), err error) {
	if !r.Limits.brakes() {
		return func() {}, nil
	}

	looks := &ask.Source{
		Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, r.Source) },
		MaxLag:  r.Limits.MaxLag, LoadQuery: r.Limits.LoadQuery,
	}
	most := throttle.Most(clocks.System().Now(), r.restBy(ctx))

	first, err := looks.Look(ctx)
	if err != nil {
		looks.Close(ctx)

		return nil, err
	}

	r.decide(first, most)

	watching, end := context.WithCancel(faults.Without(ctx))
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		r.watch(watching, looks, most)
	}()

	return func() {
		end()
		<-ended
		looks.Close(ctx)
	}, nil
}

// restBy is the instant on the machine's clock that pauses may lead towards: that
// of the promise, or the end of this attempt if that comes first.
func (r *run) restBy(ctx context.Context) time.Time {
	deadline, _ := ctx.Deadline()

	if !r.Deadline.IsZero() {
		due := clocks.System().Now().Add(r.Deadline.Sub(r.Clock.Now()))
		if deadline.IsZero() || due.Before(deadline) {
			deadline = due
		}
	}

	return deadline
}

// watch looks again and again. Looks come by the clock, and are not counted among
// the outside calls of the work.
func (r *run) watch(ctx context.Context, looks *ask.Source, most time.Duration) {
	every := r.Limits.Every
	if every <= 0 {
		every = ask.Every
	}

	ticker := time.NewTicker(every)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}

		seen, err := looks.Look(ctx)
		if err != nil {
			// The query was good at the first look: what broke it since is no calm.
			seen = throttle.Reading{Silent: true}
		}

		if ctx.Err() == nil {
			r.decide(seen, most)
		}
	}
}

// decide opens or closes the gate.
func (r *run) decide(seen throttle.Reading, most time.Duration) {
	now := clocks.System().Now()
	closed, held := r.gate.Held(now)

	if !(throttle.Rule{MaxLag: r.Limits.MaxLag}).Decide(seen, closed, held, most).Pause {
		r.gate.Release(now)

		return
	}

	r.gate.Hold(now)

	if r.Held != nil {
		r.Held(held)
	}
}
