// Package ask asks a database whether it has time for more work: how far its replicas are behind, and what the
// company's own load query says. It decides nothing.
package ask

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/postgres"
	"steward/internal/throttle"
)

const (
	// Every is often enough to be out of the way soon, and seldom enough to be no load.
	Every = 10 * time.Second
	// lookTimeout bounds one look: a calm source answers at once.
	lookTimeout = 5 * time.Second
	// closeTimeout bounds the goodbye; the server ends the session when the connection goes.
	closeTimeout = 5 * time.Second
)

// Source is a database that is looked at over a connection of its own, made at the first look. It is for one goroutine.
type Source struct {
	// Connect makes the connection.
	Connect func(ctx context.Context) (*pgx.Conn, error)
	// MaxLag asks how far the slowest replica is behind, where it is above 0.
	MaxLag time.Duration
	// LoadQuery is a SELECT of one boolean or number, read in a read-only transaction; empty for none.
	LoadQuery string

	conn *pgx.Conn
}

// lagQuery is how many seconds the slowest replica needs to replay what it gets,
// and whether the role may see that at all. A replica that is idle has no such
// time, and is not behind.
const lagQuery = `select coalesce(max(extract(epoch from replay_lag)), 0)::float8, coalesce(bool_or(state is null), false)
	from pg_stat_replication`

// Look asks the source once. A source that cannot be reached or does not answer in
// time is Silent; one that refuses what it is asked fails with PolicyInvalid.
func (l *Source) Look(ctx context.Context) (throttle.Reading, error) {
	bounded, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()

	seen, err := l.ask(bounded)
	if err == nil {
		return seen, nil
	}

	// Nothing is known of the connection any more; the next look makes a new one.
	l.Close(ctx)

	if ctx.Err() != nil {
		return throttle.Reading{}, ctx.Err()
	}

	if refused(err) {
		return throttle.Reading{}, failure.New(failure.PolicyInvalid,
			"asking the source what the brake of the policy wants to know (it is refused, hidden, or not one boolean or number)")
	}

	return throttle.Reading{Silent: true}, nil
}

var (
	// errAnswer says that an answer is neither a boolean nor a number.
	errAnswer = errors.New("neither a boolean nor a number")
	// errHidden says that the role may not see how far replicas are.
	errHidden = errors.New("the lag is hidden from this role")
)

// refused tells an answer that will not change from one that did not come.
func refused(err error) bool {
	if errors.Is(err, errAnswer) || errors.Is(err, errHidden) {
		return true
	}

	answer, told := errors.AsType[*pgconn.PgError](err)
	if !told || len(answer.Code) < classLength {
		return false
	}

	switch answer.Code[:classLength] {
	case "0A", "21", "22", "25", "42": // not supported, several rows, wrong value, not only reading, wrong or not allowed
		return true
	default:
		return false
	}
}

// classLength is the part of an SQLSTATE that names its class.
const classLength = 2

func (l *Source) ask(ctx context.Context) (seen throttle.Reading, err error) {
	if l.conn == nil {
		err := faults.Do(ctx, faults.SQL, "connect", func(ctx context.Context) (err error) {
			l.conn, err = l.Connect(ctx)

			return err
		})
		if err != nil {
			return seen, fmt.Errorf("reaching the source: %w", err)
		}
	}

	q := postgres.On(l.conn)

	if _, err := q.Exec(ctx, "begin read only"); err != nil {
		return seen, err
	}

	timeout := strconv.FormatInt(lookTimeout.Milliseconds(), 10)
	if _, err := q.Exec(ctx, "select set_config('statement_timeout', $1, true)", timeout); err != nil {
		return seen, err
	}

	if l.MaxLag > 0 {
		if seen.Lag, err = lag(ctx, q); err != nil {
			return seen, err
		}
	}

	if l.LoadQuery != "" {
		if seen.Loaded, err = l.loaded(ctx, q); err != nil {
			return seen, err
		}
	}

	_, err = q.Exec(ctx, "rollback")

	return seen, err
}

func lag(ctx context.Context, q postgres.Queryer) (time.Duration, error) {
	var (
		seconds float64
		hidden  bool
	)

	if err := q.QueryRow(ctx, lagQuery).Scan(&seconds, &hidden); err != nil {
		return 0, fmt.Errorf("reading the replicas' lag: %w", err)
	}

	if hidden {
		return 0, errHidden
	}

	return time.Duration(seconds * float64(time.Second)), nil
}

// loaded asks the load query, as a part of another, so that it can only be one
// SELECT of one value.
func (l *Source) loaded(ctx context.Context, q postgres.Queryer) (bool, error) {
	var answer *string
	if err := q.QueryRow(ctx, "select ("+l.LoadQuery+")::text").Scan(&answer); err != nil {
		return false, fmt.Errorf("asking the load query: %w", err)
	}

	return above(answer)
}

// above reads an answer: true or more than 0.
func above(answer *string) (bool, error) {
	switch {
	case answer == nil:
		return false, errAnswer
	case *answer == "true" || *answer == "false":
		return *answer == "true", nil
	}

	number, err := strconv.ParseFloat(*answer, 64)
	if err != nil {
		return false, errAnswer
	}

	return number > 0, nil
}

// Close ends the connection, if there is one.
func (l *Source) Close(ctx context.Context) {
	if l.conn == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	_ = l.conn.Close(ctx) //nolint:errcheck // it was only read from
	l.conn = nil
}
