package evidence_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/evidence"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// ticking is a clock that moves on by a second at each look.
type ticking struct {
	mu  sync.Mutex
	now time.Time // owned by mu
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.now = c.now.Add(time.Second)

	return c.now
}

// house is a ledger with both copies and its sequencer.
type house struct {
	db     *postgres.DB
	mirror *ledgertest.Memory
	key    note.Verifier
	sealer *seal.Sealer
}

func newHouse(t *testing.T) *house {
	t.Helper()

	db, mirror := pgtest.OpenSteward(t), ledgertest.NewMemory()
	signer, key := ledgertest.Keys(t)

	return &house{
		db: db, mirror: mirror, key: key,
		sealer: seal.New(db, mirror, signer, key, &ticking{now: start()}, seal.Config{}),
	}
}

// grow seals n more entries.
func (h *house) grow(t *testing.T, n int) {
	t.Helper()

	for range n {
		_, err := ledger.Append(t.Context(), h.db, ledger.Observed, start(), ledger.ObservedBody{What: "w", Object: "o", Code: "c"})
		if err != nil {
			t.Fatal(err)
		}
	}

	if _, err := h.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) verifier(mirror ledger.Mirror) evidence.Verifier {
	return evidence.Verifier{
		Steward: h.db, Mirror: mirror, Key: h.key, SealWithin: 15 * time.Minute, Patience: 1e-9,
	}
}

func TestVerifyAndRemember(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	never, err := evidence.LastVerification(t.Context(), h.db)
	if err != nil || !never.At.IsZero() || never.Clean() {
		t.Fatalf("%+v, %v", never, err)
	}

	for _, n := range []int{0, 3, 2} {
		if n > 0 {
			h.grow(t, n)
		}

		found, err := h.verifier(h.mirror).Verify(t.Context(), start())
		if err != nil || !found.Clean() {
			t.Fatalf("%+v, %v", found, err)
		}

		if err := evidence.RecordVerification(t.Context(), h.db, found); err != nil {
			t.Fatal(err)
		}

		if last, err := evidence.LastVerification(t.Context(), h.db); err != nil || last != found {
			t.Errorf("%+v instead of %+v, %v", last, found, err)
		}
	}

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: h.db}, demo(t))
	if err != nil || got.Ledger.CheckpointSize != 5 || got.Ledger.CheckpointAt.IsZero() || !got.Ledger.VerifiedAt.Equal(start()) || got.Ledger.Finding != "" {
		t.Errorf("%+v, %v", got.Ledger, err)
	}
}

func TestTamperingIsNamed(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.grow(t, 4)
	h.mirror.Tamper(ledger.SegmentName(0, 4), []byte("nonsense"))

	found, err := h.verifier(h.mirror).Verify(t.Context(), start())
	if err != nil || found.Clean() || found.Finding == "" || found.Findings == 0 || found.Text() == "" {
		t.Fatalf("%+v, %v", found, err)
	}

	if err := evidence.RecordVerification(t.Context(), h.db, found); err != nil {
		t.Fatal(err)
	}

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: h.db}, demo(t))
	if err != nil || got.Ledger.Finding != found.Text() {
		t.Errorf("%+v, %v", got.Ledger, err)
	}
}

// growing seals another batch whenever it is looked at, as a busy sequencer does.
type growing struct {
	ledger.Mirror

	grow func()
}

func (g growing) Get(ctx context.Context, name string) ([]byte, ledger.Generation, error) {
	g.grow()

	return g.Mirror.Get(ctx, name)
}

