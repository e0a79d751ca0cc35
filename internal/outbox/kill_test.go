package outbox_test

import (
	"context"
	"fmt"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/killtest"
	"steward/internal/mail"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// send is the work of a child: it sends what is due.
func send(ctx context.Context, child killtest.Child) error {
	server, err := mail.ParseServer(child.Server)
	if err != nil {
		return err
	}

	sender := outbox.Sender{
		Steward: child.DB, Keeper: child.Keeper, Server: server, Clock: clocks.Fixed(child.At),
		From: netmail.Address{Address: "privacy@popkit.example"},
	}
	_, err = sender.SendDue(ctx)

	return err
}

// TestKilledAnywhere kills the process that sends in place of its first outside call,
// then of its second, and so on until it ends by itself. Another process goes on once
// the claim is over: the mail is accepted, and there is at most one copy more, with the
// same Message-ID, and only where the kill came between acceptance and commit.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()

	key := casekey.GenerateMaster()

	master, err := casekey.ParseMaster([]byte(key))
	if err != nil {
		t.Fatal(err)
	}

	w, url := newWorld(t), pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	w.db, w.box.Keeper = db, casekey.Keeper{Master: master}

	var twice []int

	n := 1

	for ; ; n++ {
		id := w.put(t, fmt.Sprintf("kill/%d", n))
		killed := killtest.Run(t, w.place(url, key), n)

		w.clock.add(outbox.Lease + time.Second)

		if killed {
			killtest.Run(t, w.place(url, key), 0)
		}

		copies := 0

		for _, each := range w.server.Received() {
			if strings.HasPrefix(each.MessageID, id+"@") {
				copies++
			}
		}

		if state := w.state(t, id); state != outbox.Accepted || copies < 1 || copies > 2 {
			t.Errorf("killed in place of call %d: %s, %d copies", n, state, copies)
		}

		if copies == 2 {
			twice = append(twice, n)
		}

		if !killed {
			break
		}
	}

	t.Logf("points=%d twice=%v", n-1, twice)

	if n-1 < 12 || len(twice) != 1 {
		t.Errorf("%d points, second copies at %v", n-1, twice)
	}
}

// place is where a child sends.
func (w *world) place(url, master string) killtest.Place {
	return killtest.Place{URL: url, Master: master, Server: w.server.URL(), At: w.clock.Now()}
}
