package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

// held are options whose writes tell that they have begun, and wait until they are set free.
func (b *book) held(begun chan<- struct{}, free <-chan struct{}) groupcommit.Options[int, string] {
	options := b.options()
	options.Write = func(ctx context.Context, items []int) ([]string, error) {
		begun <- struct{}{}
		<-free

		return b.write(ctx, items)
	}

	return options
}

// TestTheEnd: what was accepted is written, what comes later is refused.
func TestTheEnd(t *testing.T) {
	t.Parallel()

	written, begun, free := &book{}, make(chan struct{}, 100), make(chan struct{})
	committer := groupcommit.New(t.Context(), written.held(begun, free))

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

	// One fills the line; the next finds it full.
	together.Go(func() {
		if _, err := insist(t.Context(), committer, 1000); err != nil {
			t.Error(err)
		}
	})
	untilFull(t, committer, 1)
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

// insist brings an item again while untilFull is in its way.
func insist(ctx context.Context, committer *groupcommit.Committer[int, string], item int) (string, error) {
	for {
		if answer, err := committer.Do(ctx, item); !failure.Is(err, failure.SignsWaiting) {
			return answer, err
		}

		runtime.Gosched()
	}
}

// untilFull returns once the line has no room for the item. Who brings it there does so
// at once; the bound is only so that the test ends.
func untilFull(t *testing.T, committer *groupcommit.Committer[int, string], item int) {
	t.Helper()

	bound, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()

	gone, leave := context.WithCancel(bound)
	leave()

	for bound.Err() == nil {
		_, err := committer.Do(gone, item)
		if failure.Is(err, failure.SignsWaiting) {
			return
		}

		if !failure.Is(err, failure.TimedOut) {
			t.Fatal(err)
		}

		runtime.Gosched()
	}

	t.Fatal("the line was never full")
}

// TestWhoLeavesTakesTheirPlace: with a database that hangs, those who stop waiting make
// room for others, nothing of theirs is written any more, and the end needs no longer
// than what had begun.
func TestWhoLeavesTakesTheirPlace(t *testing.T) {
	t.Parallel()

	written, begun, free := &book{}, make(chan struct{}, 1000), make(chan struct{})
	committer := groupcommit.New(t.Context(), written.held(begun, free))

	var stayed, left sync.WaitGroup

	stay := func(item int) {
		stayed.Go(func() {
			if _, err := insist(t.Context(), committer, item); err != nil {
				t.Errorf("%d: %v", item, err)
			}
		})
	}

	for range 2 { // both writers are at work
		stay(1)
		<-begun
	}

	leaving, leave := context.WithCancel(t.Context())

	const item = 2 // rows of each who leaves

	for range 1000 / item {
		left.Go(func() {
			if _, err := insist(leaving, committer, item); !failure.Is(err, failure.TimedOut) {
				t.Error(err)
			}
		})
	}

	untilFull(t, committer, 1)
	leave()
	left.Wait()

	// There is room for as much as ever, and whoever leaves at once takes none of it.
	for range 10 {
		if _, err := committer.Do(leaving, 1000); !failure.Is(err, failure.TimedOut) {
			t.Fatal(err)
		}
	}

	stay(1000)
	untilFull(t, committer, 1)
	close(free)
	stayed.Wait()
	committer.Close()

	slices.SortFunc(written.groups, slices.Compare)

	if want := [][]int{{1}, {1}, {1000}}; !slices.EqualFunc(written.groups, want, slices.Equal) {
		t.Errorf("written %v, want %v", written.groups, want)
	}
}

// TestTheEndWithAHangingDatabase: with everybody gone it ends with the writes that had
// begun, when their timeout has come, and no other begins.
func TestTheEndWithAHangingDatabase(t *testing.T) {
	t.Parallel()

	begun, expired := make(chan struct{}, 1000), make(chan struct{})
	options := (&book{}).options()
	options.Write = func(ctx context.Context, _ []int) ([]string, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a write that may hang for ever")
		}

		begun <- struct{}{}
		<-expired // the test says when, so that the line is full before

		return nil, failure.New(failure.Unavailable, "writing")
	}
	committer := groupcommit.New(t.Context(), options)

	var together sync.WaitGroup

	leaving, leave := context.WithCancel(t.Context())

	for n := range 12 {
		together.Go(func() {
			if _, err := insist(leaving, committer, 90); err == nil {
				t.Error("written by a database that hangs")
			}
		})

		if n < 2 {
			<-begun
		}
	}

	untilFull(t, committer, 200)
	leave()
	together.Wait()

	ended := make(chan struct{})

	go func() {
		committer.Close()
		close(ended)
	}()

	select {
	case <-ended:
		t.Error("it ended before the writes that had begun")
	default:
	}

	close(expired)
	<-ended

	if len(begun) > 0 {
		t.Errorf("%d writes began after everybody had left", len(begun))
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
	options.Together, options.MaxGroup = true, 1000
	options.Size = func(item int) int {
		if item < 0 {
			return 900
		}

		return item
	}

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

	// One bad item stands first in line, and all that follow go into its group.
	together.Go(func() {
		if _, err := insist(t.Context(), committer, -1); !groupcommit.RefusedByServer(err) {
			t.Error(err)
		}
	})
	untilFull(t, committer, 200)

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

// TestTroubleAfterARefusal: where the database goes away while the items of a refused
// group are tried alone, the rest is told so at once. Each of them would wait for its
// own timeout.
func TestTroubleAfterARefusal(t *testing.T) {
	t.Parallel()

	begun, free := make(chan struct{}, 100), make(chan struct{})

	var alone atomic.Int64

	options := (&book{}).options()
	options.Write = func(_ context.Context, items []int) ([]string, error) {
		begun <- struct{}{}
		<-free

		if len(items) > 1 {
			return nil, &pgconn.PgError{Code: "40P01"}
		}

		if items[0] == 2 {
			alone.Add(1)
		}

		return nil, failure.New(failure.Unavailable, "writing")
	}
	committer := groupcommit.New(t.Context(), options)

	var together sync.WaitGroup

	call := func(item int) {
		together.Go(func() {
			if _, err := insist(t.Context(), committer, item); !failure.Is(err, failure.Unavailable) {
				t.Errorf("%d: %v", item, err)
			}
		})
	}

	for range 2 { // both writers are at work
		call(1)
		<-begun
	}

	for range 50 { // one group
		call(2)
	}

	untilFull(t, committer, 901)
	close(free)
	together.Wait()
	committer.Close()

	if got := alone.Load(); got != 1 {
		t.Errorf("%d items were tried alone", got)
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
