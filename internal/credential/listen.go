package credential

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
)

// channel is where the triggers of migration 0013 tell of each change of a
// credential or of a member of staff.
const channel = "steward_credentials"

// The pace of trying to listen again.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Run listens to changes of credentials until ctx ends, on a connection of its own,
// and connects again by itself. While it is not connected, nothing that was known
// counts and Verify asks the database.
func (v *Verifier) Run(ctx context.Context) {
	pause := firstPause

	for ctx.Err() == nil {
		heard, err := v.listen(ctx)
		v.known.forget()

		if heard {
			pause = firstPause
		}

		if ctx.Err() != nil {
			return
		}

		v.options.Log.WarnContext(ctx, "credentials are asked for one by one: nobody listens to their changes",
			slog.String("reason", failure.Safe(err)))

		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}

		pause = min(2*pause, longestPause)
	}
}

// Forget lets this process ask the database about every credential until it has read
// them all anew, which it does at once where it listens. Who may have committed a change
// calls it, so that the change counts here before the answer is sent; other processes
// hear of it by themselves.
func (v *Verifier) Forget() { v.known.forget() }

// Listening reports whether all credentials are known at this moment.
func (v *Verifier) Listening() bool {
	_, certain := v.known.find("", clocks.System().Now())

	return certain
}

// listen connects, listens, and keeps what is known true. heard says that it came
// to know everything once.
func (v *Verifier) listen(ctx context.Context) (heard bool, err error) {
	conn, err := v.connect(ctx)
	if conn != nil {
		defer func() {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.pace.beat)
			defer cancel()

			_ = conn.Close(closing) //nolint:errcheck // the server drops what listens with the connection
		}()
	}

	if err != nil {
		return false, failure.Wrap(failure.Unavailable, "listening to changes of credentials", err)
	}

	for {
		// What is read now holds every change whose notice came before.
		if err := v.learn(ctx); err != nil {
			return heard, err
		}

		heard = true

		if err := v.wait(ctx, conn); err != nil {
			return heard, err
		}

		v.known.forget()
	}
}

// connect opens the connection that listens; what it gives is to be closed, also
// beside an error.
func (v *Verifier) connect(ctx context.Context) (conn *pgx.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, v.pace.answer)
	defer cancel()

	err = faults.Do(ctx, faults.SQL, "listen", func(ctx context.Context) error {
		conn, err = pgx.ConnectConfig(ctx, v.options.DB.Pool().Config().ConnConfig)
		if err == nil {
			_, err = conn.Exec(ctx, "listen "+channel)
		}

		return err //nolint:wrapcheck // the caller does
	})

	return conn, err //nolint:wrapcheck // the caller does
}

// learn reads all credentials.
func (v *Verifier) learn(ctx context.Context) error {
	for {
		turn, until := v.known.begin(), clocks.System().Now().Add(v.pace.lease)

		records, err := v.all(ctx)
		if err != nil || v.known.learn(turn, records, until) {
			return err
		}
	}
}

// all reads all credentials, within the time that an answer may take.
func (v *Verifier) all(ctx context.Context) ([]record, error) {
	ctx, cancel := context.WithTimeout(ctx, v.pace.answer)
	defer cancel()

	return readAll(ctx, v.options.DB, rosterLimit)
}

// wait returns nil at the first notice of a change, and where everything was forgotten: no
// notice comes where nothing had changed, or it came before. Meanwhile it makes sure, again
// and again, that the connection still brings them: an answer to a question comes
// behind every notice that was sent before it.
func (v *Verifier) wait(ctx context.Context, conn *pgx.Conn) error {
	for {
		notified, err := v.notice(ctx, conn)
		if err != nil || notified {
			return err
		}

		until := clocks.System().Now().Add(v.pace.lease)

		asking, cancel := context.WithTimeout(ctx, v.pace.lease)
		err = faults.Do(asking, faults.SQL, "select", func(ctx context.Context) error { return conn.Ping(ctx) })

		cancel()

		if err != nil {
			return failure.Wrap(failure.Unavailable, "asking whether changes of credentials are heard of", err)
		}

		if !v.known.extend(until) {
			return nil
		}
	}
}

// notice waits for one beat, or until everything is forgotten; true when a change was
// told of.
func (v *Verifier) notice(ctx context.Context, conn *pgx.Conn) (bool, error) {
	waiting, cancel := context.WithTimeout(ctx, v.pace.beat)
	defer cancel()

	v.known.wakes(cancel)

	_, err := conn.WaitForNotification(waiting)

	switch {
	case err == nil:
		return true, nil
	case waiting.Err() != nil && ctx.Err() == nil && !conn.IsClosed():
		return false, nil
	default:
		return false, failure.Wrap(failure.Unavailable, "waiting for changes of credentials", err)
	}
}
