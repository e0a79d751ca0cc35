package credential_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/faults"
)

// gate fails calls of a name while it is armed.
type gate struct {
	name  string
	mode  faults.Mode
	armed atomic.Bool
	// tried gets something for each call that failed, unless it is nil.
	tried chan struct{}
}

// Next implements faults.Injector.
func (g *gate) Next(_ context.Context, call faults.Call) faults.Mode {
	if g.armed.Load() && call.Name == g.name {
		if g.tried != nil {
			select {
			case g.tried <- struct{}{}:
			default:
			}
		}

		return g.mode
	}

	return faults.Pass
}

// run runs a Verifier whose calls pass the injector, until the test ends.
func run(t *testing.T, verifier *credential.Verifier, injector faults.Injector) {
	t.Helper()

	ctx, cancel := context.WithCancel(faults.With(t.Context(), injector))
	done := make(chan struct{})

	go func() {
		defer close(done)

		verifier.Run(ctx)
	}()

	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// proofs counts the questions that showed that notices still come, and lets nothing
// through once it is silent.
type proofs struct {
	asked  atomic.Int64
	silent atomic.Bool
}

// Next implements faults.Injector.
func (p *proofs) Next(_ context.Context, call faults.Call) faults.Mode {
	switch {
	case call.Name != "select":
		return faults.Pass
	case p.silent.Load():
		return faults.Hang
	}

	p.asked.Add(1)

	return faults.Pass
}

// With proof again and again, what is known counts for longer than any one lease.
func TestProofExtendsTheLease(t *testing.T) {
	t.Parallel()

	w := open(t)
	seen := &proofs{}

	// A minute is longer than the test: the lease ends only where the network is silent.
	credential.Hurry(w.verifier, time.Minute, time.Millisecond)
	run(t, w.verifier, seen)
	eventually(t, w.verifier.Listening)

	first, before := credential.Until(w.verifier), seen.asked.Load()

	eventually(t, func() bool { return seen.asked.Load() >= before+3 })

	if later := credential.Until(w.verifier); !later.After(first) {
		t.Errorf("the lease ends at %s still", later)
	}

	if !w.verifier.Listening() {
		t.Error("what was known counts no longer")
	}
}

// Whoever makes it forget may have changed nothing, such as a request that is repeated,
// and the notice of a change may have come before: no notice tells then that it is time
// to read all of them anew.
func TestWhatWasForgottenIsReadAnew(t *testing.T) {
	t.Parallel()

	w := open(t)

	// No beat comes within the test: only that it was made to forget wakes it.
	credential.Hurry(w.verifier, time.Hour, time.Hour)
	listening(t, w.verifier)

	for range 100 {
		w.verifier.Forget()
		eventually(t, w.verifier.Listening)
	}
}

// A network that fails silently brings no notice and no error. What is known counts
// no longer than the lease then.
func TestASilentNetworkEndsTheLease(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, token := w.made.Key(t, access.PromisesRead)
	seen := &proofs{}

	credential.Hurry(w.verifier, 300*time.Millisecond, 20*time.Millisecond)
	run(t, w.verifier, seen)
	eventually(t, w.verifier.Listening)

	seen.silent.Store(true)
	eventually(t, func() bool { return !w.verifier.Listening() })
	w.made.Revoke(t, key)

	if _, err := w.verifier.Verify(t.Context(), token); !failure.Is(err, failure.CredentialsRevoked) {
		t.Error(err)
	}

	seen.silent.Store(false)
	eventually(t, w.verifier.Listening)
}

// Whichever call fails, it comes to listen in the end, and until then lets in who may
// and nobody else.
func TestListeningMends(t *testing.T) {
	t.Parallel()

	w := open(t)
	_, token := w.made.Key(t, access.PromisesRead)

	for n := 1; n <= 3; n++ {
		verifier := w.another()
		counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}

		credential.Hurry(verifier, 300*time.Millisecond, 10*time.Millisecond)
		run(t, verifier, counter)

		eventually(t, func() bool {
			if _, err := verifier.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}

			return counter.Reached() && verifier.Listening()
		})
	}
}

// A Verifier that nobody gave an address or a log has neither.
func TestOptionsMayBeLeftOut(t *testing.T) {
	t.Parallel()

	w := open(t)
	verifier := credential.NewVerifier(credential.Options{DB: w.api, Clock: clocks.Fixed(now())})

	if _, err := verifier.Verify(t.Context(), "x"); !failure.Is(err, failure.CredentialsWrong) {
		t.Error(err)
	}
}

