package inclusion_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/clocks"
	"steward/internal/evidence/entries"
	"steward/internal/evidence/inclusion"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

// house is a ledger with both copies: seven sealed entries in two segments, and
// one that waits.
type house struct {
	db     *postgres.DB
	mirror *ledgertest.Memory
	signer note.Signer
	key    note.Verifier
	cited  []inclusion.Cited // those of the first five entries, and the one that waits
	at     ledger.Checkpoint // after five entries
}

func newHouse(t *testing.T) *house {
	t.Helper()

	db := pgtest.OpenSteward(t)

	h := &house{db: db, mirror: ledgertest.NewMemory()}
	h.signer, h.key = ledgertest.Keys(t)

	h.grow(t, 5, start())

	head, err := ledger.ReadHead(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}

	if h.at, err = ledger.OpenCheckpoint([]byte(head.Checkpoint), h.key); err != nil {
		t.Fatal(err)
	}

	h.append(t)
	h.cite(t)
	h.append(t)
	h.seal(t, start().Add(time.Minute))

	return h
}

func (h *house) append(t *testing.T) {
	t.Helper()

	_, err := ledger.Append(t.Context(), h.db, ledger.Observed, start(), ledger.ObservedBody{What: "w", Object: "o", Code: "c"})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) grow(t *testing.T, n int, at time.Time) {
	t.Helper()

	for range n {
		h.append(t)
	}

	h.seal(t, at)
}

