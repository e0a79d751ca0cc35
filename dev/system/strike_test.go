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

// strike is one thing that goes wrong in the middle of the work. Its heal takes it
// back where it does not end by itself; nil where it does.
type strike struct {
	name string
	do   func(ctx context.Context, s *stricken) (heal func(context.Context) error, err error)
}

// stricken is the world that a strike hits, with the dice of its run.
type stricken struct {
	*harness.World

	dice *rand.Rand
	cell cell // of the storage stand-in, for the strike that needs one
}

// cell is one operation of the storage stand-in with one fault.
type cell struct {
	operation gcs.Operation
	mode      gcs.Mode
}

// strikes are all that a storm knows. Disks are really filled where the world has some of its own.
func strikes(disks bool) []strike {
	all := []strike{}
	if disks {
		all = append(all, strike{"the disk of Postgres is full", func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return full(s.Main, s.MainDisk)
		}}, strike{"the disk of the drill's Postgres is full", func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return full(s.Drill, s.DrillDisk)
		}})
	}
	for _, role := range harness.Apart() {
		all = append(all, strike{"SIGKILL of " + role, func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return nil, gone0(s.Workers[role].Kill())
		}})
	}
	for _, child := range []struct{ role, program string }{{"backup", "pg_dump"}, {"backup", "pg_dumpall"}, {"drill", "pg_restore"}} {
		all = append(all, strike{"SIGKILL of " + child.program, func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			_, err := s.Workers[child.role].KillChildren(child.program)
			return nil, err
		}})
	}
	return append(all,
		strike{"connections ended by Postgres", terminated},
		strike{"the wire to Postgres is cut", func(_ context.Context, s *stricken) (func(context.Context) error, error) { return cut(s.MainWire) }},
		strike{"the wire to the drill is cut", func(_ context.Context, s *stricken) (func(context.Context) error, error) { return cut(s.DrillWire) }},
		strike{"SIGKILL of Postgres", func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.Main.Revive, s.Main.Crash()
		}},
		strike{"SIGKILL of the drill's Postgres", func(_ context.Context, s *stricken) (func(context.Context) error, error) {
			return s.Drill.Revive, s.Drill.Crash()
		}},
		strike{"each write of catalogue and ledger meets a full disk", fullSteward},
		strike{"the restore of one table meets a full disk", fullDrill},
		strike{storageFault, faulty},
		strike{storageFault, faulty},
		strike{storageFault, faulty},
		strike{storageFault, faulty},
	)
}

// storageFault is the name of the strike that takes a cell.
const storageFault = "a fault of the storage"

// gone0 is err, but that a process which is just being started cannot be killed.
func gone0(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func terminated(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	for _, at := range []string{s.StewardURL, s.AppURL, s.DrillURL} {
		err := harness.Exec(ctx, at, `select pg_terminate_backend(pid) from pg_stat_activity
			where pid <> pg_backend_pid() and (datname = current_database() or datname like 'drill%')`)
		if err != nil {
			return nil, fmt.Errorf("ending connections: %w", err)
		}
	}
	return nil, nil //nolint:nilnil // there is nothing to take back
}

func cut(wire *harness.Wire) (func(context.Context) error, error) {
	wire.Cut()
	return func(context.Context) error { wire.Mend(); return nil }, nil
}

// full fills the disk of a cluster, which may end of it.
func full(cluster *pgtest.Cluster, disk *pgtest.Disk) (func(context.Context) error, error) {
	return func(ctx context.Context) error { return errors.Join(disk.Free(), cluster.Revive(ctx)) }, disk.Fill()
}

// fullSteward lets every write of catalogue and ledger fail as on a full disk.
func fullSteward(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	err := harness.Exec(ctx, s.StewardURL, `
		create or replace function full_disk() returns trigger language plpgsql as $$
		begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
		create trigger full_disk before insert or update on backups for each statement execute function full_disk();
		create trigger full_disk before insert or update on backup_objects for each statement execute function full_disk();
		create trigger full_disk before insert or update on ledger.entries for each statement execute function full_disk()`)
	return func(ctx context.Context) error {
		return harness.Exec(ctx, s.StewardURL, `drop function full_disk() cascade`)
	}, err
}

// fullDrill lets the restore of one table fail as on a full disk.
func fullDrill(ctx context.Context, s *stricken) (func(context.Context) error, error) {
	err := harness.Exec(ctx, s.AppURL, `
		create or replace function shop.full_disk() returns boolean language plpgsql immutable as $$
		begin
			if current_database() like 'drill%' then
				raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
			end if;
			return true;
		end $$;
		alter function shop.full_disk() owner to shop_owner;
		alter table shop.orders add constraint full_disk check (shop.full_disk())`)
	return func(ctx context.Context) error {
		return harness.Exec(ctx, s.AppURL, `alter table shop.orders drop constraint full_disk; drop function shop.full_disk()`)
	}, err
}

// faulty disturbs the storage in the given cell; what it disturbs goes on until it
// was met a few times.
func faulty(_ context.Context, s *stricken) (func(context.Context) error, error) {
	const few, small, stall = 3, 2048, 3 * time.Second
	skip := s.dice.IntN(few)
	if s.cell.operation == gcs.OpBucketGet || s.cell.operation == gcs.OpObjectList {
		skip = 0 // the work makes one or two of these
	}
	fault := gcs.Fault{
		Operation: s.cell.operation, Mode: s.cell.mode, Skip: skip, Count: 1 + s.dice.IntN(few), Bytes: 1 + s.dice.Int64N(small), Delay: stall,
	}
	if _, err := s.Storage.InjectFault(fault); err != nil {
		return nil, fmt.Errorf("disturbing the storage: %w", err)
	}
	return func(context.Context) error { s.Storage.ClearFaults(); return nil }, nil
}
