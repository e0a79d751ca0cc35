// Package brake holds an erasure back while the database in which it works has too much to do, as the policy's
// promises.erasure.brake says. It holds for a while, never for good: what was decided is carried out.
package brake

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/postgres"
	"steward/internal/throttle"
	"steward/internal/throttle/ask"
)

// Rules say when to hold. The zero value never does.
type Rules struct {
	// MaxLag holds while the slowest replica is further behind; 0 looks at none.
	MaxLag time.Duration
	// LoadQuery is a SELECT of one boolean or number that holds while it is true or above 0; empty for none.
	LoadQuery string
	// Every is the time between two looks; 0 is ask.Every.
	Every time.Duration
	// Most is how long one piece of work is held in all; 0 is half of the time to the deadline of its context, and two
	// hours at most.
	Most time.Duration
	// Log is told when work goes on though its database has no time; nil for nobody.
	Log *slog.Logger
}

func (r Rules) holds() bool { return r.MaxLag > 0 || r.LoadQuery != "" }

// Brake is for one piece of work, and one goroutine. A nil one never holds.
type Brake struct {
	rules  Rules
	source *ask.Source
	looked time.Time
	held   time.Duration
	told   bool
}

// For is the brake of work that begins now in a database. Nothing is asked before the first Wait.
func (r Rules) For(db *postgres.DB) *Brake {
	if !r.holds() {
		return nil
	}

	if r.Every <= 0 {
		r.Every = ask.Every
	}

	return &Brake{rules: r, source: &ask.Source{
		MaxLag: r.MaxLag, LoadQuery: r.LoadQuery,
		Connect: func(ctx context.Context) (*pgx.Conn, error) {
			return pgx.ConnectConfig(ctx, db.Pool().Config().ConnConfig.Copy())
		},
	}}
}

// Check asks once, so that what the login may not ask is known before anything is decided for good. It fails with
// StoreRefuses; a database that does not answer is not refused.
func (b *Brake) Check(ctx context.Context) error {
	if b == nil {
		return nil
	}

	_, err := b.source.Look(ctx)
	if failure.Is(err, failure.PolicyInvalid) {
		return failure.New(failure.StoreRefuses,
			"asking what promises.erasure.brake wants to know (it is refused, hidden, or not one boolean or number)")
	}

	return err
}

// Wait comes back when the database has time, or when the work was held long enough, or with the error of ctx. Between
// two looks it comes back at once.
func (b *Brake) Wait(ctx context.Context) error {
	if b == nil {
		return ctx.Err()
	}

	for pausing := false; ; pausing = true {
		if err := ctx.Err(); err != nil {
			return err
		}

		now := clocks.System().Now()
		if !pausing && !b.looked.IsZero() && now.Sub(b.looked) < b.rules.Every {
			return nil
		}

		if !b.pause(ctx, now, pausing) {
			return ctx.Err()
		}

		if err := rest(ctx, b.rules.Every); err != nil {
			return err
		}

		b.held += clocks.System().Now().Sub(now)
		tell(ctx, b.held)
	}
}

// pause looks, and says whether to hold. Looks come by the clock, and are not counted among the outside calls of the work.
func (b *Brake) pause(ctx context.Context, now time.Time, pausing bool) bool {
	seen, err := b.source.Look(faults.Without(ctx))
	if err != nil {
		seen = throttle.Reading{Silent: true} // the plan could ask: what broke since is no calm
	}

	if b.rules.Most == 0 {
		deadline, _ := ctx.Deadline()
		b.rules.Most = throttle.Most(now, deadline)
	}

	verdict := (throttle.Rule{MaxLag: b.rules.MaxLag}).Decide(seen, pausing, b.held, b.rules.Most)
	b.looked = now

	if verdict.Over && !b.told && b.rules.Log != nil {
		b.told = true
		b.rules.Log.WarnContext(ctx, "an erasure goes on though its database has no time for it",
			"why", verdict.Reason, "runbook", "docs/runbooks.md#an-erasure-is-held-back")
	}

	return verdict.Pause
}

// rest waits for the next look.
func rest(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()

	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the connection of the looks.
func (b *Brake) Close(ctx context.Context) {
	if b != nil {
		b.source.Close(ctx)
	}
}

type telling struct{}

// Telling lets the brakes of all work under the context tell how long they have held it so far.
func Telling(ctx context.Context, tell func(held time.Duration)) context.Context {
	return context.WithValue(ctx, telling{}, tell)
}

func tell(ctx context.Context, held time.Duration) {
	if told, ok := ctx.Value(telling{}).(func(time.Duration)); ok {
		told(held)
	}
}
