package history_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/evidence/history"
	"steward/internal/ledger"
	"steward/internal/promise"
)

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func status(state promise.State) []promise.Status {
	return []promise.Status{{
		Promise: promise.Backups, Item: "app", Mode: promise.Enforce, State: state,
		NewestEvidence: start().Add(-time.Hour), NextDue: start().Add(time.Hour),
	}}
}

// walk audits one item every five minutes, and gives what the ledger was told.
func walk(states ...promise.State) (history.Audit, []string) {
	var (
		audit history.Audit
		told  []string
	)

	for i, state := range states {
		next, changes := audit.Next(status(state), nil, start().Add(time.Duration(i)*5*time.Minute))
		for _, change := range changes {
			told = append(told, string(change.Kind)+" "+change.Body.Promise+" "+change.Body.Code)
		}

		audit = next
	}

	return audit, told
}

func TestTransitionsAreToldOnce(t *testing.T) {
	t.Parallel()

	const (
		kept, risk, broken, armed, observed = promise.Kept, promise.AtRisk, promise.Broken, promise.Armed, promise.Observed

		broke  = "promise.broken backups/app backups.broken"
		mended = "promise.mended backups/app backups.kept"
	)

	for name, test := range map[string]struct {
		states []promise.State
		told   []string
	}{
		"never":                      {[]promise.State{armed, kept, risk, kept}, nil},
		"from the first audit":       {[]promise.State{broken, broken}, []string{broke}},
		"breaks and is mended":       {[]promise.State{kept, broken, broken, kept, kept}, []string{broke, mended}},
		"at risk does not mend":      {[]promise.State{broken, risk, broken, risk, kept}, []string{broke, mended}},
		"observing does not mend":    {[]promise.State{broken, observed, kept}, []string{broke, mended}},
		"setting up again, neither":  {[]promise.State{broken, armed}, []string{broke}},
		"breaks twice":               {[]promise.State{broken, kept, broken}, []string{broke, mended, broke}},
		"at risk alone is not told":  {[]promise.State{risk, risk}, nil},
		"what is not built, neither": {[]promise.State{promise.NotBuilt}, nil},
	} {
		if _, told := walk(test.states...); !cmp.Equal(test.told, told) {
			t.Errorf("%s: %s", name, cmp.Diff(test.told, told))
		}
	}
}

func TestAStateKeepsItsBeginning(t *testing.T) {
	t.Parallel()

	audit, _ := walk(promise.Kept, promise.Broken, promise.Broken)
	got, found := audit.Find(promise.Key{Promise: promise.Backups, Item: "app"})

	if !found || !got.Since.Equal(start().Add(5*time.Minute)) || !got.Unmended {
		t.Errorf("%+v", got)
	}

	if _, found := audit.Find(promise.Key{Promise: promise.Ledger}); found {
		t.Error("a promise that was not judged has a standing")
	}
}

// In every walk entries alternate, begin with broken, and end in mended exactly
// when nothing is open; only the end of a breach after many on one day waits until the
// item was kept for an hour.
func TestEntriesAlternate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.SliceOf(rapid.SampledFrom([]promise.State{
			promise.Kept, promise.AtRisk, promise.Broken, promise.Armed, promise.Observed,
		})).Draw(t, "states")

		var audit history.Audit

		open, breaks, now, kept := false, 0, start(), time.Time{}

		for _, state := range states {
			now = now.Add(time.Duration(rapid.Int64Range(1, int64(20*time.Minute)).Draw(t, "pause")))

			next, changes := audit.Next(status(state), nil, now)
			for _, change := range changes {
				if (change.Kind == ledger.PromiseBroken) == open {
					t.Fatalf("%s while open is %v", change.Kind, open)
				}

				open = !open

				if open {
					breaks++
				}
			}

			switch {
			case state != promise.Kept:
				kept = time.Time{}
			case kept.IsZero():
				kept = now.Truncate(time.Microsecond)
			}

			waits := breaks > 6 && now.Sub(kept) < time.Hour
			if state == promise.Broken && !open || state == promise.Kept && open && !waits {
				t.Fatalf("%s while open is %v, after %d breaks", state, open, breaks)
			}

			audit = next
		}
	})
}

// What flaps for a month, broken at one audit and kept at the next, has a bounded number
// of entries, and its last breach ends an hour after it came to rest.
func TestWhatFlapsHasFewEntries(t *testing.T) {
	t.Parallel()

	const (
		perDay = 288 // audits, one each five minutes
		days   = 30
	)

	var states []promise.State
	for range days * perDay / 2 {
		states = append(states, promise.Broken, promise.Kept)
	}

	if _, told := walk(states...); len(told) != 2*6+1 {
		t.Errorf("%d entries of what never comes to rest", len(told))
	}

	// An hour of rest after each breach, the worst case.
	hour := append([]promise.State{promise.Broken}, slices.Repeat([]promise.State{promise.Kept}, 13)...)
	if _, told := walk(slices.Repeat(hour, days*perDay/len(hour))...); len(told) > days*2*(6+24) {
		t.Errorf("%d entries of what rests for an hour each time", len(told))
	}

	flapped := slices.Repeat([]promise.State{promise.Broken, promise.Kept}, 10)
	for audits, want := range map[int]string{12: "promise.broken", 13: "promise.mended"} { // the first was kept once already
		_, told := walk(append(slices.Clone(flapped), slices.Repeat([]promise.State{promise.Kept}, audits-1)...)...)
		if last := told[len(told)-1]; !strings.HasPrefix(last, want) {
			t.Errorf("kept at %d audits: %s", audits, last)
		}
	}

	// A day later it is as any other.
	day := append(slices.Clone(flapped), slices.Repeat([]promise.State{promise.Kept}, perDay)...)
	if _, told := walk(append(day, promise.Broken, promise.Kept)...); !strings.HasPrefix(told[len(told)-1], "promise.mended") {
		t.Error(told)
	}
}

