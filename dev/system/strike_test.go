package system_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"steward/dev/harness"
	"steward/internal/emulator/gcs"
	"steward/internal/pgtest"
)

// strike is one thing that goes wrong in the middle of the work.
type strike struct {
	name string
	// acts are those of a day that it may fall into; the storage's depend on its cell.
	acts []act
	// whose are the calls at one of which it falls; "" for all but the sequencer's.
	whose string
	// program, if not "", is the child process at whose start it falls.
	program string
	// first says that it is there before the act begins, and is met at the end of the
	// named program: what it disturbs is fixed early in the act.
	first string
	// do strikes. Its heal takes it back where it does not end by itself; nil where it
	// does. Both fail with errNobody where there was nobody to strike.
	do func(ctx context.Context, s *stricken) (heal func(context.Context) error, err error)
}

// errNobody says that a strike has met nobody.
var errNobody = errors.New("there was nobody to strike")

// stricken is the world that a strike hits, with the dice of its run.
type stricken struct {
	*harness.World

	dice *rand.Rand
	cell cell // of the storage stand-in, for the strike that needs one
	// met, if not nil, says whether an outage has met somebody: until then it lasts, if
	// the act does.
	met func() bool
}

// storageFault is the name of the strike that takes a cell.
const storageFault = "a fault of the storage"

// works are the acts in which the workers are at work, provings those with a drill.
func works() []act { return []act{actBackup, actBackup, actPrune, actFiles, actFilesPrune} }

func provings() []act { return []act{actBackup, actBackup, actFiles} }

// strikes are all that a storm knows. Disks are really filled where the world has some of its own.
func strikes(disks bool) []strike {
	onlyBackup := []act{actBackup}
	all := []strike{}
	if disks {
		all = append(all, strike{name: "the disk of Postgres is full", acts: works(), do: func(ctx context.Context, s *stricken) (func(context.Context) error, error) {
			return s.full(ctx, s.Main, s.MainDisk, s.StewardURL)
		}}, strike{name: "the disk of the drill's Postgres is full", acts: onlyBackup, whose: "drill", do: func(ctx context.Context, s *stricken) (func(context.Context) error, error) {
			return s.full(ctx, s.Drill, s.DrillDisk, s.DrillURL)
		}})
	}
	for _, role := range harness.Apart() {
		acts, whose := works(), ""
		if role == "drill" {
			acts, whose = provings(), role
		}
		all = append(all, strike{name: "SIGKILL of " + role, acts: acts, whose: whose, do: func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return nil, orNobody(s.Workers[role].Kill())
		}})
	}
	for _, child := range []struct{ role, program string }{{"backup", "pg_dump"}, {"backup", "pg_dumpall"}, {"drill", "pg_restore"}} {
		kill := func(ctx context.Context, s *stricken) (func(context.Context) error, error) {
			return nil, killChild(ctx, s.Workers[child.role], child.program)
		}
		all = append(all, strike{name: "SIGKILL of " + child.program, acts: onlyBackup, program: child.program, do: kill})
	}
	return append(all,
		strike{name: "connections ended by Postgres", acts: works(), do: terminated},
		strike{name: "the wire to Postgres is cut", acts: works(), do: func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.cut(s.MainWire)
		}},
		strike{name: "the wire to the drill is cut", acts: onlyBackup, whose: "drill", do: func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.cut(s.DrillWire)
		}},
		strike{name: "SIGKILL of Postgres", acts: works(), do: func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.Main.Revive, s.Main.Crash()
		}},
		strike{name: "SIGKILL of the drill's Postgres", acts: onlyBackup, whose: "drill", do: func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.Drill.Revive, s.Drill.Crash()
		}},
		strike{name: "each write of catalogue and ledger meets a full disk", acts: works(), do: fullSteward},
		strike{name: "the restore of one table meets a full disk", acts: onlyBackup, first: "end pg_restore", do: fullDrill},
		strike{name: storageFault}, // gust arms it, with its own eye on where it is met
	)
}

// orNobody is err, but that a process which is just being started cannot be killed.
func orNobody(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return errNobody
	}
	return err
}

// killChild ends a worker's child of this program, which is just being started or may
// have ended already.
func killChild(ctx context.Context, worker *harness.Worker, program string) error {
	const (
		patience = 300 * time.Millisecond
		pause    = time.Millisecond
	)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		killed, err := worker.KillChildren(program)
		if err != nil || killed > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return errNobody
		case <-time.After(pause):
		}
	}
}

func terminated(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	ended := 0
	for _, at := range []string{s.StewardURL, s.AppURL, s.DrillURL} {
		// Materialized: else the planner may end our own connection before it looks whose it is.
		pids, err := harness.Rows(ctx, at, `with others as materialized (select pid from pg_stat_activity
			where pid <> pg_backend_pid() and (datname = current_database() or datname like 'drill%'))
			select pid::text from others where pg_terminate_backend(pid)`)
		if err != nil {
			return nil, fmt.Errorf("ending connections: %w", err)
		}
		ended += len(pids)
	}
	if ended == 0 {
		return nil, errNobody
	}
	return nil, nil //nolint:nilnil // there is nothing to take back
}

