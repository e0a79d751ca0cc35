// Command demoapp installs the demo app in a Postgres database and fills it with invented data.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"steward/dev/demoapp"
)

const (
	defaultAccounts = 50
	defaultDisplays = 20_000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demoapp:", err)
		os.Exit(1)
	}
}

type options struct {
	url     string
	size    demoapp.Size
	ifEmpty bool
	asOf    string
}

func command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "demoapp",
		Short: "Install the demo app in a database and fill it with invented data",
		Example: `  demoapp --url "$APP_DATABASE_URL" --if-empty
  demoapp --url "$APP_DATABASE_URL" --accounts 1000 --displays 1000000 --seed 7`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, _ []string) error { return run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr()) },
	}
	c.Flags().StringVar(&o.url, "url", os.Getenv("APP_DATABASE_URL"), "database, as a superuser (default $APP_DATABASE_URL)")
	c.Flags().IntVar(&o.size.Accounts, "accounts", defaultAccounts, "number of customer companies")
	c.Flags().IntVar(&o.size.Displays, "displays", defaultDisplays, "number of popup displays")
	c.Flags().Uint64Var(&o.size.Seed, "seed", 1, "the same size and seed give the same rows")
	c.Flags().StringVar(&o.asOf, "as-of", "", "instant at which the data ends, RFC 3339 (default a fixed one)")
	c.Flags().BoolVar(&o.ifEmpty, "if-empty", false, "leave a database that is filled as it is, without an error")
	return c
}

var errNoURL = errors.New("no database: give --url or set APP_DATABASE_URL")

func run(ctx context.Context, o options, out, progress io.Writer) error {
	if o.url == "" {
		return errNoURL
	}
	if o.asOf != "" {
		asOf, err := time.Parse(time.RFC3339, o.asOf)
		if err != nil {
			return fmt.Errorf("reading --as-of: %w", err)
		}
		o.size.AsOf = asOf
	}
	if err := demoapp.Install(ctx, o.url); err != nil {
		return fmt.Errorf("preparing the database: %w", err)
	}
	if o.ifEmpty {
		size, filled, err := demoapp.Filled(ctx, o.url)
		if err != nil {
			return fmt.Errorf("looking for data: %w", err)
		}
		if filled {
			return say(out, "filled already: %d accounts, %d displays, seed %d\n", size.Accounts, size.Displays, size.Seed)
		}
	}
	if err := demoapp.Fill(ctx, o.url, o.size, reporter(progress)); err != nil {
		return fmt.Errorf("adding data: %w", err)
	}
	return say(out, "filled: %d accounts, %d displays, seed %d\n", o.size.Accounts, o.size.Displays, o.size.Seed)
}

func say(out io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(out, format, args...); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// quietFor is how long the work stays silent: short work needs no progress. After it a line comes at most this often.
const quietFor = 2 * time.Second

// reporter prints where the work is. A terminal that is gone does not stop the work.
func reporter(out io.Writer) func(string, int64) {
	last := time.Now()
	return func(table string, rows int64) {
		if time.Since(last) < quietFor {
			return
		}
		last = time.Now()
		_, _ = fmt.Fprintf(out, "filling %s: %d rows\n", table, rows) // See above.
	}
}
