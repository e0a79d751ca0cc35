package webhook_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/faults"
	"steward/internal/killtest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

func TestMain(m *testing.M) {
	if killtest.Is() {
		os.Exit(killtest.Work(deliver))
	}

	pgtest.Main(m)
}

// deliver is the work of a child: it delivers what is due.
func deliver(ctx context.Context, child killtest.Child) error {
	deliverer := webhook.Deliverer{
		Steward: child.DB, Keeper: child.Keeper, Clock: clocks.Fixed(child.At),
		Transport: faults.Transport{Base: publicnet.Transport(dev())},
	}
	_, err := deliverer.DeliverDue(ctx)

	return err
}

// TestKilledAnywhere kills the process that delivers in place of its first outside call,
// then of its second, and so on until it ends by itself. Another process goes on once
// the claim is over: the event is delivered, and there is at most one copy more, with
// the same webhook-id, and only where the kill came between the answer and our commit.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()

	key := casekey.GenerateMaster()

	master, err := casekey.ParseMaster([]byte(key))
	if err != nil {
		t.Fatal(err)
	}

	w, receiver, url := newWorld(t), newApp(t), pgtest.Steward(t)

	w.db, err = postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(w.db.Close)

	w.keeper = casekey.Keeper{Master: master}
	w.endpoint(t, receiver.URL)

	points, twice := 0, 0
	place := func() killtest.Place { return killtest.Place{URL: url, Master: key, At: w.clock.Now()} }

	for killed := true; killed; points++ {
		n := points + 1
		id := w.emit(t, strconv.Itoa(n))
		killed = killtest.Run(t, place(), n)

		// Beyond the lease of a claim.
		w.clock.add(3 * time.Minute)

		if killed {
			killtest.Run(t, place(), 0)
		}

		copies := 0

		for _, each := range receiver.got() {
			if each.id == id {
				copies++
			}
		}

		if state, _, _ := w.state(t, id); state != "delivered" || copies < 1 || copies > 2 {
			t.Errorf("killed in place of call %d: %s, %d copies", n, state, copies)
		}

		twice += copies - 1
	}

	t.Logf("points=%d twice=%d", points-1, twice)

	if points < 8 || twice < 1 {
		t.Errorf("%d points, %d second copies", points-1, twice)
	}
}
