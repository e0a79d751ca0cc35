package goneby_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/erasure/goneby"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func TestOf(t *testing.T) {
	t.Parallel()

	day := func(n int) time.Time { return at().AddDate(0, 0, n) }
	erased := store.Outcome{Kind: store.Erased, Count: 1}
	expires := store.Outcome{Kind: store.Expires}

	for name, c := range map[string]struct {
		answers []goneby.Answer
		want    goneby.Verdict
		known   bool
	}{
		"nobody was asked": {nil, goneby.Verdict{}, false},
		"the latest counts": {
			[]goneby.Answer{{"app", erased, day(0), nil}, {"backups", expires, day(8), nil}, {"copies", expires, day(3), nil}},
			goneby.Verdict{At: day(8), Store: "backups"},
			true,
		},
		"an error blocks, what is known is told": {
			[]goneby.Answer{{"z", expires, day(1), failure.New(failure.KeptBeyond, "x")}, {"app", erased, day(0), nil}},
			goneby.Verdict{At: day(0), Store: "app", Blockers: []goneby.Blocker{{"z", failure.KeptBeyond}}},
			false,
		},
		"what failed blocks with its code, in the order of names": {
			[]goneby.Answer{
				{"segment", store.Outcome{Kind: store.Failed, Code: "no_connector"}, day(0), nil},
				{"mixpanel", store.Outcome{Kind: store.Failed}, day(0), nil},
			},
			goneby.Verdict{Blockers: []goneby.Blocker{{"mixpanel", failure.Internal}, {"segment", failure.NoConnector}}},
			false,
		},
		"no outcome and no instant are no answers": {
			[]goneby.Answer{{"a", store.Outcome{}, day(0), nil}, {"b", erased, time.Time{}, nil}},
			goneby.Verdict{Blockers: []goneby.Blocker{{"a", failure.EvidenceMissing}, {"b", failure.EvidenceMissing}}},
			false,
		},
		"what was seen to expire outlasts what the store says now": {
			[]goneby.Answer{{"app", erased, day(1), nil}, {"objects", store.Outcome{Kind: store.Expires, At: day(7)}, day(0), nil}},
			goneby.Verdict{At: day(7), Store: "objects"},
			true,
		},
		"what is retained is no copy that is still to go": {
			[]goneby.Answer{{"app", store.Outcome{Kind: store.Retained, At: day(3650)}, day(1), nil}},
			goneby.Verdict{At: day(1), Store: "app"},
			true,
		},
		"an error without a code is one": {
			[]goneby.Answer{{"a", erased, day(0), errDriver}},
			goneby.Verdict{Blockers: []goneby.Blocker{{"a", failure.Internal}}},
			false,
		},
	} {
		got := goneby.Of(c.answers)
		if diff := cmp.Diff(c.want, got); diff != "" || got.Known() != c.known || got.Over(day(100)) != c.known {
			t.Errorf("%s: %s, known %v", name, diff, got.Known())
		}
	}
}

var errDriver = errors.New("the driver says ada@example.com")

// Over is never true before every single store is done, and is as soon as the last one is.
func TestOverIsWhenAllAre(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 8).Draw(t, "hours")
		blocked := rapid.Bool().Draw(t, "blocked")
		look := at().Add(time.Duration(rapid.IntRange(-1, 1001).Draw(t, "look")) * time.Hour)
		all := !blocked

		var answers []goneby.Answer

		for _, hour := range hours {
			gone := at().Add(time.Duration(hour) * time.Hour)
			answers = append(answers, goneby.Answer{Store: "s", Outcome: store.Outcome{Kind: store.Expires}, GoneBy: gone})
			all = all && !look.Before(gone)
		}

		if blocked {
			answers = append(answers, goneby.Answer{Store: "b", Outcome: store.Outcome{Kind: store.Failed, Code: "no_connector"}})
		}

		if got := goneby.Of(answers).Over(look); got != all {
			t.Fatalf("over %v, all done %v", got, all)
		}
	})
}

// answering is a store that says what it is told to.
type answering struct {
	store.Store

	name string
	at   time.Time
	err  error
}

func (a answering) Name() string { return a.name }

func (a answering) GoneBy(_ context.Context, _ store.Subject, erasedAt time.Time) (time.Time, error) {
	return erasedAt.Add(a.at.Sub(at())), a.err
}

// What a store cannot say is its answer; a store that is down has given none.
func TestAsk(t *testing.T) {
	t.Parallel()

	who := store.Subject{Erasure: "era_x", Kind: plan.Account, Account: "42"}
	outcomes := map[string]store.Outcome{"app": {Kind: store.Erased, Count: 3}}
	beyond := failure.New(failure.KeptBeyond, "x")

	got, err := goneby.Ask(t.Context(), []store.Store{
		answering{name: "app", at: at()}, answering{name: "backups", at: at().Add(time.Hour), err: beyond},
	}, who, outcomes, at())
	if err != nil || len(got) != 2 || got[0].Outcome.Count != 3 || !got[0].GoneBy.Equal(at()) || !errors.Is(got[1].Err, beyond) {
		t.Errorf("%+v, %v", got, err)
	}

	down := answering{name: "app", err: failure.New(failure.Unavailable, "x")}
	if _, err := goneby.Ask(t.Context(), []store.Store{down}, who, outcomes, at()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}
