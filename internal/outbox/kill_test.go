package outbox_test

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/faults"
	"steward/internal/mail"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// The variables of a child: a process of its own that sends and is killed by SIGKILL in
// place of its Nth outside call.
const (
	childURL    = "OUTBOX_TEST_DATABASE"
	childMaster = "OUTBOX_TEST_MASTER"
	childServer = "OUTBOX_TEST_SERVER"
	childAt     = "OUTBOX_TEST_AT"
	childKillAt = "OUTBOX_TEST_KILL_AT"
)

// child sends what is due, and tells by its exit code how that went.
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

	server, err := mail.ParseServer(os.Getenv(childServer))
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

	sender := outbox.Sender{
		Steward: db, Keeper: casekey.Keeper{Master: master}, Server: server, Clock: clocks.Fixed(at),
		From: netmail.Address{Address: "privacy@popkit.example"},
	}
	if _, err := sender.SendDue(faults.With(ctx, &faults.Counter{N: n, Mode: faults.Kill})); err != nil {
		return failed
	}

	return 0
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
		killed := w.run(t, url, key, n)

		w.clock.add(outbox.Lease + time.Second)

		if killed {
			w.run(t, url, key, 0)
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

// run lets a child send, and tells whether it was killed.
func (w *world) run(t *testing.T, url, master string, killAt int) (killed bool) {
	t.Helper()

	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childURL+"="+url, childMaster+"="+master, childServer+"="+w.server.URL(),
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
