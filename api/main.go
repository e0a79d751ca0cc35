// Api is the door through which the app, support staff and operators reach Steward
// over HTTP. It decides nothing itself: each resource translates between a request
// and the package that holds the idea.
package main

import (
	"context"
	"errors"
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
	tuneMemory(os.LookupEnv)

	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("commit", commit)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	err := start(ctx, log)
	if err == nil || errors.Is(err, context.Canceled) {
		return failure.OK
	}

	row := failure.Lookup(failure.CodeOf(err))
	log.Error("api ended", "code", row.Code, "doing", failure.Safe(err), "hint", row.Hint)

	return row.Exit
}

// start brings the process up and keeps it running until ctx ends.
func start(ctx context.Context, log *slog.Logger) (err error) {
	settings, err := config.Load()
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	door, err := config.LoadAPI(settings.Env)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	process, err := open(ctx, settings, door, log)
	if err != nil {
		return err
	}

	defer process.close()

	return process.serve(ctx)
}
