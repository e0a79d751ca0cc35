package drill_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
)

// again makes a drilled or bad backup one that is to be drilled.
func again(t *testing.T, b *backuptest.Bench, id string) {
	t.Helper()
	withoutTriggers(t, b, `update backups set state = 'taken', reason = '', drilled_at = null, drill_seconds = null where id = '`+id+`'`)
}

// Every outside call of a drill fails once, before and after its effect. The
// next drill of the same backup must prove it, once, and leave nothing behind.
func TestADrillSurvivesEveryFailingCall(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	b.Driller.Admin = pgtest.OwnDrill(t) // a failed sweep leaves roles until the next drill
	id := b.Take(t, "2026-11-22").ID
	whole := &faults.Counter{}

	if _, err := b.Driller.Drill(faults.With(t.Context(), whole), id); err != nil {
		t.Fatal(err)
	}

	points := len(whole.Calls())
	t.Logf("a drill makes %d outside calls", points)

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		for n := 1; n <= points; n += step(mode) {
			again(t, b, id)

			evidence := b.Ledger(t, id)
			counter := &faults.Counter{N: n, Mode: mode}
			_, err := b.Driller.Drill(faults.With(t.Context(), counter), id)
			state := b.Row(t, id).State

			if calls := counter.Calls(); err == nil && calls[n-1].Kind != faults.HTTP {
				t.Errorf("%s call %d (%s %s) failed unnoticed", mode, n, calls[n-1].Kind, calls[n-1].Name)
			}

			if err != nil && state != catalogue.Taken && state != catalogue.Drilled {
				t.Fatalf("%s call %d made the backup %s: %v", mode, n, state, err)
			}

			if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
				t.Fatalf("after %s call %d: %+v, %v", mode, n, drilled, err)
			}

			if proofs := b.Ledger(t, id)["backup.drilled"] - evidence["backup.drilled"]; proofs != 1 {
				t.Fatalf("after %s call %d the backup was proven %d times", mode, n, proofs)
			}

			b.CheckNothingLeft(t)
		}
	}
}

// step keeps the quick run quick; make soak takes every call.
func step(mode faults.Mode) int {
	if os.Getenv("STEWARD_SOAK") != "" {
		return 1
	}

	if mode == faults.After {
		return 13
	}

	return 7
}

// A drill whose context ends in any phase leaves nothing and no verdict.
func TestACancelledDrillLeavesNothing(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID

	var phases []string

	b.Driller.Progress = func(phase string, _ int64) {
		if len(phases) == 0 || phases[len(phases)-1] != phase {
			phases = append(phases, phase)
		}
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	if len(phases) < 4 {
		t.Fatalf("phases %v", phases)
	}

	for at := range phases {
		again(t, b, id)

		ctx, cancel := context.WithCancel(t.Context())
		seen, last := 0, ""

		var mu sync.Mutex

		b.Driller.Progress = func(phase string, _ int64) {
			mu.Lock()
			defer mu.Unlock()

			if phase != last {
				if seen == at {
					cancel()
				}

				seen, last = seen+1, phase
			}
		}

		_, err := b.Driller.Drill(ctx, id)
		cancel()

		if state := b.Row(t, id).State; err == nil || state != catalogue.Taken {
			t.Errorf("cancelled in phase %d of %v: %s, %v", at, phases, state, err)
		}

		b.CheckNothingLeft(t)
	}
}

// What a drill that was killed left behind does not stand in the way of the next,
// and what is not a drill's own is left alone.
//
//nolint:paralleltest // others would take what it plants for leftovers of theirs
func TestADrillSweepsWhatAKilledOneLeft(t *testing.T) {
	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID
	admin := pgtest.Drill(t)

	held, err := pgx.Connect(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(context.WithoutCancel(t.Context()))

	if _, err := held.Exec(t.Context(), "select pg_advisory_lock($1)", 7_306_018); err != nil {
		t.Fatal(err)
	}

	backuptest.Exec(t, admin, `create role bench_owner; comment on role bench_owner is 'made by a restore drill of Steward'`)
	backuptest.Exec(t, admin, `create database drill_aaaaaaaaaaaaaaaaaaaaaaaaaa owner bench_owner`)
	backuptest.Exec(t, admin, `create database drill_reports`)

	// While another drill is at work, this one waits.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	if _, err := b.Driller.Drill(ctx, id); !failure.Is(err, failure.Unavailable) {
		t.Errorf("a second drill did not wait: %v", err)
	}

	cancel()

	if _, err := held.Exec(t.Context(), "select pg_advisory_unlock($1)", 7_306_018); err != nil {
		t.Fatal(err)
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	// It fails if the sweep took it for a drill's.
	backuptest.Exec(t, admin, `drop database drill_reports`)
	b.CheckNothingLeft(t)
}

// The role that restores is no superuser and cannot reach the machine.
func TestTheRestoringRoleHasNoPowers(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID

	type power struct {
		super, program, read, write bool
		roles                       int
	}

	var (
		seen  power
		found bool
	)

	b.Driller.Progress = func(phase string, _ int64) {
		if phase != "restore" || found {
			return
		}

		conn, err := pgx.Connect(t.Context(), b.Driller.Admin)
		if err != nil {
			t.Error(err)

			return
		}
		defer conn.Close(t.Context())

		err = conn.QueryRow(t.Context(), `select bool_or(rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication),
			bool_or(pg_has_role(oid, 'pg_execute_server_program', 'member')), bool_or(pg_has_role(oid, 'pg_read_server_files', 'member')),
			bool_or(pg_has_role(oid, 'pg_write_server_files', 'member')), count(*)
			from pg_roles where shobj_description(oid, 'pg_authid') like 'made by a restore drill%'`).
			Scan(&seen.super, &seen.program, &seen.read, &seen.write, &seen.roles)
		if err != nil {
			t.Error(err)
		}

		found = true
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	if seen.super || seen.program || seen.read || seen.write || seen.roles < 2 {
		t.Errorf("%+v", seen)
	}
}
