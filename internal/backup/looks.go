package backup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/faults"
	"steward/internal/postgres"
	"steward/internal/throttle"
)

// looks are the looks at one source, over a connection of their own.
type looks struct {
	url    string
	limits Limits
	conn   *pgx.Conn
}

// lagQuery is how many seconds the slowest replica needs to replay what it gets.
// An idle one has no such time, and is not behind.
const lagQuery = `select coalesce(max(extract(epoch from replay_lag)), 0)::float8 from pg_stat_replication`

// look asks the source once. A source that cannot be reached or does not answer in
// time is Silent; one that refuses what it is asked fails with PolicyInvalid.
func (l *looks) look(ctx context.Context) (throttle.Reading, error) {
	bounded, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()

	seen, err := l.ask(bounded)
	if err == nil {
		return seen, nil
	}

	// Nothing is known of the connection any more; the next look makes a new one.
	l.close(ctx)

	if ctx.Err() != nil {
		return throttle.Reading{}, ctx.Err() //nolint:wrapcheck // the caller's own
	}

	if refused(err) {
		return throttle.Reading{}, errShape("the source refuses it, or its answer is not one boolean or number")
	}

	return throttle.Reading{Silent: true}, nil
}

// errAnswer says that an answer is neither a boolean nor a number.
var errAnswer = errors.New("neither a boolean nor a number")

// refused tells an answer that will not change from one that did not come.
func refused(err error) bool {
	if errors.Is(err, errAnswer) || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, pgx.ErrTooManyRows) {
		return true
	}

	answer, told := errors.AsType[*pgconn.PgError](err)

	// Classes 42, 22, 25 and 0A: wrong, not allowed, not readable, not only reading.
	return told && (strings.HasPrefix(answer.Code, "42") || strings.HasPrefix(answer.Code, "22") ||
		strings.HasPrefix(answer.Code, "25") || strings.HasPrefix(answer.Code, "0A"))
}

func (l *looks) ask(ctx context.Context) (seen throttle.Reading, err error) {
	if l.conn == nil {
		err := faults.Do(ctx, faults.SQL, "connect", func(ctx context.Context) (err error) {
			l.conn, err = pgx.Connect(ctx, l.url)

			return err //nolint:wrapcheck // wrapped below
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

	if l.limits.MaxLag > 0 {
		var seconds float64
		if err := q.QueryRow(ctx, lagQuery).Scan(&seconds); err != nil {
			return seen, fmt.Errorf("reading the replicas' lag: %w", err)
		}

		seen.Lag = time.Duration(seconds * float64(time.Second))
	}

	if l.limits.LoadQuery != "" {
		if seen.Loaded, err = l.loaded(ctx, q); err != nil {
			return seen, err
		}
	}

	_, err = q.Exec(ctx, "rollback")

	return seen, err
}

// loaded asks the load query. It is wrapped, so that it can only be one SELECT of
// one column.
func (l *looks) loaded(ctx context.Context, q postgres.Queryer) (bool, error) {
	rows, err := q.Query(ctx, "select answer.value::text from ("+l.limits.LoadQuery+") as answer (value)")
	if err != nil {
		return false, fmt.Errorf("asking the load query: %w", err)
	}

	answer, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*string])
	if err != nil {
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

func (l *looks) close(ctx context.Context) {
	if l.conn == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	_ = l.conn.Close(ctx) //nolint:errcheck // it was only read from
	l.conn = nil
}
