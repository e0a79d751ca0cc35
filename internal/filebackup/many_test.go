package filebackup_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/filestest"
)

// peak watches the memory that is in use, until it is stopped.
func peak(ctx context.Context) (stop func() uint64) {
	ctx, cancel := context.WithCancel(ctx)

	var highest atomic.Uint64

	ended := make(chan struct{})

	go func() {
		defer close(ended)

		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()

		for {
			var now runtime.MemStats

			runtime.ReadMemStats(&now)
			highest.Store(max(highest.Load(), now.HeapInuse))

			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()

	return func() uint64 {
		cancel()
		<-ended

		return highest.Load()
	}
}

// Many files are backed up, drilled, backed up again without storing one,
// and pruned; the memory that it takes does not grow with their number.
//
//nolint:paralleltest // it measures the memory of the process
func TestManyFiles(t *testing.T) {
	files, bound := 600, uint64(160<<20) // make soak takes more: the emulator looks at all of them at each request
	if os.Getenv("STEWARD_SOAK") != "" {
		files = 5_000
	}

	b := filestest.New(t)

	var group errgroup.Group

	group.SetLimit(4)

	for n := range files {
		group.Go(func() error {
			b.Write(t, fmt.Sprintf("accounts/%d/%d", n%97, n), fmt.Sprint("content ", n))

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}

	stop := peak(t.Context())
	begun := time.Now()

	first := b.Drilled(t)
	took := time.Since(begun)
	b.Clock.Advance(day)
	second := b.Drilled(t)

	if first.Count != int64(files) || first.Fresh != int64(files) || second.Count != int64(files) || second.Fresh != 0 {
		t.Errorf("%+v\n%+v", first, second)
	}

	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(7 * day)

	if result := b.Prune(t); result.Contents != int64(files) || result.Removed != 2 {
		t.Errorf("%+v", result)
	}

	used := stop()
	t.Logf("%d files: the first backup and its drill took %s; %d MiB in use at most", files, took.Round(time.Millisecond), used>>20)

	if used > bound {
		t.Errorf("%d MiB were in use", used>>20)
	}
}