func TestAnItemThatLeftThePolicyIsNotForgotten(t *testing.T) {
	t.Parallel()

	audit, _ := walk(promise.Broken)
	gone, changes := audit.Next(nil, nil, start().Add(time.Hour))

	if len(changes) != 0 || len(gone.Standings) != 1 {
		t.Errorf("%+v, %+v", gone, changes)
	}

	back, changes := gone.Next(status(promise.Kept), nil, start().Add(2*time.Hour))
	if len(changes) != 1 || changes[0].Kind != ledger.PromiseMended || len(back.Standings) != 1 {
		t.Errorf("%+v, %+v", back, changes)
	}
}

// Taking a broken item out of the policy mends nothing: the ledger is told once it is back
// and kept, and until then only of what breaks.
func TestLeavingThePolicyMendsNothing(t *testing.T) {
	t.Parallel()

	left := func(state promise.State) []promise.Status {
		gone := status(state)
		gone[0].LeftPolicy = true

		return gone
	}

	for name, test := range map[string]struct {
		before promise.State
		left   []promise.State
		told   []ledger.Kind
	}{
		"broken before":                {promise.Broken, []promise.State{promise.Kept, promise.AtRisk, promise.Kept}, []ledger.Kind{ledger.PromiseMended}},
		"broken before and meanwhile":  {promise.Broken, []promise.State{promise.Kept, promise.Broken, promise.Kept}, []ledger.Kind{ledger.PromiseMended}},
		"broken meanwhile":             {promise.Kept, []promise.State{promise.Broken, promise.Kept}, []ledger.Kind{ledger.PromiseBroken, ledger.PromiseMended}},
		"never broken":                 {promise.Kept, []promise.State{promise.Kept, promise.AtRisk}, nil},
		"broken, and observed outside": {promise.Broken, []promise.State{promise.Observed}, []ledger.Kind{ledger.PromiseMended}},
	} {
		audit, _ := walk(test.before)

		var told []ledger.Kind

		for _, state := range test.left {
			next, changes := audit.Next(left(state), nil, start().Add(time.Hour))
			for _, change := range changes {
				told = append(told, change.Kind)
			}

			if slices.Contains(told, ledger.PromiseMended) {
				t.Errorf("%s: mended outside the policy", name)
			}

			audit = next
		}

		_, changes := audit.Next(status(promise.Kept), nil, start().Add(2*time.Hour))
		for _, change := range changes {
			told = append(told, change.Kind)
		}

		if !slices.Equal(told, test.told) {
			t.Errorf("%s: %v", name, told)
		}
	}
}

// What left the policy is still judged while something of it is stored. Once it is back
// it is watched since when it was.
func TestAnItemThatLeftThePolicyStaysArmed(t *testing.T) {
	t.Parallel()

	key := promise.Key{Promise: promise.Backups, Item: "app"}
	armed, _ := history.Audit{}.Next(status(promise.Kept), map[promise.Key]time.Time{key: start()}, start())
	left, _ := armed.Next(status(promise.Kept), map[promise.Key]time.Time{}, start().Add(time.Hour))

	if at := left.ArmedAt(key, start().Add(-time.Hour)); !at.Equal(start()) {
		t.Errorf("armed at %s", at)
	}
}

func TestArmedAt(t *testing.T) {
	t.Parallel()

	key := promise.Key{Promise: promise.Backups, Item: "app"}
	installed := start().Add(-48 * time.Hour)
	older := history.Audit{ID: 1, At: installed.Add(-time.Hour)}
	since := history.Audit{ID: 1, At: start()}
	known := history.Audit{ID: 1, At: start(), Standings: []history.Standing{{Promise: key.Promise, Item: key.Item, ArmedAt: start().Add(-time.Hour)}}}
	undated := history.Audit{ID: 1, At: start(), Standings: []history.Standing{{Promise: key.Promise, Item: key.Item}}}

	for name, test := range map[string]struct {
		audit history.Audit
		want  time.Time
	}{
		"no audit yet":               {history.Audit{}, installed},
		"came into the policy later": {since, start()},
		"known":                      {known, start().Add(-time.Hour)},
		"known without a date":       {undated, installed},
		"audited before the set-up":  {older, installed},
	} {
		if got := test.audit.ArmedAt(key, installed); !got.Equal(test.want) {
			t.Errorf("%s: %s instead of %s", name, got, test.want)
		}
	}
}

func TestStandingsSurviveJSON(t *testing.T) {
	t.Parallel()

	audit, _ := walk(promise.Broken)

	text, err := json.Marshal(audit.Standings)
	if err != nil {
		t.Fatal(err)
	}

	var back []history.Standing
	if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(audit.Standings, back) {
		t.Errorf("%v %s", err, cmp.Diff(audit.Standings, back))
	}
}

func TestAnUnknownStateIsBroken(t *testing.T) {
	t.Parallel()

	if got := history.StateCode("splendid"); got != "broken" {
		t.Error(got)
	}
}
