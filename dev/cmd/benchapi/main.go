// Command benchapi measures what the door costs: `make bench-api`. It makes a private PostgreSQL cluster with fsync on,
// starts the real API beside it, and compares, interleaved and in the same run, with the same number of clients:
//
//	insert        bare single-row inserts of accounts through the same driver
//	accounts      POST /v1/accounts, authenticated, each with an Idempotency-Key of its own
//	pgbench       single-row upserts of signs of life by pgbench -M prepared
//	single        POST /v1/interactions with one sign of life in a call
//	hundred       the same with a hundred in a call
//
// Then it compares how long right and wrong tokens take to be told apart, and what good callers notice of a flood of bad
// tokens, beside what they notice of the same flood at a server that does nothing. Clients, API and database share the
// machine's cores. TEMPORAL_ADDRESS of the API leads to a socket that counts: none of all this may call Temporal.
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
		fmt.Fprintln(os.Stderr, "bench-api:", err)
		os.Exit(1)
	}
}

// run is the command, or the idle server where the environment says so.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	if os.Getenv(idleVariable) != "" {
		return serveIdle(ctx, os.Stdin, out)
	}
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	measured, err := measure(ctx, o, errOut)
	if err != nil {
		return err
	}
	if o.json {
		err = figure.WriteJSON(out, measured)
	} else {
		err = measured.write(out)
	}
	if measured.TemporalCalls > 0 {
		err = errors.Join(err, errTemporal)
	}
	return err
}

// errTemporal fails a run: what is called this often must not wait for Temporal.
var errTemporal = errors.New("something that was measured called Temporal")

const (
	defaultClients = 32
	defaultTime    = 5 * time.Second
	defaultRounds  = 3
	// mostClients keeps below the connections that a private cluster has.
	mostClients = 128
)

// options are the command line.
type options struct {
	clients, rounds int
	time            time.Duration
	json            bool
}

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("benchapi", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.clients, "clients", defaultClients, "how many clients call at once")
	flags.IntVar(&o.rounds, "rounds", defaultRounds, "how often everything is measured; the medians count")
	flags.DurationVar(&o.time, "time", defaultTime, "how long each measurement takes")
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the command line: %w", err)
	}
	if flags.NArg() > 0 || o.clients < 1 || o.clients > mostClients || o.rounds < 1 || o.time < time.Second {
		return o, errors.New("usage: benchapi [--clients N] [--rounds N] [--time D] [--json], with 128 clients at most and a second at least")
	}
	return o, nil
}

// measure makes the world, measures everything in it, and takes it away.
func measure(ctx context.Context, o options, progress io.Writer) (r report, err error) {
	r = begin(o)
	w, err := newWorld(ctx, progress)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	for n := range o.rounds {
		fmt.Fprintf(progress, "round %d of %d\n", n+1, o.rounds)
		measured, err := w.round(ctx, o, progress)
		if err != nil {
			return r, err
		}
		r.Rounds = append(r.Rounds, measured)
	}
	fmt.Fprintln(progress, "right and wrong tokens")
	if r.Tokens, err = w.tokens(ctx); err != nil {
		return r, err
	}
	for n := range o.rounds {
		fmt.Fprintf(progress, "flood %d of %d\n", n+1, o.rounds)
		floods, err := w.floods(ctx, o)
		if err != nil {
			return r, err
		}
		r.Floods = append(r.Floods, floods...)
	}
	r.TemporalCalls = w.temporal.count()
	r.judge()
	return r, nil
}
