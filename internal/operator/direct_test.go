package operator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/operator"
	"steward/internal/postgres"
)

func mending() operator.Direct {
	return operator.Direct{Verb: operator.MendBuckets, Object: operator.Buckets, InputSHA256: strings.Repeat("0c", 32)}
}

// entries are the acts in the ledger, without the opaque ids of acts.
func entries(ctx context.Context, t *testing.T, db *postgres.DB) []string {
	t.Helper()

	rows, err := db.Query(ctx, `select kind || ' ' || (body::jsonb ->> 'verb') || ' ' || (body::jsonb ->> 'object') || ' ' ||
		(body::jsonb ->> 'role') || ' ' || coalesce(body::jsonb ->> 'outcome', '-') from ledger.entries order by serial`)
	must(t, err)

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)

	return found
}

const (
	meant = "act.intended bucket.mend buckets operator -"
	ended = "act.done bucket.mend buckets operator "
)

// The intent stands before the work, the outcome behind it, whatever the work comes to
// and also where the command was told to stop meanwhile.
func TestWhatACommandDoesItself(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		failed  error
		outcome string
	}{
		"done":      {nil, operator.Done},
		"refused":   {failure.New(failure.BucketChanged, "mending"), "bucket_changed"},
		"no code":   {errors.New("boom"), "internal"},
		"cancelled": {context.Canceled, "internal"},
	} {
		db, _ := open(t)
		ctx, cancel := context.WithCancel(t.Context())

		act, err := mending().Do(ctx, db, clocks.Fixed(now()), func(ctx context.Context) error {
			if diff := cmp.Diff([]string{meant}, entries(ctx, t, db)); diff != "" {
				t.Errorf("%s, during the work: %s", name, diff)
			}

			cancel()

			return test.failed
		})
		if !errors.Is(err, test.failed) || !strings.HasPrefix(act, "act_") {
			t.Errorf("%s: %s, %v", name, act, err)
		}

		if diff := cmp.Diff([]string{meant, ended + test.outcome}, entries(t.Context(), t, db)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}

		var same int

		must(t, db.QueryRow(t.Context(), `select count(*) from ledger.entries where body::jsonb ->> 'act' = $1
			and body::jsonb ->> 'actor' = (select id from operators where login = session_user)
			and body::jsonb ->> 'input_sha256' = repeat('0c', 32)`, act).Scan(&same))

		if same != 2 {
			t.Errorf("%s: %d entries of the act, its operator and what was shown", name, same)
		}
	}
}

// Whichever call to the database fails: nothing is done without an intent in the ledger,
// and whoever was told that it is done finds the outcome there.
func TestNothingIsDoneWithoutAnIntent(t *testing.T) {
	t.Parallel()

	for n, reached := 1, true; reached; n++ {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			db, _ := open(t)
			counter := &faults.Counter{N: n, Mode: mode}
			worked := false

			_, err := mending().Do(faults.With(t.Context(), counter), db, clocks.Fixed(now()), func(context.Context) error {
				worked = true

				return nil
			})
			reached = counter.Reached()

			if reached != (err != nil) {
				t.Errorf("call %d, %s: %v", n, mode, err)
			}

			found := entries(t.Context(), t, db)
			if worked && (len(found) == 0 || found[0] != meant) || err == nil && len(found) != 2 {
				t.Errorf("call %d, %s: worked: %v, the ledger has %v", n, mode, worked, found)
			}
		}

		if n == 1 && !reached {
			t.Fatal("no call was counted")
		}
	}
}
