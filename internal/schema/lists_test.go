package schema_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/act"
	"steward/internal/apikey"
	"steward/internal/erasure"
	"steward/internal/hold"
	"steward/internal/outbox"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/staff"
	"steward/internal/task"
	"steward/internal/webhook"
)

// planned asks for the plan of each query before it is made, by the very statement and
// the very arguments.
type planned struct {
	postgres.Tx

	plans []string
}

// Query implements postgres.Queryer.
func (p *planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := p.Tx.Query(ctx, "explain "+sql, args...)
	if err != nil {
		return nil, err
	}

	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}

	p.plans = append(p.plans, strings.Join(lines, "\n"))

	return p.Tx.Query(ctx, sql, args...) //nolint:rowserrcheck // who reads them does
}

// QueryRow implements postgres.Queryer.
func (p *planned) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Tx.Query(ctx, "explain "+sql, args...)
	if err == nil {
		var lines []string
		if lines, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			p.plans = append(p.plans, strings.Join(lines, "\n"))
		}
	}

	return p.Tx.QueryRow(ctx, sql, args...) // fails too where the plan did
}

// Each page of each list comes from an index in its order: a list of years costs what
// one of a day does. The planner may read no whole table and sort nothing here unless it
// cannot do otherwise; that it could is what no index means.
func TestEveryListHasItsIndex(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

	const limit = 50

	for name, c := range map[string]struct {
		index string // that gives the order
		list  func(ctx context.Context, q postgres.Queryer) error
	}{
		"tasks, open":             {"tasks_open", tasks(task.Filter{Limit: limit})},
		"tasks, open, next page":  {"tasks_open", tasks(task.Filter{Limit: limit, After: page.Place{At: at, ID: "tsk"}})},
		"tasks, open, of a role":  {"tasks_open", tasks(task.Filter{Limit: limit, Role: access.Lead})},
		"tasks, done":             {"tasks_done", tasks(task.Filter{Limit: limit, Done: true})},
		"tasks, done, next page":  {"tasks_done", tasks(task.Filter{Limit: limit, Done: true, After: page.Place{At: at, ID: "tsk"}})},
		"mail":                    {"mail_newest", mails(page.Place{}, at)},
		"mail, next page":         {"mail_newest", mails(page.Place{At: at, ID: "mail"}, at)},
		"deliveries":              {"webhook_deliveries_newest", deliveries("", page.Place{})},
		"deliveries, next page":   {"webhook_deliveries_newest", deliveries("", page.Place{At: at, ID: "whd"})},
		"deliveries, one":         {"webhook_deliveries_of", deliveries("whe_a", page.Place{})},
		"deliveries, one, next":   {"webhook_deliveries_of", deliveries("whe_a", page.Place{At: at, ID: "whd"})},
		"acts":                    {"staff_acts_at", acts(page.Place{})},
		"acts, next page":         {"staff_acts_at", acts(page.Place{At: at, ID: "act"})},
		"access log":              {"access_log_pkey", looks("", 0)},
		"access log, next page":   {"access_log_pkey", looks("", 7)},
		"access log, one subject": {"access_log_subject", looks("42", 0)},
		"access log, one, next":   {"access_log_subject", looks("42", 7)},
		"keys": {"api_keys_pkey", func(ctx context.Context, q postgres.Queryer) error {
			_, err := apikey.List(ctx, q, "key_a", limit)

			return err
		}},
		"staff": {"staff_pkey", func(ctx context.Context, q postgres.Queryer) error {
			_, err := staff.List(ctx, q, "stf_a", limit)

			return err
		}},
		"erasures":              {"erasures_newest", erasures(erasure.Filter{Limit: limit})},
		"erasures, next page":   {"erasures_newest", erasures(erasure.Filter{Limit: limit, Open: true, After: page.Place{At: at, ID: "era"}})},
		"erasures, of a stage":  {"erasures_newest", erasures(erasure.Filter{Limit: limit, Stage: erasure.Blocked})},
		"erasures, of one":      {"erasures_newest", erasures(erasure.Filter{Limit: limit, Account: "42", After: page.Place{At: at, ID: "era"}})},
		"holds":                 {"holds_newest", holds(false, page.Place{})},
		"holds, all, next page": {"holds_newest", holds(true, page.Place{At: at, ID: "hld"})},
		"acts, of one object": {"staff_acts_object", func(ctx context.Context, q postgres.Queryer) error {
			_, err := act.Did(ctx, q, "webhook.delete", "whe_a")

			return err
		}},
	} {
		var plans []string

		err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, `set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off`); err != nil {
				return err
			}

			q := &planned{Tx: tx}
			err := c.list(ctx, q)
			plans = q.plans

			return err
		})
		if err != nil || len(plans) == 0 {
			t.Fatalf("%s: %v, %v", name, plans, err)
		}

		for _, plan := range plans {
			if !ordered(plan, c.index) {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
	}
}

// ordered reports whether a plan takes its rows from an index in order, and looks
// through nothing whole.
func ordered(plan, index string) bool {
	lines := strings.Split(plan, "\n")

	return slices.ContainsFunc(lines, func(line string) bool {
		return strings.Contains(line, "Index") && strings.Contains(line, " using "+index+" ")
	}) && !slices.ContainsFunc(lines, func(line string) bool {
		return strings.Contains(line, "Seq Scan") || strings.Contains(line, "Sort ") || strings.Contains(line, "Bitmap")
	})
}

// The judge of plans finds what it is there for.
func TestAListWithoutItsIndexIsFound(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for sql, want := range map[string]bool{
		`select id from tasks where done_at is null order by due_at, id limit 5`:    true,
		`select id from tasks where done_at is null order by due_at desc limit 5`:   true, // backwards
		`select id from tasks where done_at is null order by opened_at, id limit 5`: false,
		`select id from tasks where done_at is null order by due_at, kind limit 5`:  false,
		`select id from tasks order by due_at, id limit 5`:                          false,
		`select id from tasks where done_at is null and kind = 'x' order by id`:     false,
		`select id from tasks where done_at is null order by id`:                    false,
	} {
		err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, `set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off`); err != nil {
				return err
			}

			q := &planned{Tx: tx}

			rows, err := q.Query(ctx, sql)
			if err != nil {
				return err
			}

			rows.Close()

			if got := ordered(q.plans[0], "tasks_open"); got != want {
				t.Errorf("%s: %v\n%s", sql, got, q.plans[0])
			}

			return rows.Err()
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func erasures(wanted erasure.Filter) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := erasure.List(ctx, q, wanted)

		return err
	}
}

func holds(all bool, after page.Place) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := hold.List(ctx, q, all, after, 50)

		return err
	}
}

func tasks(wanted task.Filter) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := task.List(ctx, q, wanted)

		return err
	}
}

func mails(after page.Place, asOf time.Time) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := outbox.List(ctx, q, after, page.DefaultLimit, asOf)

		return err
	}
}

func deliveries(endpoint string, after page.Place) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := webhook.Deliveries(ctx, q, endpoint, after, page.DefaultLimit)

		return err
	}
}

func acts(after page.Place) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := act.List(ctx, q, after, page.DefaultLimit)

		return err
	}
}

func looks(subject string, before int64) func(context.Context, postgres.Queryer) error {
	return func(ctx context.Context, q postgres.Queryer) error {
		_, err := accesslog.List(ctx, q, subject, before, page.DefaultLimit)

		return err
	}
}
