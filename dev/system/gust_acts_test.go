package system_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
	"steward/internal/catalogue"
)

// do makes the act of the run, with all that comes before it, and what must follow.
func (g *gust) do(ctx context.Context, what act) error {
	switch what {
	case actBackup, actCopy:
		return g.backedUp(ctx)
	case actFiles, actBigFile:
		return g.filesBackedUp(ctx)
	case actPrune, actFilesPrune:
		return g.pruned(ctx)
	case actException:
		return g.excepted(ctx)
	case actSetup:
		return g.setUp(ctx)
	case actMend:
		return g.mended(ctx)
	default:
		return fmt.Errorf("there is no act %q", what)
	}
}

// dayResult is what a run of a day's backup gives, of a database or of files.
type dayResult struct {
	state catalogue.State
	day   string
}

// struckDay makes a backup under the strike. A run that gave up must have left a clear
// state, and the next one ends well.
func (g *gust) struckDay(ctx context.Context, states string, take func() (dayResult, error)) error {
	var result dayResult
	err := g.under(ctx, func() (err error) {
		if result, err = take(); err == nil {
			err = g.Settle(ctx)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		g.again = true
		left, stateErr := harness.Rows(ctx, g.StewardURL, states, g.Today())
		if stateErr != nil || slices.Contains(left, string(catalogue.Drilled)) {
			return fmt.Errorf("a run that failed with %w left %v (%w)", err, left, stateErr)
		}
		result, err = take()
	}
	if err == nil && (result.state != catalogue.Drilled || result.day != g.Today()) {
		err = fmt.Errorf("the backup is %+v", result)
	}
	return err
}

func (g *gust) backedUp(ctx context.Context) error {
	if err := g.until(ctx, g.Now().Add(day)); err != nil {
		return err
	}
	err := g.struckDay(ctx, `select state from backups where day = $1::text::date`, func() (dayResult, error) {
		result, err := g.Backup(ctx, "app")
		return dayResult{result.State, result.Day}, err
	})
	if err == nil && g.Options.Copies {
		err = g.copied(ctx)
	}
	return err
}

// filesBackedUp lets the app replace a file and store one, and backs them up.
func (g *gust) filesBackedUp(ctx context.Context) error {
	if err := g.until(ctx, g.Now().Add(day)); err != nil {
		return err
	}
	if err := g.useFiles(ctx); err != nil {
		return err
	}
	return g.struckDay(ctx, `select state from file_backups where day = $1::text::date`, func() (dayResult, error) {
		result, err := g.BackupFiles(ctx)
		return dayResult{result.State, result.Day}, err
	})
}

const (
	// bigFile is of two chunks: one is 8 MiB.
	bigFile, bigBytes = "big", 8<<20 + 64<<10
	newestFile        = "newest"
)

// useFiles is what the app does to its files in a day.
func (g *gust) useFiles(ctx context.Context) error {
	err := errors.Join(
		g.PutFile(ctx, "accounts/1/logo.png", "the logo of "+g.Today()),
		g.PutFile(ctx, newestFile, "stored on "+g.Today()),
	)
	if g.item.act == actBigFile {
		random := make([]byte, bigBytes) // nothing compresses it
		for i := range random {
			random[i] = byte(g.dice.Uint32())
		}
		return errors.Join(err, g.PutFile(ctx, bigFile, string(random)))
	}
	if gone := g.DropFile(ctx, bigFile); !errors.Is(gone, storage.ErrObjectNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// pruned goes on to where something of the kind is past its time, and removes it under
// the strike; then what the strike has left must go.
func (g *gust) pruned(ctx context.Context) error {
	of := databases
	if g.item.act == actFilesPrune {
		of = files
	}
	if err := g.enough(ctx, of); err != nil {
		return err
	}
	at, err := g.due(ctx, of)
	if err != nil {
		return err
	}
	if err := g.just(ctx, at); err != nil {
		return err
	}
	return g.struckPrune(ctx, of)
}

// struckPrune prunes under the strike, and then once more.
func (g *gust) struckPrune(ctx context.Context, of kept) error {
	err := g.under(ctx, func() error {
		err := of.prune(ctx, g.World)
		if err == nil {
			err = g.Settle(ctx)
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err := of.prune(ctx, g.World); err != nil {
		return err
	}
	next, err := g.due(ctx, of)
	if err == nil && !next.IsZero() && !next.After(g.Now()) {
		err = fmt.Errorf("%s of which the time was over at %s are still there", of.table, next.Format(time.RFC3339))
	}
	return err
}

// excepted lets backups stop until the newest is past its time, and prunes under the
// strike: it stays, under a hold.
func (g *gust) excepted(ctx context.Context) error {
	if err := g.enough(ctx, databases); err != nil {
		return err
	}
	var at time.Time
	for left := 2; left > 1; {
		var err error
		if at, err = g.due(ctx, databases); err != nil {
			return err
		}
		if left, err = databases.count(ctx, g.World); err == nil && left > 1 {
			err = g.until(ctx, at)
		}
		if err != nil {
			return err
		}
	}
	if err := g.just(ctx, at); err != nil {
		return err
	}
	if err := g.struckPrune(ctx, databases); err != nil {
		return err
	}
	stays, err := harness.Rows(ctx, g.StewardURL, `select backup_id from backup_exceptions where ended_at is null`)
	if err == nil && len(stays) != 1 {
		err = fmt.Errorf("%d backups stay as exceptions, want 1", len(stays))
	}
	return err
}
