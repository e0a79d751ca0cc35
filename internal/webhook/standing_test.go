package webhook_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"steward/internal/webhook"
)

// stand is how the deliveries of a world stand now.
func (w *world) stand(t *testing.T) webhook.Standing {
	t.Helper()

	standing, err := webhook.StandingAt(t.Context(), w.db, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	return standing
}

func TestHowDeliveriesStand(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	w.endpoint(t, receiver.URL)

	if got := w.stand(t); got != (webhook.Standing{}) {
		t.Errorf("nothing yet: %+v", got)
	}

	queued := w.clock.Now()
	w.emit(t, "x")
	w.clock.add(20 * time.Minute)

	if got := w.stand(t); got != (webhook.Standing{OverdueSince: queued, WaitingSince: queued}) {
		t.Errorf("nobody delivers: %+v", got)
	}

	// An endpoint that fails: its delivery is not overdue, and still waits.
	receiver.answer = func(int) int { return http.StatusInternalServerError }

	w.deliver(t)

	if got := w.stand(t); got != (webhook.Standing{WaitingSince: queued}) {
		t.Errorf("deferred: %+v", got)
	}

	for range 12 {
		w.clock.add(27 * time.Hour)
		w.deliver(t)
	}

	// Ten tries took days; the last of them was within the day before this instant only.
	if got := w.stand(t); !got.WaitingSince.IsZero() || !got.OverdueSince.IsZero() || got.GivenUp != 0 {
		t.Errorf("given up for long: %+v", got)
	}
}

// TestWhatIsGivenUpIsCounted: after all of its tries, each at its time.
func TestWhatIsGivenUpIsCounted(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(int) int { return http.StatusInternalServerError }

	w.endpoint(t, receiver.URL)
	event := w.emit(t, "x")

	for state := "waiting"; state == "waiting"; state, _, _ = w.state(t, event) {
		w.deliver(t)
		w.clock.add(10 * time.Minute)
	}

	if got := w.stand(t); got != (webhook.Standing{GivenUp: 1}) {
		t.Errorf("given up: %+v", got)
	}

	w.clock.add(webhook.Recent)

	if got := w.stand(t); got != (webhook.Standing{}) {
		t.Errorf("a day later: %+v", got)
	}
}

// TestADisabledEndpointIsCountedOnce: what waits for it waits for a person, and is no
// delivery that nobody makes.
func TestADisabledEndpointIsCountedOnce(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(int) int { return http.StatusGone }

	w.endpoint(t, receiver.URL)
	w.emit(t, "x")
	w.emit(t, "y")

	for range 60 {
		w.deliver(t)
		w.clock.add(10 * time.Minute)
	}

	w.clock.add(time.Hour)

	got := w.stand(t)
	if got.Disabled != 1 || !got.OverdueSince.IsZero() || !got.WaitingSince.IsZero() {
		t.Errorf("%+v", got)
	}
}

// TestAnEndpointThatIsDownIsNotNobody: more waits for it than it is called for in Late,
// and it is called all the same. Another one to which nobody delivers is overdue.
func TestAnEndpointThatIsDownIsNotNobody(t *testing.T) {
	t.Parallel()

	w, receiver := newWorld(t), newApp(t)
	receiver.answer = func(int) int { return http.StatusInternalServerError }

	w.endpoint(t, receiver.URL)

	queued := w.clock.Now()

	for n := range 30 {
		w.emit(t, strconv.Itoa(n))
	}

	for range 20 {
		w.deliver(t)
		w.clock.add(time.Minute)
	}

	if got := w.stand(t); got != (webhook.Standing{WaitingSince: queued}) {
		t.Errorf("an endpoint is down: %+v", got)
	}

	// It is not called any more.
	w.clock.add(webhook.Late)

	if got := w.stand(t); !got.OverdueSince.Equal(queued) {
		t.Errorf("nobody delivers: %+v", got)
	}

	// One that is called says nothing about one that is not.
	w.deliver(t)
	w.endpoint(t, newApp(t).URL)

	second := w.clock.Now()
	w.emit(t, "second")

	if _, err := w.db.Exec(t.Context(), "update webhook_deliveries set tried_at = $1 where tries > 0", second.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}

	w.clock.add(time.Hour)

	if got := w.stand(t); !got.OverdueSince.Equal(second) {
		t.Errorf("nobody delivers to the second: %+v", got)
	}
}
