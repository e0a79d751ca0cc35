// Command benchbackup measures what a backup and its drill cost, as ratios to the bare programs of PostgreSQL in the same
// run: `make bench-backup`. It makes private clusters, fills them with the demo app's data (which compresses 3.9 : 1), and
// interleaves and repeats what it compares, since a machine is never the same twice.
//
// What is compared, for each round:
//
//	dump          pg_dump -Fc -Z0 > /dev/null
//	age           pg_dump -Fc | age > file (the same age library, in a process of its own)
//	take          Steward's backup, start to signed manifest, uploaded by the official client
//	take-no-hash  the same without the description of the content; such a backup can never pass a drill
//	restore       pg_restore of the same database's archive from a file
//	drill         Steward's drill: verify, restore, describe, compare
//
// Storage is the project's stand-in in another process, so that its memory and its CPU time are told apart; it shares the
// machine's cores with everything else, as the database does, and a real service would not.
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

	"steward/dev/internal/figure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-backup:", err)
		os.Exit(1)
	}
}

// run is the command, or one of its children when the environment says which.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	if text := os.Getenv(planVariable); text != "" {
		return child(ctx, text, out)
	}
	o, err := parse(args, errOut)
	if err != nil {
		return err
	}
	report, err := measure(ctx, o, errOut)
	if err != nil {
		return err
	}
	if o.json {
		err = figure.WriteJSON(out, report)
	} else {
		err = report.write(out)
	}
	return err
}

const (
	megabyte      = 1_000_000
	defaultSize   = 2000
	defaultRounds = 3
	smallest      = 4
)

// options are the command line.
type options struct {
	sizeMB, rounds int
	json           bool
	profile        string
}

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("benchbackup", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.sizeMB, "size", defaultSize, "size of the dump in `MB`; memory is measured at a quarter of it too")
	flags.IntVar(&o.rounds, "rounds", defaultRounds, "how often everything is measured; the medians count")
	flags.BoolVar(&o.json, "json", false, "print one JSON object")
	flags.StringVar(&o.profile, "profile", "", "`directory` for CPU and heap profiles of each take and drill (pprof)")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the command line: %w", err)
	}
	if flags.NArg() > 0 || o.sizeMB < smallest || o.rounds < 1 {
		return o, errors.New("usage: benchbackup [--size MB] [--rounds N] [--json] [--profile DIR], with 4 MB and one round at least")
	}
	return o, nil
}
