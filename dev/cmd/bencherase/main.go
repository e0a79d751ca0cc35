// Command bencherase measures what an erasure costs: `make bench-erase`. It fills the demo app in a private PostgreSQL cluster with
// fsync on, and compares, in the same run, each on a fresh copy of the same database:
//
//	cascade       one DELETE of the largest account, which the server carries into the tables that are below it; the keys of the
//	              demo app that do not cascade, and would refuse it, are looked at when it commits
//	engine        the same account erased by the engine: frozen, deleted in batches, statistics taken anew
//
// Meanwhile one client reads and writes for another account, and its p99 is compared with that of an idle server. Then it
// compares the pass that looks for residue, for one and for ten thousand erasures, with reading the same tables by COPY.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"steward/dev/internal/figure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-erase:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	measured, err := measure(ctx, o, errOut)
	if err != nil {
		return err
	}
	if o.json {
		return figure.WriteJSON(out, measured) //nolint:wrapcheck // our own
	}
	return measured.write(out)
}

const (
	defaultDisplays = 400_000
	defaultRounds   = 3
	defaultIdle     = 3 * time.Second
	// displaysPerAccount is what an account of the demo app has, on average.
	displaysPerAccount = 2_000
)

// options are the command line.
type options struct {
	displays, rounds int
	idle             time.Duration
	json             bool
}

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bencherase", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.displays, "displays", defaultDisplays, "how many displays the demo app has; an eighth is the largest account's")
	flags.IntVar(&o.rounds, "rounds", defaultRounds, "how often everything is measured; the medians count")
	flags.DurationVar(&o.idle, "idle", defaultIdle, "how long another account's queries are measured beside nobody")
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the command line: %w", err)
	}
	if flags.NArg() > 0 || o.displays < 1 || o.rounds < 1 {
		return o, errors.New("usage: bencherase [--displays N] [--rounds N] [--idle D] [--json]")
	}
	return o, nil
}

// measure makes the world, measures everything in it, and takes it away.
func measure(ctx context.Context, o options, progress io.Writer) (r report, err error) {
	r = report{Machine: figure.ThisMachine(), Displays: o.displays}
	w, err := newWorld(ctx, o, progress)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	for n := range o.rounds {
		fmt.Fprintf(progress, "round %d of %d\n", n+1, o.rounds)
		one, err := w.round(ctx, o.idle)
		if err != nil {
			return r, err
		}
		r.Rounds = append(r.Rounds, one)
	}
	r.judge()
	return r, nil
}
