package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"steward/dev/internal/cputime"
)

// The steps of a round, as the report names them.
const (
	stepDump       = "dump"
	stepAge        = "age"
	stepTake       = "take"
	stepTakeNoHash = "take-no-hash"
	stepRestore    = "restore"
	stepDrill      = "drill"
)

// round holds what one round measured.
type round struct {
	// Steps are the seconds of each step.
	Steps map[string]float64 `json:"seconds"`
	// CPU is the processor time of each step in seconds: children and servers, without the storage stand-in.
	CPU map[string]float64 `json:"cpu_seconds"`
	// Took are the children's own accounts of take and drill.
	Took map[string]result `json:"took"`
	// StorageCPU is what the storage stand-in used of the processor during the take, in seconds.
	StorageCPU float64 `json:"storage_cpu_seconds"`

	backup string // the one to drill
}

// bench measures over one database.
type bench struct {
	*world

	url     string // the source
	plain   string // its archive, for the bare pg_restore
	profile string
}

// timed is how long work takes, in seconds.
func timed(work func() error) (float64, error) {
	started := time.Now()
	err := work()
	return time.Since(started).Seconds(), err
}

func (b *bench) tool(ctx context.Context, name string, args ...string) *exec.Cmd {
	tool := exec.CommandContext(ctx, filepath.Join(b.bin, name), args...)
	tool.Stderr = os.Stderr
	return tool
}

// dump is the yardstick: what pg_dump takes when nobody is behind it.
func (b *bench) dump(ctx context.Context) error {
	return b.tool(ctx, "pg_dump", "--format=custom", "--compress=0", "--dbname="+b.url).Run() //nolint:wrapcheck // wrapped by its caller
}

// age is what people do by hand.
func (b *bench) age(ctx context.Context) error {
	p := b.plan
	p.Role = "age"
	sealer, err := p.command(ctx)
	if err != nil {
		return err
	}
	from, to, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	out, err := os.Create(filepath.Join(b.dir, "by-hand.age"))
	if err != nil {
		return errors.Join(fmt.Errorf("making a file: %w", err), from.Close(), to.Close())
	}
	dump := b.tool(ctx, "pg_dump", "--format=custom", "--dbname="+b.url)
	dump.Stdout, sealer.Stdin, sealer.Stdout = to, from, out
	err = errors.Join(dump.Start(), sealer.Start(), from.Close(), to.Close())
	if dump.Process != nil {
		err = errors.Join(err, dump.Wait())
	}
	if sealer.Process != nil {
		err = errors.Join(err, sealer.Wait())
	}
	return errors.Join(err, out.Close(), os.Remove(out.Name()))
}

// archive writes what the bare pg_restore reads.
func (b *bench) archive(ctx context.Context) (int64, error) {
	b.plain = filepath.Join(b.dir, "plain.dump")
	dump := b.tool(ctx, "pg_dump", "--format=custom", "--compress=0", "--dbname="+b.url, "--file="+b.plain)
	if err := dump.Run(); err != nil {
		return 0, fmt.Errorf("writing the archive: %w", err)
	}
	info, err := os.Stat(b.plain)
	if err != nil {
		return 0, fmt.Errorf("looking at the archive: %w", err)
	}
	return info.Size(), nil
}

// restore times the bare pg_restore into a fresh database, which goes again with the roles that its policies name: a drill
// refuses a cluster that has them.
func (b *bench) restore(ctx context.Context) (float64, error) {
	roles, err := column(ctx, b.url, `select quote_ident(rolname) from pg_roles where rolname not like 'pg\_%' and rolname <> current_user`)
	if err != nil {
		return 0, err
	}
	for _, role := range roles {
		if err := exec1(ctx, b.Admin, "create role "+role); err != nil {
			return 0, err
		}
	}
	if err := exec1(ctx, b.Admin, "create database bare template template0"); err != nil {
		return 0, err
	}
	seconds, err := timed(func() error {
		return b.tool(ctx, "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname="+b.drill.URL("bare"), b.plain).Run()
	})
	errs := []error{err, exec1(ctx, b.Admin, "drop database bare")}
	for _, role := range roles {
		errs = append(errs, exec1(ctx, b.Admin, "drop role "+role))
	}
	return seconds, errors.Join(errs...)
}

