package erasure_test

import (
	"context"
	"testing"
	"time"

	"steward/internal/certificate"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/hold"
	"steward/internal/postgres"
)

// behind is the clock of a machine that is behind the others.
type behind struct {
	of *clock
	by time.Duration
}

func (c behind) Now() time.Time { return c.of.now.Add(-c.by) }

// verified asserts that the certificate is there and holds.
func (b *bench) verified(t *testing.T, id string, kind certificate.Kind) {
	t.Helper()

	signed, err := certificate.Find(t.Context(), b.root, id, kind)
	must(t, err)

	key := b.judge.Certifier.Ledger
	if _, err := certificate.Verify(signed, key, key); err != nil {
		t.Errorf("the %s certificate: %v", kind, err)
	}
}

// answered takes a fresh case to the moment before its first certificate.
func (b *bench) answered(t *testing.T) string {
	t.Helper()

	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Answered)

	return id
}

// The sealer goes on while a certificate is made: it is not issued before the checkpoint that it is proven by.
func TestACertificateIsNotBeforeItsCheckpoint(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.answered(t)
	began := b.clock.now
	b.clock.now = began.Add(2 * time.Minute)

	must(t, b.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := hold.Set(ctx, tx, b.lead, hold.Wanted{
			Kind: "account", Account: subject, Basis: "docket 8", Until: b.clock.now.Add(time.Hour),
		}, b.clock.now)

		return err
	}))
	b.seal(t)

	b.judge.Clock = clocks.Fixed(began)
	if seen, err := b.judge.Answer(t.Context(), id); err != nil || seen.Stage != erasure.Waiting {
		t.Fatalf("%+v, %v", seen, err)
	}

	b.verified(t, id, certificate.First)
}

// The roles run on machines whose clocks differ: that stops no certificate.
func TestClocksApart(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.answered(t)

	b.judge.Clock = behind{b.clock, 20 * time.Millisecond}
	if seen, err := b.judge.Answer(t.Context(), id); err != nil || seen.Stage != erasure.Waiting {
		t.Fatalf("%+v, %v", seen, err)
	}

	b.verified(t, id, certificate.First)
}
