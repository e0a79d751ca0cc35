// Command gcsemulator serves the GCS emulator on loopback for the dev environment: `make up` starts it, and
// everything that reads STORAGE_EMULATOR_HOST talks to it. It ships nowhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("the GCS emulator ends", "error", err)
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct {
	listen, dir, clock, urlFile string
	seed                        uint64
}

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("gcsemulator", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:0", "loopback `address`; port 0 takes a free one")
	flags.StringVar(&s.dir, "dir", "", "`directory` of the state; created when missing")
	flags.StringVar(&s.clock, "clock", "", "dev clock `file` (one Go duration); empty is the system clock")
	flags.StringVar(&s.urlFile, "url-file", "", "`file` that receives the base URL once the emulator answers")
	flags.Uint64Var(&s.seed, "seed", 1, "orders the members of JSON answers")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("reading the command line: %w", err)
	}
	if s.dir == "" || flags.NArg() > 0 {
		return s, errors.New("usage: gcsemulator --dir DIR [--listen ADDR] [--clock FILE] [--url-file FILE]")
	}
	return s, nil
}

// run serves until ctx ends. The state needs no farewell: SIGKILL loses nothing either.
func run(ctx context.Context, args []string, logs io.Writer) error {
	s, err := parse(args, logs)
	if err != nil {
		return err
	}
	clock := clocks.System()
	if s.clock != "" {
		clock = clocks.Dev(s.clock)
	}
	server, err := gcs.New(gcs.Config{Dir: s.dir, Clock: clock, Seed: s.seed})
	if err != nil {
		return fmt.Errorf("opening the state in %s: %w", s.dir, err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.listen, err)
	}
	url := "http://" + listener.Addr().String()
	if err := announce(s.urlFile, url); err != nil {
		return errors.Join(err, listener.Close())
	}
	log := slog.New(slog.NewJSONHandler(logs, nil))
	log.InfoContext(ctx, "the GCS emulator answers", "url", url, "dir", s.dir)
	if err := server.Serve(ctx, listener); err != nil {
		return fmt.Errorf("serving on %s: %w", url, err)
	}
	log.InfoContext(ctx, "the GCS emulator has stopped")
	return nil
}

// announce writes the URL through a rename, so that a reader never sees half of it.
func announce(path, url string) error {
	if path == "" {
		return nil
	}
	temporary := filepath.Clean(path) + ".tmp"
	const readableByOwner = 0o600
	if err := os.WriteFile(temporary, []byte(url+"\n"), readableByOwner); err != nil {
		return fmt.Errorf("writing the URL file: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("publishing the URL file: %w", err)
	}
	return nil
}
