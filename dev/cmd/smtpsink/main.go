// Command smtpsink is the mail server of the dev environment: `make up` starts it. It
// takes every mail, shows it on a page on loopback, and sends none on. It ships nowhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/dev/internal/smtpsink"
	"steward/internal/clocks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Error("the mail sink ends", "error", err)
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct{ smtp, page, dir, clock string }

func parse(args []string, out io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("smtpsink", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.smtp, "smtp", "127.0.0.1:0", "loopback `address` that takes mails")
	flags.StringVar(&s.page, "page", "127.0.0.1:0", "loopback `address` of the page")
	flags.StringVar(&s.dir, "dir", "", "`directory` of the mails; created when missing")
	flags.StringVar(&s.clock, "clock", "", "dev clock `file` (one Go duration); empty is the system clock")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("reading the command line: %w", err)
	}
	if s.dir == "" || flags.NArg() > 0 {
		return s, errors.New("usage: smtpsink --dir DIR [--smtp ADDR] [--page ADDR] [--clock FILE]")
	}
	return s, nil
}

// headerTimeout is how long a browser may take to say what it wants.
const headerTimeout = 10 * time.Second

// run serves until ctx ends. A mail is a file before it is answered for, so the state
// needs no farewell.
func run(ctx context.Context, args []string, logs io.Writer) error {
	s, err := parse(args, logs)
	if err != nil {
		return err
	}
	clock := clocks.System()
	if s.clock != "" {
		clock = clocks.Dev(s.clock)
	}
	store, err := smtpsink.OpenStore(s.dir)
	if err != nil {
		return fmt.Errorf("opening %s: %w", s.dir, err)
	}
	mails, err := listen(ctx, s.smtp)
	if err != nil {
		return err
	}
	page, err := listen(ctx, s.page)
	if err != nil {
		return errors.Join(err, mails.Close())
	}
	sink := smtpsink.New(store, clock)
	server := &http.Server{Handler: sink.Handler(), ReadHeaderTimeout: headerTimeout}
	slog.New(slog.NewJSONHandler(logs, nil)).InfoContext(ctx, "the mail sink answers",
		"smtp", mails.Addr().String(), "page", page.Addr().String())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sink.ServeSMTP(ctx, mails) })
	group.Go(func() error {
		if err := server.Serve(page); err != nil && !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the page: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		if err := server.Close(); err != nil {
			return fmt.Errorf("closing the page: %w", err)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// listen takes an address on loopback, and no other.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("listening on %s: only loopback is allowed", address), listener.Close())
	}
	return listener, nil
}