// Few ask the database at once; who waits for too long is not let in.
func TestFewAskAtOnce(t *testing.T) {
	t.Parallel()

	w := open(t)
	_, token := w.made.Key(t, access.PromisesRead)

	stuck := &gate{name: "select", mode: faults.Hang}
	stuck.armed.Store(true)

	ctx, cancel := context.WithCancel(faults.With(t.Context(), stuck))
	ended := make(chan error, 3)

	for range 3 {
		go func() {
			_, err := w.verifier.Verify(ctx, token)
			ended <- err
		}()
	}

	eventually(t, func() bool { return credential.Asking(w.verifier) == 3 })

	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()

	if _, err := w.verifier.Verify(short, token); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	cancel()

	for range 3 {
		if err := <-ended; !failure.Is(err, failure.Unavailable) {
			t.Error(err)
		}
	}

	if _, err := w.verifier.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// A database that hangs is waited for so long and no longer, and a few wait for it:
// the others are told to come again.
func TestADatabaseThatHangs(t *testing.T) {
	t.Parallel()

	w := open(t)
	_, token := w.made.Key(t, access.PromisesRead)

	stuck := &gate{name: "select", mode: faults.Hang}
	stuck.armed.Store(true)

	ctx := faults.With(t.Context(), stuck)

	credential.Impatient(w.verifier, time.Millisecond)

	if _, err := w.verifier.Verify(ctx, token); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	credential.Impatient(w.verifier, time.Hour)

	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, credential.LineLength)

	for range credential.LineLength {
		go func() {
			_, err := w.verifier.Verify(ctx, token)
			ended <- err
		}()
	}

	eventually(t, func() bool { return credential.InLine(w.verifier) == credential.LineLength })

	if _, err := w.verifier.Verify(ctx, token); !failure.Is(err, failure.TooBusy) {
		t.Error(err)
	}

	cancel()

	for range credential.LineLength {
		if err := <-ended; !failure.Is(err, failure.Unavailable) {
			t.Error(err)
		}
	}
}

// What is known is read again after a reading that hung.
func TestReadingAllMayHang(t *testing.T) {
	t.Parallel()

	w := open(t)
	stuck := &gate{name: "select", mode: faults.Hang, tried: make(chan struct{}, 1)}
	stuck.armed.Store(true)

	credential.Impatient(w.verifier, 50*time.Millisecond)
	run(t, w.verifier, stuck)
	<-stuck.tried // the first that hung
	<-stuck.tried // the second, so that the first has ended
	stuck.armed.Store(false)
	eventually(t, w.verifier.Listening)
}

func TestSpans(t *testing.T) {
	t.Parallel()

	span := func(long time.Duration) *time.Duration { return &long }

	for name, test := range map[string]struct {
		got  func() (time.Time, error)
		want time.Duration
	}{
		"the usual":        {func() (time.Time, error) { return credential.Tokens().Until(now(), nil) }, 90 * 24 * time.Hour},
		"the longest":      {func() (time.Time, error) { return credential.Keys().Until(now(), span(730*24*time.Hour)) }, 730 * 24 * time.Hour},
		"too long":         {func() (time.Time, error) { return credential.Keys().Until(now(), span(730*24*time.Hour+1)) }, 0},
		"nothing":          {func() (time.Time, error) { return credential.Keys().Until(now(), span(0)) }, 0},
		"the shortest":     {func() (time.Time, error) { return credential.Keys().Until(now(), span(time.Minute)) }, time.Minute},
		"a mistaken unit":  {func() (time.Time, error) { return credential.Overlap().UntilOverlap(now(), span(24)) }, 0},
		"the usual beside": {func() (time.Time, error) { return credential.Overlap().UntilOverlap(now(), nil) }, 24 * time.Hour},
	} {
		until, err := test.got()
		if test.want == 0 && !failure.Is(err, failure.CredentialRefused) || test.want != 0 && (err != nil || !until.Equal(now().Add(test.want))) {
			t.Errorf("%s: %s, %v", name, until, err)
		}
	}

	if until, err := credential.Overlap().UntilOverlap(now(), span(0)); err != nil || !until.Equal(now()) {
		t.Errorf("%s, %v", until, err)
	}
}
