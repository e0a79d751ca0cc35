// Steward sets up, watches and steers the promises of the company's policies:
//
//	steward setup           at each deploy
//	steward doctor          is everything as the policy needs it?
//	steward promises        what is kept, at risk, broken
//	steward backup list     the backups, and whether they were restored
//	steward ledger verify   is the record of evidence complete and unchanged?
//
// docs/cli.md has the exit codes, docs/cli-json.md the JSON of every command.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"steward/internal/console"
	"steward/internal/failure"
)

func main() {
	os.Exit(int(run(os.Args[1:], os.Stdout, os.Stderr)))
}

// run is the whole command; its result is the exit code.
func run(args []string, out, errs io.Writer) failure.Exit {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	a := &app{console: console.Open(out, errs, os.Getenv)}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)

	err := root.ExecuteContext(ctx)
	if err = joined(err, a.close()); err == nil {
		return failure.OK
	}

	if ctx.Err() != nil {
		a.console.Notef("interrupted")

		return failure.Interrupted
	}

	// The flag may stand behind what was wrong with the command line.
	a.console.JSON = a.console.JSON || asksForJSON(args)
	problem := console.Explain(usage(err))
	problem.Next = nextCommand(root, problem.Hint)
	a.console.Report(problem)

	return problem.Exit
}