func (s *stricken) cut(wire *harness.Wire) (func(context.Context) error, error) {
	wire.Cut()
	s.met = func() bool { return wire.Hurt() > 0 }
	return func(context.Context) error {
		wire.Mend()
		if wire.Hurt() == 0 {
			return errNobody
		}
		return nil
	}, nil
}

// The write-ahead log has room in the segment at work and in those that lie ready behind
// it: for all that an act writes. These use up the ones and end the other, so that the
// next write needs room on the disk.
const (
	noneReady = `do $$ begin
		for n in 1..20 loop
			exit when not exists (select from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_lsn()));
			perform pg_logical_emit_message(false, 'storm', 'x');
			perform pg_switch_wal();
		end loop;
	end $$`
	segmentEnded = `select pg_logical_emit_message(false, 'storm', 'x'); select pg_switch_wal()`
)

// full fills the disk of a cluster, which may end of it. It is met when the server has
// said so.
func (s *stricken) full(ctx context.Context, cluster *pgtest.Cluster, disk *pgtest.Disk, at string) (func(context.Context) error, error) {
	before := cluster.Said(noSpace)
	s.met = func() bool { return cluster.Said(noSpace) > before }
	err := harness.Exec(ctx, at, noneReady)
	if err == nil {
		err = disk.Fill()
		_ = harness.Exec(ctx, at, segmentEnded) // on a full disk the server may refuse it, or end of it
	}
	return func(ctx context.Context) error {
		said := cluster.Said(noSpace)
		err := errors.Join(disk.Free(), cluster.Revive(ctx))
		if err == nil && said == before {
			return errNobody
		}
		return err
	}, err
}

// noSpace is what PostgreSQL says of a full disk.
const noSpace = "No space left on device"

// written are the tables of catalogue and ledger that a full disk is told of.
func written() []string {
	return []string{"backups", "backup_objects", "file_backups", "file_objects", "file_contents", "ledger.entries"}
}

// fullSteward lets every write of catalogue and ledger fail as on a full disk. The
// sequence counts them: what it gave out is not rolled back. One table at a time: a
// transaction that locks several would meet the workers', which take them in an order
// of their own, in a deadlock.
func fullSteward(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	err := harness.Exec(ctx, s.StewardURL, `
		create sequence full_disk_met;
		create function full_disk() returns trigger language plpgsql security definer as $$
		begin
			perform nextval('public.full_disk_met');
			raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
		end $$;`)
	for _, table := range written() {
		err = errors.Join(err, harness.Exec(ctx, s.StewardURL,
			fmt.Sprintf(`create trigger full_disk before insert or update on %s for each statement execute function full_disk()`, table)))
	}
	return func(ctx context.Context) error {
		met, err := harness.Rows(ctx, s.StewardURL, `select last_value::text from full_disk_met where is_called`)
		for _, table := range written() {
			err = errors.Join(err, harness.Exec(ctx, s.StewardURL, `drop trigger if exists full_disk on `+table))
		}
		err = errors.Join(err, harness.Exec(ctx, s.StewardURL, `drop function full_disk(); drop sequence full_disk_met`))
		if err == nil && len(met) == 0 {
			return errNobody
		}
		return err
	}, err
}

// fullable is a constraint of the app that the restore of one table meets like a full
// disk while the drill's cluster has a role of that name. It stands in every dump: the
// fault itself does not, and is gone when it is healed.
const fullable = `
	create function shop.full_disk() returns boolean language plpgsql immutable as $$
	begin
		if current_database() like 'drill%' and exists (select from pg_catalog.pg_roles where rolname = 'full_disk') then
			raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
		end if;
		return true;
	end $$;
	alter function shop.full_disk() owner to shop_owner;
	alter table shop.orders add constraint full_disk check (shop.full_disk())`

// fullDrill lets the restore of one table fail as on a full disk.
func fullDrill(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	return func(ctx context.Context) error {
		return harness.Exec(ctx, s.DrillURL, `drop role full_disk`)
	}, harness.Exec(ctx, s.DrillURL, `create role full_disk`)
}

// fault is the order to the storage stand-in: in the given cell, a few times. The
// harness's own requests pass, and mostly those of the ledger's seal.
func (s *stricken) fault(met func(gcs.Hit)) gcs.Fault {
	const few, small, stall = 3, 2048, 3 * time.Second
	ledger, seals := s.Rules.Storage.Ledger, s.dice.IntN(few) == 0 || s.cell.operation == gcs.OpObjectGet
	skip := 0
	switch s.cell.operation {
	case gcs.OpObjectInsert, gcs.OpObjectMedia, gcs.OpObjectList: // the work makes several of these
		skip = s.dice.IntN(few)
	default:
	}
	return gcs.Fault{
		Operation: s.cell.operation, Mode: s.cell.mode, Skip: skip, Count: 1 + s.dice.IntN(few), Bytes: 1 + s.dice.Int64N(small), Delay: stall,
		Only: func(asked gcs.Hit) bool { return asked.UserAgent != harness.Agent && (seals || asked.Bucket != ledger) }, Met: met,
	}
}
