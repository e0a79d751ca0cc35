package throttle_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"steward/internal/throttle"
)

// All writers of a pace share it, and what they write is whole.
func TestWritersShareAPace(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const perSecond, size, writes, writers = 1000, 100, 25, 4

		var (
			group sync.WaitGroup
			out   [writers]bytes.Buffer
		)

		pace, started := throttle.NewPace(perSecond), time.Now()

		for n := range writers {
			group.Go(func() {
				to := pace.Writer(t.Context(), &out[n])

				for range writes {
					if _, err := to.Write(make([]byte, size)); err != nil {
						t.Error(err)
					}
				}
			})
		}

		group.Wait()

		// All but the last, whose wait the next write would have.
		if took, want := time.Since(started), 9900*time.Millisecond; took != want {
			t.Errorf("%d bytes took %s, want %s", writers*writes*size, took, want)
		}

		for n := range out {
			if out[n].Len() != writes*size {
				t.Errorf("writer %d wrote %d bytes", n, out[n].Len())
			}
		}
	})
}

func TestAPaceWithoutALimit(t *testing.T) {
	t.Parallel()

	if to := throttle.NewPace(0).Writer(t.Context(), io.Discard); to != io.Discard {
		t.Error("no limit is a limit")
	}
}
