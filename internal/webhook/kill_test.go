package webhook_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// The variables of a child: a process of its own that delivers and is killed by SIGKILL
// in place of its Nth outside call.
const (
	childURL    = "WEBHOOK_TEST_DATABASE"
	childMaster = "WEBHOOK_TEST_MASTER"
	childAt     = "WEBHOOK_TEST_AT"
	childKillAt = "WEBHOOK_TEST_KILL_AT"
)

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		os.Exit(child())
	}

	pgtest.Main(m)
}

// child delivers what is due, and tells by its exit code how that went.
func child() int {
	const failed = 3

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	db, err := postgres.Open(ctx, os.Getenv(childURL))
	if err != nil {
		return failed
	}

	master, err := casekey.ParseMaster([]byte(os.Getenv(childMaster)))
	if err != nil {
		return failed
	}

	at, err := time.Parse(time.RFC3339, os.Getenv(childAt))
	if err != nil {
		return failed
	}

	n, err := strconv.Atoi(os.Getenv(childKillAt))
	if err != nil {
		return failed
	}

	deliverer := webhook.Deliverer{
		Steward: db, Keeper: casekey.Keeper{Master: master}, Clock: clocks.Fixed(at),
		Transport: faults.Transport{Base: publicnet.Transport(dev())},
	}
	if _, err := deliverer.DeliverDue(faults.With(ctx, &faults.Counter{N: n, Mode: faults.Kill})); err != nil {
		return failed
	}

	return 0
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

	for killed := true; killed; points++ {
		n := points + 1
		id := w.emit(t, strconv.Itoa(n))
		killed = w.run(t, url, key, n)

		// Beyond the lease of a claim.
		w.clock.add(3 * time.Minute)

		if killed {
			w.run(t, url, key, 0)
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

// run lets a child deliver, and tells whether it was killed.
func (w *world) run(t *testing.T, url, master string, killAt int) (killed bool) {
	t.Helper()

	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childURL+"="+url, childMaster+"="+master,
		childAt+"="+w.clock.Now().Format(time.RFC3339), childKillAt+"="+strconv.Itoa(killAt))

	err := command.Run()
	if err == nil {
		return false
	}

	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}

	status, ok := ended.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("a child ended otherwise: %v", err)
	}

	return true
}
