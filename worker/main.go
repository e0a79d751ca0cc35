// Worker runs the workflows and activities of Steward for one or more roles,
// each with its own task queue, database role and keys:
//
//	worker --role core,backup
//	worker --role drill
//	worker --role vendors
//	worker --role erase
//
// One process never has both backup and drill: the one that dumps cannot
// decrypt, the one that restores works in another cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the company's zone, wherever this runs

	"steward/internal/config"
	"steward/internal/failure"
)

// commit is the commit that this program was built from, set at build time.
//
//nolint:gochecknoglobals // the linker sets it
var commit = "unknown"

func main() {
	os.Exit(int(run()))
}

func run() failure.Exit {
	roleList := flag.String("role", "", "roles of this process, separated by commas: core, backup, drill, vendors, erase")
	flag.Parse()

	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("commit", commit)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	err := start(ctx, log, *roleList)
	if err == nil || errors.Is(err, context.Canceled) {
		return failure.OK
	}

	row := failure.Lookup(failure.CodeOf(err))
	log.Error("worker ended", "code", row.Code, "doing", failure.Safe(err), "hint", row.Hint)

	return row.Exit
}

// start brings one process up and keeps it running until ctx ends.
func start(ctx context.Context, log *slog.Logger, roleList string) (err error) {
	roles, err := parseRoles(roleList)
	if err != nil {
		return err
	}

	settings, err := config.Load()
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	worker, err := open(ctx, settings, roles, log)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, worker.close()) }()

	return worker.serve(ctx)
}
