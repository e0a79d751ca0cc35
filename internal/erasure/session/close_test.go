package session_test

import (
	"context"
	"errors"
	"testing"

	"steward/internal/erasure/session"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// one gives a database whose pool has one connection.
func one(t *testing.T) *postgres.DB {
	t.Helper()

	db, err := postgres.OpenSized(t.Context(), pgtest.Database(t), 1)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// state is what a connection keeps from one statement to the next.
const state = `select pg_backend_pid(), jsonb_build_object(
	'settings', (select jsonb_object_agg(name, setting) from pg_settings where source = 'session'),
	'tables', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
	'prepared', (select count(*) from pg_prepared_statements where statement like '%mine%'))::text`

func stateOf(t *testing.T, on postgres.Queryer) (pid int, found string) {
	t.Helper()

	if err := on.QueryRow(t.Context(), state).Scan(&pid, &found); err != nil {
		t.Fatal(err)
	}

	return pid, found
}

// Whoever takes the connection after a session finds it as it was before, without what the session has made.
func TestASessionLeavesNothing(t *testing.T) {
	t.Parallel()

	db := one(t)
	pid, before := stateOf(t, db)

	for _, column := range []string{"bigint", "text"} {
		s, err := session.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := s.Exec(t.Context(), `create temporary table mine (key `+column+`);
			insert into mine values ('7'); set search_path to pg_catalog`); err != nil {
			t.Error(err)
		}

		var key string
		if err := s.QueryRow(t.Context(), `select key from pg_temp.mine where key = $1`, "7").Scan(&key); column == "text" && (err != nil || key != "7") {
			t.Errorf("the table of a session with other columns: %q, %v", key, err)
		}

		if _, during := stateOf(t, s); during == before {
			t.Error("the session has changed nothing, so that nothing can be left")
		}

		s.Close(t.Context())

		if now, after := stateOf(t, db); now != pid || after != before {
			t.Errorf("connection %d keeps %s, want %d with %s", now, after, pid, before)
		}
	}
}

// A session that ends in the middle of a transaction leaves no connection behind, and one whose connection is lost ends well.
func TestASessionThatBreaksOffEndsItsConnection(t *testing.T) {
	t.Parallel()

	for name, breakOff := range map[string]func(context.Context, *session.Session) error{
		"in a transaction": func(ctx context.Context, s *session.Session) error {
			_, err := s.Exec(ctx, "begin")

			return err
		},
		"in one that failed": func(ctx context.Context, s *session.Session) error {
			_, err := s.Exec(ctx, "begin")
			if _, wrong := s.Exec(ctx, "select 1 / 0"); wrong == nil {
				return errors.New("a division by nought")
			}

			return err
		},
		"on a connection that is lost": func(ctx context.Context, s *session.Session) error { return s.Raw().Close(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			db := one(t)
			pid, before := stateOf(t, db)

			s, err := session.Open(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}

			if err := breakOff(t.Context(), s); err != nil {
				t.Fatal(err)
			}

			s.Close(t.Context())

			if now, after := stateOf(t, db); now == pid || after != before {
				t.Errorf("connection %d keeps %s, want another than %d with %s", now, after, pid, before)
			}
		})
	}
}