func TestALedgerThatGrowsMeanwhileIsNotDamage(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.grow(t, 2)

	found, err := h.verifier(growing{h.mirror, func() { h.grow(t, 1) }}).Verify(t.Context(), start())
	if err != nil || !found.Clean() || found.Size != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

// The first entries may be sealed between the two looks.
func TestALedgerThatBeginsMeanwhile(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	once := sync.OnceFunc(func() { h.grow(t, 1) })

	found, err := h.verifier(growing{h.mirror, once}).Verify(t.Context(), start())
	if err != nil || !found.Clean() {
		t.Errorf("%+v, %v", found, err)
	}
}

// A database that ends before its mirror was rewound, however busy the sequencer.
func TestARewoundDatabaseIsFound(t *testing.T) {
	t.Parallel()

	h, other := newHouse(t), newHouse(t)
	h.grow(t, 2)
	h.grow(t, 2)

	// The other house's database never saw what this mirror holds.
	verifier := h.verifier(h.mirror)
	verifier.Steward = other.db

	found, err := verifier.Verify(t.Context(), start())
	if err != nil || found.Clean() {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAMirrorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.grow(t, 1)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if found, err := h.verifier(h.mirror).Verify(ctx, start()); err == nil || !found.At.IsZero() {
		t.Errorf("%+v, %v", found, err)
	}

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	slow := h.verifier(h.mirror)
	slow.Patience, slow.Mirror = 1, broken{h.mirror}

	if _, err := slow.Verify(ctx, start()); !failure.Is(err, failure.TimedOut) {
		t.Error(err)
	}

	slow.Patience = 1e-9
	if _, err := slow.Verify(t.Context(), start()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}

type broken struct{ ledger.Mirror }

func (broken) Get(context.Context, string) ([]byte, ledger.Generation, error) {
	return nil, 0, failure.New(failure.Unavailable, "reading a test's mirror")
}

func TestWhenAVerificationIsDue(t *testing.T) {
	t.Parallel()

	const every = 25 * time.Hour

	for name, test := range map[string]struct {
		at  time.Time
		due bool
	}{
		"never":                   {time.Time{}, true},
		"just now":                {start(), false},
		"a moment before a tenth": {start().Add(-every/10 + time.Nanosecond), false},
		"a tenth ago":             {start().Add(-every / 10), true},
		"by a clock set back":     {start().Add(time.Second), true},
	} {
		if got := (evidence.Verification{At: test.at}).Due(every, start()); got != test.due {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTextOfAVerification(t *testing.T) {
	t.Parallel()

	for want, v := range map[string]evidence.Verification{
		"":                             {At: start()},
		"mirror.changed":               {At: start(), Finding: "mirror.changed", Findings: 1},
		"database.missing, and 6 more": {At: start(), Finding: "database.missing", Findings: 7},
	} {
		if got := v.Text(); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
}

// cut is a mirror to which the sequencer's second write never comes.
type cut struct{ ledger.Mirror }

func (c cut) Put(ctx context.Context, name string, data []byte, generation ledger.Generation) (ledger.Generation, error) {
	if _, _, segment := ledger.ParseSegmentName(name); segment {
		return 0, failure.New(failure.Unavailable, "writing to a test's mirror")
	}

	return c.Mirror.Put(ctx, name, data, generation)
}

// A seal that was cut short is no damage, unless nobody mends it in time.
func TestAMirrorThatIsBehind(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	signer, key := ledgertest.Keys(t)
	h.key = key
	h.sealer = seal.New(h.db, cut{h.mirror}, signer, key, &ticking{now: start()}, seal.Config{})

	if _, err := ledger.Append(t.Context(), h.db, ledger.Observed, start(), ledger.ObservedBody{What: "w", Object: "o", Code: "c"}); err != nil {
		t.Fatal(err)
	}

	if _, err := h.sealer.Seal(t.Context()); err == nil {
		t.Fatal("the seal was not cut short")
	}

	for after, clean := range map[time.Duration]bool{time.Minute: true, time.Hour: false} {
		found, err := h.verifier(h.mirror).Verify(t.Context(), start().Add(after))
		if err != nil || found.Clean() != clean {
			t.Errorf("after %s: %+v, %v", after, found, err)
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

// Wherever the world goes away, nothing was verified.
func TestVerifyNeverGuesses(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.grow(t, 3)
	// An orphan of a killed seal is no damage, and one more object to read.
	h.mirror.Tamper(ledger.StagingName(3, 4, [32]byte{}), []byte("half a batch"))

	for n := 1; ; n++ {
		gate := &down{left: n}

		found, err := h.verifier(h.mirror).Verify(faults.With(t.Context(), gate), start())
		if gate.left > 0 {
			if err != nil || !found.Clean() || n < 10 {
				t.Errorf("after %d calls: %+v, %v", n-1, found, err)
			}

			return
		}

		if err == nil || found.Clean() {
			t.Errorf("call %d: %+v", n, found)
		}
	}
}

func TestAPointerWithoutMeaning(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.grow(t, 1)
	h.mirror.Tamper(ledger.LatestName, []byte("nonsense"))

	if found, err := h.verifier(h.mirror).Verify(t.Context(), start()); err != nil || found.Finding != "mirror.checkpoint_bad" {
		t.Errorf("%+v, %v", found, err)
	}
}