func (b *bench) take(ctx context.Context, noHash bool) (result, string, error) {
	id, err := b.open(ctx)
	if err != nil {
		return result{}, "", err
	}
	p := b.plan
	p.Role, p.Source, p.Backup, p.NoHash, p.Profile = "take", b.url, id, noHash, b.profile
	took, err := p.tell(ctx)
	return took, id, err
}

func (b *bench) drillOf(ctx context.Context, id string) (result, error) {
	p := b.plan
	p.Role, p.Backup, p.Profile = "drill", id, b.profile
	return p.tell(ctx)
}

// step does one step and notes what it took.
func (b *bench) step(ctx context.Context, name string, into *round) error {
	if err := b.calm(ctx); err != nil {
		return err
	}
	before, err := b.cpu()
	if err != nil {
		return err
	}
	took, err := b.do(ctx, name, into)
	if err != nil {
		return fmt.Errorf("measuring %s: %w", name, err)
	}
	// A new connection comes back only after the server has buried the old ones, whose time it knows then.
	if err := b.calm(ctx); err != nil {
		return err
	}
	after, err := b.cpu()
	if err != nil {
		return err
	}
	into.Steps[name], into.CPU[name] = took.Seconds, after-before
	return nil
}

// do does one step. A take that nobody drills goes at once.
func (b *bench) do(ctx context.Context, name string, into *round) (took result, err error) {
	switch name {
	case stepDump:
		took.Seconds, err = timed(func() error { return b.dump(ctx) })
	case stepAge:
		took.Seconds, err = timed(func() error { return b.age(ctx) })
	case stepRestore:
		took.Seconds, err = b.restore(ctx)
	case stepDrill:
		took, err = b.drillOf(ctx, into.backup)
		into.Took[name] = took
	case stepTakeNoHash:
		var id string
		if took, id, err = b.take(ctx, true); err == nil {
			err = b.remove(ctx, id)
		}
		into.Took[name] = took
	case stepTake:
		took, err = b.watchedTake(ctx, into)
		into.Took[name] = took
	}
	return took, err
}

// watchedTake takes a backup and notes what the storage used meanwhile.
func (b *bench) watchedTake(ctx context.Context, into *round) (result, error) {
	before, err := cputime.Of(b.world.storage.Process.Pid, false)
	if err != nil {
		return result{}, fmt.Errorf("asking for the storage's: %w", err)
	}
	var took result
	if took, into.backup, err = b.take(ctx, false); err != nil {
		return result{}, err
	}
	after, err := cputime.Of(b.world.storage.Process.Pid, false)
	if err != nil {
		return result{}, fmt.Errorf("asking for the storage's: %w", err)
	}
	into.StorageCPU = after - before
	return took, nil
}

// round does every step once. The order changes from round to round, so that a machine that grows slower or faster
// favours nobody.
func (b *bench) round(ctx context.Context, number int, progress io.Writer) (round, error) {
	r := round{Steps: map[string]float64{}, CPU: map[string]float64{}, Took: map[string]result{}}
	taking := []string{stepDump, stepTake, stepTakeNoHash, stepAge}
	proving := []string{stepRestore, stepDrill}
	for i := range taking {
		if err := b.step(ctx, taking[(i+number)%len(taking)], &r); err != nil {
			return r, err
		}
	}
	for i := range proving {
		if err := b.step(ctx, proving[(i+number)%len(proving)], &r); err != nil {
			return r, err
		}
	}
	sayf(progress, "round %d: dump %.1f s, take %.1f s, without hash %.1f s, by hand %.1f s, restore %.1f s, drill %.1f s",
		number+1, r.Steps[stepDump], r.Steps[stepTake], r.Steps[stepTakeNoHash], r.Steps[stepAge], r.Steps[stepRestore], r.Steps[stepDrill])
	return r, b.remove(ctx, r.backup)
}
