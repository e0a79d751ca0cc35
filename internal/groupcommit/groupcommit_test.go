package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"steward/internal/failure"
	"steward/internal/groupcommit"
)

// book is what is written, and in which groups.
type book struct {
	mu     sync.Mutex
	groups [][]int // owned by mu
}

func (b *book) write(_ context.Context, items []int) ([]string, error) {
	answers := make([]string, len(items))

	for i, item := range items {
		if item < 0 {
			return nil, fmt.Errorf("writing: %w", &pgconn.PgError{Code: "23514"})
		}

		answers[i] = strconv.Itoa(item)
	}

	b.mu.Lock()
	defer b.mu.Unlock()

	b.groups = append(b.groups, slices.Clone(items))

	return answers, nil
}

func (b *book) options() groupcommit.Options[int, string] {
	return groupcommit.Options[int, string]{
		Write: b.write, Size: func(item int) int { return max(item, 1) }, MaxWaiting: 1000, MaxGroup: 100, Timeout: time.Minute,
	}
}

// ExampleCommitter_Do lets two callers be answered by one committer.
func ExampleCommitter_Do() {
	committer := groupcommit.New(context.Background(), groupcommit.Options[string, int]{
		Write: func(_ context.Context, items []string) ([]int, error) {
			lengths := make([]int, len(items)) // one statement would write them all
			for i, item := range items {
				lengths[i] = len(item)
			}

			return lengths, nil
		},
		Size: func(string) int { return 1 }, MaxWaiting: 100, MaxGroup: 10, Timeout: time.Second,
	})
	defer committer.Close()

	fmt.Println(committer.Do(context.Background(), "four"))
	fmt.Println(committer.Do(context.Background(), "seven.."))
	// Output:
	// 4 <nil>
	// 7 <nil>
}

// TestEveryoneIsAnswered brings random items from many callers: each gets the answer
// of its own item, every good one is written once, no group is too large, and only
// who brought a bad one is refused.
func TestEveryoneIsAnswered(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		items := rapid.SliceOfN(rapid.IntRange(-1, 60), 1, 60).Draw(r, "items")
		written := &book{}
		committer := groupcommit.New(t.Context(), written.options())

		var together sync.WaitGroup

		for _, item := range items {
			together.Go(func() {
				answer, err := committer.Do(t.Context(), item)
				if item < 0 && !groupcommit.RefusedByServer(err) || item >= 0 && (err != nil || answer != strconv.Itoa(item)) {
					// The line may be full.
					if !failure.Is(err, failure.SignsWaiting) {
						t.Errorf("%d: %q, %v", item, answer, err)
					}
				}
			})
		}

		together.Wait()
		committer.Close()

		count := 0

		for _, group := range written.groups {
			size := 0
			for _, item := range group {
				size += max(item, 1)
			}

			if count += len(group); size > 100 && len(group) > 1 {
				r.Errorf("a group of %d rows: %v", size, group)
			}
		}

		if count > len(items) {
			r.Errorf("%d of %d items were written", count, len(items))
		}
	})
}

// TestTheEnd: what was accepted is written, what comes later is refused.
func TestTheEnd(t *testing.T) {
	t.Parallel()

	written, begun, free := &book{}, make(chan struct{}, 100), make(chan struct{})
	options := written.options()
	options.Write = func(ctx context.Context, items []int) ([]string, error) {
		begun <- struct{}{}
		<-free

		return written.write(ctx, items)
	}
	committer := groupcommit.New(t.Context(), options)

	var together sync.WaitGroup

	call := func(item int, want failure.Code) {
		if _, err := committer.Do(t.Context(), item); failure.CodeOf(err) != want {
			t.Errorf("%d: %v", item, err)
		}
	}

	for range 2 { // both writers are at work
		together.Go(func() { call(1, "") })
		<-begun
	}

	ended := make(chan struct{})

	// One fills the line and goes away; the next finds it full.
	gone, cancel := context.WithCancel(t.Context())
	cancel()

	if _, err := committer.Do(gone, 1000); !failure.Is(err, failure.TimedOut) {
		t.Error(err)
	}

	call(1, failure.SignsWaiting)

	go func() {
		committer.Close()
		close(ended)
	}()

	select {
	case <-ended:
		t.Error("it ended before what it had accepted was written")
	case <-begun:
		t.Error("a third writer")
	default:
	}

	close(free)
	<-ended
	together.Wait()
	call(1, failure.SignsWaiting)

	if !slices.ContainsFunc(written.groups, func(group []int) bool { return slices.Contains(group, 1000) }) {
		t.Errorf("what was accepted was not written: %v", written.groups)
	}
}

// TestTroubleIsToldToAll: what is no refusal is not tried again piece by piece.
func TestTroubleIsToldToAll(t *testing.T) {
	t.Parallel()

	errGone := errors.New("gone")
	calls := 0

	for _, c := range []struct {
		err  error
		want string
	}{
		{errGone, "gone"},
		{&pgconn.PgError{Code: "57P01", Message: "ended"}, "ended"},
		{nil, "answering what was written"},
	} {
		options := (&book{}).options()
		options.Write = func(context.Context, []int) ([]string, error) {
			calls++

			return nil, c.err
		}
		committer := groupcommit.New(t.Context(), options)

		if _, err := committer.Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.err, err)
		}

		committer.Close()
	}

	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

// TestRefusedTogether: who has another way is told at once that the group was refused,
// and one bad item costs one statement, however many came with it.
func TestRefusedTogether(t *testing.T) {
	t.Parallel()

	written, begun, free := &book{}, make(chan struct{}, 100), make(chan struct{})
	options := written.options()
	options.Together = true

	var statements atomic.Int64

	options.Write = func(ctx context.Context, items []int) ([]string, error) {
		statements.Add(1)
		begun <- struct{}{}
		<-free

		return written.write(ctx, items)
	}
	committer := groupcommit.New(t.Context(), options)

	var together sync.WaitGroup

	for range 2 { // both writers are at work
		together.Go(func() {
			if _, err := committer.Do(t.Context(), 1); err != nil {
				t.Error(err)
			}
		})
		<-begun
	}

	gone, cancel := context.WithCancel(t.Context())
	cancel()

	// One bad item stands first in line, and all that follow go into its group.
	if _, err := committer.Do(gone, -1); !failure.Is(err, failure.TimedOut) {
		t.Error(err)
	}

	var refused atomic.Int64

	const others = 50

	for range others {
		together.Go(func() {
			if _, err := committer.Do(t.Context(), 1); groupcommit.RefusedByServer(err) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}

	close(free)
	together.Wait()
	committer.Close()

	// How many were in that group is up to the scheduler; no item was tried alone.
	if got := statements.Load(); got > others+3 || refused.Load() > 0 && got > others+3-refused.Load() {
		t.Errorf("%d statements, %d refused", got, refused.Load())
	}
}

func TestRefusedByServer(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]bool{"23505": true, "42501": true, "40P01": true, "P0001": true, "": true, "08006": false, "53300": false, "57014": false, "58000": false} {
		if got := groupcommit.RefusedByServer(fmt.Errorf("x: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}

	if groupcommit.RefusedByServer(nil) || groupcommit.RefusedByServer(context.DeadlineExceeded) {
		t.Error("no answer of a server is no refusal")
	}
}