func (h *house) seal(t *testing.T, at time.Time) {
	t.Helper()

	if _, err := seal.New(h.db, h.mirror, h.signer, h.key, clocks.Fixed(at), seal.Config{}).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// cite notes every entry as it is now.
func (h *house) cite(t *testing.T) {
	t.Helper()

	rows, err := h.db.Query(t.Context(), "select id, kind, at, body, coalesce(position, -1) from ledger.entries order by serial")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()

	for rows.Next() {
		var (
			entry    ledger.Entry
			body     string
			position int64
		)

		if err := rows.Scan(&entry.ID, &entry.Kind, &entry.At, &body, &position); err != nil {
			t.Fatal(err)
		}

		entry.At, entry.Body = entry.At.UTC(), []byte(body)
		h.cited = append(h.cited, inclusion.Cited{ID: entry.ID, Position: position, Hash: entry.Hash()})
	}

	if rows.Err() != nil || len(h.cited) != 6 || h.cited[5].Position != entries.Waiting {
		t.Fatalf("%d cited, %v", len(h.cited), rows.Err())
	}
}

// copies are both copies, for what is cited.
func (h *house) copies(t *testing.T, cited []inclusion.Cited) map[string]inclusion.Copy {
	t.Helper()

	mirror, err := inclusion.OpenMirror(t.Context(), h.mirror, cited)
	if err != nil {
		t.Fatal(err)
	}

	return map[string]inclusion.Copy{"database": inclusion.Database{Steward: h.db}, "mirror": mirror}
}

func TestBothCopiesAgree(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	for name, from := range h.copies(t, h.cited) {
		if got, err := inclusion.Check(t.Context(), from, h.at, h.cited); err != nil || got != (inclusion.Result{Sealed: 5, Waiting: 1}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}

		if got, err := inclusion.Check(t.Context(), from, ledger.Checkpoint{}, h.cited[5:]); err != nil || got.Waiting != 1 {
			t.Errorf("%s, under an empty ledger: %+v, %v", name, got, err)
		}
	}
}

// An entry that still waits is in the database, and not yet in the mirror.
func TestAnEntryThatStillWaits(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t)

	var (
		entry ledger.Entry
		body  string
	)

	err := h.db.QueryRow(t.Context(), "select id, kind, at, body from ledger.entries where position is null").
		Scan(&entry.ID, &entry.Kind, &entry.At, &body)
	if err != nil {
		t.Fatal(err)
	}

	entry.At, entry.Body = entry.At.UTC(), []byte(body)
	rows := []inclusion.Cited{{ID: entry.ID, Position: entries.Waiting, Hash: entry.Hash()}}

	for name, want := range map[string]inclusion.Result{"database": {Waiting: 1}, "mirror": {Pending: 1}} {
		if got, err := inclusion.Check(t.Context(), h.copies(t, rows)[name], h.at, rows); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whatever a document says that the ledger does not, both copies tell.
func TestWhatIsNotInTheLedger(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	for name, change := range map[string]func(checkpoint *ledger.Checkpoint, first *inclusion.Cited){
		"another content":         func(_ *ledger.Checkpoint, first *inclusion.Cited) { first.Hash[0] ^= 1 },
		"another position":        func(_ *ledger.Checkpoint, first *inclusion.Cited) { first.Position = 1 },
		"a position beyond it":    func(_ *ledger.Checkpoint, first *inclusion.Cited) { first.Position = 5 },
		"a position of nothing":   func(_ *ledger.Checkpoint, first *inclusion.Cited) { first.Position = -2 },
		"an entry that is not":    func(_ *ledger.Checkpoint, first *inclusion.Cited) { first.ID = ledger.ID(ids.New("led")) },
		"another root":            func(checkpoint *ledger.Checkpoint, _ *inclusion.Cited) { checkpoint.Root[0] ^= 1 },
		"a longer ledger":         func(checkpoint *ledger.Checkpoint, _ *inclusion.Cited) { checkpoint.Size = 6 },
		"a ledger longer than it": func(checkpoint *ledger.Checkpoint, _ *inclusion.Cited) { checkpoint.Size = 60 },
	} {
		checkpoint, cited := h.at, append([]inclusion.Cited{}, h.cited...)
		change(&checkpoint, &cited[0])

		for which, from := range h.copies(t, cited) {
			if got, err := inclusion.Check(t.Context(), from, checkpoint, cited); !failure.Is(err, failure.LedgerTampered) {
				t.Errorf("%s, %s: %+v, %v", name, which, got, err)
			}
		}
	}

	// An entry that came after the checkpoint is not under it.
	after := inclusion.Cited{ID: h.cited[5].ID, Position: 5, Hash: h.cited[5].Hash}
	for which, from := range h.copies(t, []inclusion.Cited{after}) {
		if got, err := inclusion.Check(t.Context(), from, h.at, []inclusion.Cited{after}); !failure.Is(err, failure.LedgerTampered) {
			t.Errorf("%s: %+v, %v", which, got, err)
		}
	}
}

// A copy that was changed no longer proves what it held.
func TestAChangedCopy(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	_, err := h.db.Exec(t.Context(), "alter table ledger.entries disable trigger user")
	if err != nil {
		t.Fatal(err)
	}

	_, err = h.db.Exec(t.Context(), "update ledger.entries set kind = 'world.improved' where position = 2")
	if err != nil {
		t.Fatal(err)
	}

	if _, err := inclusion.Check(t.Context(), inclusion.Database{Steward: h.db}, h.at, h.cited); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}

	for name, data := range map[string]string{"nonsense": "nonsense", "the next segment": ""} {
		text := []byte(data)

		if data == "" {
			if text, _, err = h.mirror.Get(t.Context(), ledger.SegmentName(5, 7)); err != nil {
				t.Fatal(err)
			}
		}

		h.mirror.Tamper(ledger.SegmentName(0, 5), text)

		if _, err := inclusion.OpenMirror(t.Context(), h.mirror, h.cited); !failure.Is(err, failure.LedgerTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// down fails every outside call from the nth on.
type down struct{ left int }

func (f *down) Next(context.Context, faults.Call) faults.Mode {
	f.left--
	if f.left <= 0 {
		return faults.Before
	}

	return faults.Pass
}

// A database that goes away is no proof of tampering, and no proof of anything.
func TestADatabaseThatGoesAway(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	for n := 1; ; n++ {
		gate := &down{left: n}

		got, err := inclusion.Check(faults.With(t.Context(), gate), inclusion.Database{Steward: h.db}, h.at, h.cited)
		if gate.left > 0 {
			if err != nil || n < 10 {
				t.Errorf("after %d calls: %+v, %v", n-1, got, err)
			}

			return
		}

		if !failure.Is(err, failure.Unavailable) {
			t.Errorf("call %d: %v", n, err)
		}
	}
}

// mute is a mirror that does not answer.
type mute struct {
	ledger.Mirror

	list bool
}

var errMute = errors.New("no answer")

func (m mute) List(ctx context.Context, prefix, from string) iter.Seq2[string, error] {
	if m.list {
		return m.Mirror.List(ctx, prefix, from)
	}

	return func(yield func(string, error) bool) { yield("", errMute) }
}

func (mute) Get(context.Context, string) ([]byte, ledger.Generation, error) {
	return nil, ledger.NoObject, errMute
}

func TestAMirrorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	for _, list := range []bool{true, false} {
		if _, err := inclusion.OpenMirror(t.Context(), mute{h.mirror, list}, h.cited); !failure.Is(err, failure.Unavailable) {
			t.Error(err)
		}
	}
}
