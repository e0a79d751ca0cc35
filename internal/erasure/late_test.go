package erasure_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/store"
)

// named is a store of what rows of the store after it name: what comes late is told to it when those rows go.
type named struct {
	quiet

	asked *[]string
	// fails is how often it fails when it is asked once more.
	fails *int
}

var errAway = errors.New("away")

func (n named) Later(ctx context.Context, frozen store.Frozen) (bool, error) {
	sets, err := frozen.Sets(ctx)

	return sets["rows/late"] > 0, err
}

func (n named) Erase(ctx context.Context, _ store.Subject, frozen store.Frozen, _ func(int64)) (store.Outcome, error) {
	later, err := n.Later(ctx, frozen)
	if err != nil {
		return store.Outcome{}, err
	}

	if later && *n.fails > 0 {
		*n.fails--

		return store.Outcome{}, errAway
	}

	*n.asked = append(*n.asked, map[bool]string{false: "first", true: "once more"}[later])

	return store.Outcome{Kind: store.Erased, Count: int64(len(*n.asked))}, frozen.Put(ctx, n.name+"/erased", len(*n.asked), nil)
}

func (n named) Verify(ctx context.Context, _ store.Subject, frozen store.Frozen) ([]store.Remainder, error) {
	sets, err := frozen.Sets(ctx)
	if err != nil || sets["rows/late"] == 0 || sets[n.name+"/erased"] > 1 {
		return nil, err
	}

	return []store.Remainder{{Place: "files", Rows: 1, Why: "listed"}}, nil
}

// naming is a store of rows of which one comes late, and names something.
type naming struct {
	quiet

	late bool
}

func (naming) Plan(context.Context, store.Subject) ([]plan.Step, error) { return nil, nil }

func (n naming) Erase(ctx context.Context, _ store.Subject, frozen store.Frozen, _ func(int64)) (store.Outcome, error) {
	if !n.late {
		return n.came, nil
	}

	return n.came, frozen.Put(ctx, "rows/late", 0, [][]string{{"files", "late"}})
}

// What rows name that came after the store of it was asked is erased in the same run, whatever fails on the way, and only then is
// that store asked twice. A later try, in which no rows went, does not move the day by which all is gone.
func TestWhatComesToBeKnownLateIsErasedToo(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		late  bool
		fails int
		want  []string
	}{
		"nothing comes":             {want: []string{"first"}},
		"one comes":                 {late: true, want: []string{"first", "once more"}},
		"and its store fails twice": {late: true, fails: 2, want: []string{"first", "once more"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b, asked := newBench(t), []string{}
			fails := c.fails
			gone := store.Outcome{Kind: store.Erased, Count: 1}
			b.eraser.Stores = []store.Store{
				named{quiet: quiet{name: "objects"}, asked: &asked, fails: &fails},
				naming{quiet{"rows", gone}, c.late},
				quiet{"vendor", store.Outcome{Kind: store.Failed, Code: "no_connector"}},
			}

			id := b.open(t).ID
			b.until(t, id, erasure.AwaitingApproval)
			must(t, b.approve(t, id, b.lead))
			b.until(t, id, erasure.Executing)

			for range c.fails {
				b.clock.now = b.clock.now.Add(time.Minute)

				if _, err := b.eraser.Erase(t.Context(), id, func(int64) {}); !errors.Is(err, errAway) {
					t.Fatal(err)
				}
			}

			if seen := b.next(t, id); seen.Stage != erasure.Verifying {
				t.Fatalf("%+v", seen)
			}

			if seen := b.next(t, id); seen.Stage != erasure.Answered {
				t.Fatalf("%+v", seen)
			}

			b.until(t, id, erasure.Waiting)

			if last := b.store(t, id, "objects"); len(asked) != len(c.want) || asked[len(asked)-1] != c.want[len(c.want)-1] ||
				last.Outcome.Count != int64(len(c.want)) {
				t.Errorf("%v, %+v", asked, last)
			}

			b.clock.now = b.clock.now.AddDate(0, 0, 3)
			b.retry(t, id)
			b.until(t, id, erasure.Executing)
			b.until(t, id, erasure.Waiting)

			if len(asked) != len(c.want) {
				t.Errorf("asked again: %v", asked)
			}
		})
	}
}
