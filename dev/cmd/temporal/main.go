// Command temporal runs the Temporal server and its Web UI for one clone's dev
// environment, on the clone's own Postgres. It stops gracefully on SIGTERM.
//
// The Postgres URL comes from TEMPORAL_POSTGRES_URL, not from a flag, because it
// holds a password and arguments are visible to everyone on the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"steward/dev/internal/temporaldev"
)

// urlVariable names the environment variable with the Postgres URL.
const urlVariable = "TEMPORAL_POSTGRES_URL"

// readyMode is the mode of the file that --ready-file names.
const readyMode = 0o600

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string) (err error) {
	options, readyFile, err := parse(args)
	if err != nil {
		return err
	}
	begin := time.Now()
	server, err := temporaldev.Start(ctx, options)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	fmt.Printf("serving namespace %s on %s, Web UI %s, ready after %s\n",
		server.Namespace(), server.Address(), server.UIURL(), time.Since(begin).Round(time.Millisecond))
	if readyFile != "" {
		if err := os.WriteFile(readyFile, []byte(server.Address()+"\n"), readyMode); err != nil {
			return fmt.Errorf("writing the ready file: %w", err)
		}
	}
	<-ctx.Done()
	fmt.Println("stopping")
	return nil
}

// parse reads the command line and the environment.
func parse(args []string) (temporaldev.Options, string, error) {
	options := temporaldev.Options{PostgresURL: os.Getenv(urlVariable)}
	var readyFile string
	flags := flag.NewFlagSet("temporal", flag.ContinueOnError)
	flags.IntVar(&options.FrontendPort, "port", 0, "loopback port of the gRPC API (0 chooses a free one)")
	flags.IntVar(&options.UIPort, "ui-port", 0, "loopback port of the Web UI (0: none)")
	flags.StringVar(&options.Namespace, "namespace", temporaldev.DefaultNamespace, "namespace to register")
	flags.DurationVar(&options.Retention, "retention", temporaldev.DefaultRetention, "how long closed runs stay readable")
	flags.BoolVar(&options.TimeSkipping, "time-skipping", false, "let clients skip time (tests only)")
	flags.StringVar(&options.LogLevel, "log-level", "warn", "debug, info, warn or error; empty for none")
	flags.StringVar(&readyFile, "ready-file", "", "file that gets the frontend's address once it answers")
	if err := flags.Parse(args); err != nil {
		return options, "", fmt.Errorf("reading the flags: %w", err)
	}
	if options.PostgresURL == "" {
		return options, "", errors.New(urlVariable + " is not set")
	}
	return options, readyFile, nil
}
