// Command devenv is behind `make up`, `down`, `reset`, `env` and `status`: all of
// Steward on this machine, with its state under .dev of the clone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"steward/dev/internal/environment"
	"steward/dev/internal/procs"
	"steward/dev/internal/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	command := &cobra.Command{
		Use:           "devenv",
		Short:         "Run all of Steward on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	clone := command.PersistentFlags().String("clone", ".", "the clone to work in")
	command.AddCommand(up(clone), down(clone), reset(clone), env(clone), status(clone), keep())
	return command
}

// open prints progress to standard output, which the person at the terminal reads.
func open(clone string) (*environment.Environment, error) {
	opened, err := environment.Open(clone, progress.To(os.Stdout))
	if err != nil {
		return nil, fmt.Errorf("opening the dev environment: %w", err)
	}
	return opened, nil
}

func up(clone *string) *cobra.Command {
	var parts string
	command := &cobra.Command{
		Use: "up", Short: "Start what does not run, restart what changed", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			only, err := environment.ParseOnly(parts)
			if err != nil {
				return fmt.Errorf("reading --only: %w", err)
			}
			e, err := open(*clone)
			if err != nil {
				return err
			}
			return e.Up(command.Context(), only)
		},
	}
	command.Flags().StringVar(&parts, "only", "", "parts to bring, for work on the dev environment itself")
	if err := command.Flags().MarkHidden("only"); err != nil {
		command.PrintErrln(err)
	}
	return command
}

func down(clone *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop everything; state stays", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := open(*clone)
			if err != nil {
				return err
			}
			return e.Down(command.Context())
		},
	}
}

func reset(clone *string) *cobra.Command {
	return &cobra.Command{
		Use: "reset", Short: "Stop everything and remove its state", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := open(*clone)
			if err != nil {
				return err
			}
			return e.Reset(command.Context())
		},
	}
}

func env(clone *string) *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: "Print addresses and credentials as export lines", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := open(*clone)
			if err != nil {
				return err
			}
			text, err := e.Env()
			if err != nil {
				return fmt.Errorf("reading the addresses: %w", err)
			}
			if _, err := fmt.Fprint(command.OutOrStdout(), text); err != nil {
				return fmt.Errorf("printing the addresses: %w", err)
			}
			return nil
		},
	}
}

// errDown makes status exit non-zero while a part is down.
var errDown = errors.New("not everything runs: make up")

func status(clone *string) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show what runs and the next runs", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := open(*clone)
			if err != nil {
				return err
			}
			all, err := e.Status()
			if err != nil {
				return fmt.Errorf("reading the status: %w", err)
			}
			if !all {
				return errDown
			}
			return e.Promises(command.Context())
		},
	}
}

// keep is the keeper of one process; up starts it and gives it its job on
// standard input. The argument only names the process for whoever runs ps.
func keep() *cobra.Command {
	return &cobra.Command{
		Use: "keep NAME", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(*cobra.Command, []string) error {
			// Not the command's context: Keep itself passes signals on.
			return procs.Keep(context.Background(), os.Stdin)
		},
	}
}
