package outbox_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"steward/internal/mailevent"
	"steward/internal/outbox"
	"steward/internal/postgres"
)

// stand is how the outbox of a world stands now.
func (w *world) stand(t *testing.T) outbox.Standing {
	t.Helper()

	standing, err := outbox.StandingAt(t.Context(), w.db, w.clock.Now(), w.box.GiveUp)
	if err != nil {
		t.Fatal(err)
	}

	return standing
}

// failed are the counts, in the order of outbox.Failures.
func failed(standing outbox.Standing) (counts []int64) {
	for _, state := range outbox.Failures() {
		counts = append(counts, standing.Failed[state])
	}

	return counts
}

func TestHowTheOutboxStands(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	none := []int64{0, 0, 0, 0, 0}

	if got := w.stand(t); !got.OverdueSince.IsZero() || !got.WaitingSince.IsZero() || !slices.Equal(failed(got), none) || len(got.Failed) != 5 {
		t.Errorf("nothing yet: %+v", got)
	}

	queued := w.clock.Now()
	id := w.put(t, "x")

	// Nobody sends.
	w.clock.add(20 * time.Minute)

	if got := w.stand(t); !got.OverdueSince.Equal(queued) || !got.WaitingSince.Equal(queued) {
		t.Errorf("nobody sends: %+v", got)
	}

	// A server that says later: it is not overdue, and still waits.
	w.server.Script("rcpt", "450 greylisted")
	w.send(t)

	if got := w.stand(t); !got.OverdueSince.IsZero() || !got.WaitingSince.Equal(queued) {
		t.Errorf("deferred: %+v", got)
	}

	w.clock.add(time.Minute)
	w.send(t)

	if got := w.stand(t); !got.OverdueSince.IsZero() || !got.WaitingSince.IsZero() || !slices.Equal(failed(got), none) {
		t.Errorf("accepted: %+v", got)
	}

	// One is refused, one that was accepted comes back; after a day they are over.
	refused := w.put(t, "y")

	w.server.Script("rcpt", "550 nobody")
	w.send(t)

	err := w.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := outbox.Record(ctx, tx, mailevent.Event{
			Mail: id, Kind: mailevent.Bounced, Provider: "postmark", Reference: "1", At: w.clock.Now(),
		}, w.clock.Now())

		return err
	})
	if err != nil || w.state(t, refused) != outbox.Refused {
		t.Fatal(err)
	}

	if got := w.stand(t); !slices.Equal(failed(got), []int64{1, 0, 0, 1, 0}) {
		t.Errorf("failed: %+v", got)
	}

	w.clock.add(outbox.Recent - time.Second)

	if got := w.stand(t); !slices.Equal(failed(got), []int64{1, 0, 0, 1, 0}) {
		t.Errorf("within the day: %+v", got)
	}

	w.clock.add(time.Second)

	if got := w.stand(t); !slices.Equal(failed(got), none) {
		t.Errorf("a day later: %+v", got)
	}
}

// TestWhatIsGivenUpLateIsCounted: the mail was queued days before.
func TestWhatIsGivenUpLateIsCounted(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.put(t, "x")

	// Nobody sends for as long as a mail is tried; it is overdue until somebody settles it.
	w.clock.add(w.box.GiveUp + time.Hour)

	if got := w.stand(t); w.clock.Now().Sub(got.OverdueSince) != w.box.GiveUp+time.Hour {
		t.Errorf("%+v", got)
	}

	w.send(t)

	if got := w.stand(t); !got.OverdueSince.IsZero() || got.Failed[outbox.GivenUp] != 1 {
		t.Errorf("%+v", got)
	}
}

// TestManyMailsAtOnceAreNotOverdue: while a server takes some, those whose turn has not
// come are late because of their number; once none was taken for a while, mail stands still.
func TestManyMailsAtOnceAreNotOverdue(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	queued := w.clock.Now()
	w.put(t, "x")
	w.send(t)

	id := w.put(t, "y")
	w.clock.add(outbox.Late - time.Second)

	if got := w.stand(t); !got.OverdueSince.IsZero() || !got.WaitingSince.Equal(queued) {
		t.Errorf("one was taken: %+v", got)
	}

	w.clock.add(time.Second)

	if got := w.stand(t); !got.OverdueSince.Equal(queued) {
		t.Errorf("none was taken since: %+v", got)
	}

	// A server that takes none of them takes no mail.
	w.server.Script("rcpt", "450 greylisted")
	w.send(t)
	w.clock.add(time.Minute)

	if got := w.stand(t); got.OverdueSince.IsZero() {
		t.Errorf("one was tried: %+v", got)
	}

	w.send(t)

	if w.state(t, id) != outbox.Accepted {
		t.Fatal(w.state(t, id))
	}

	// It was queued as long before as a mail is tried.
	w.put(t, "z")
	w.clock.add(w.box.GiveUp - time.Minute)
	w.send(t)
	w.put(t, "last")
	w.clock.add(outbox.Late - time.Second)

	if got := w.stand(t); !got.OverdueSince.IsZero() {
		t.Errorf("an old one was taken: %+v", got)
	}
}
