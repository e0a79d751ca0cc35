package account_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// callerDigits are those of an id after the number of its run.
const callerDigits = 12

const childVariable = "STEWARD_ACCOUNT_KILL_URL"

// TestAcknowledgedSignsOutliveKills kills a process that takes signs of life, at a
// random moment, again and again. Each sign that it acknowledged is there.
func TestAcknowledgedSignsOutliveKills(t *testing.T) {
	t.Parallel()

	if at := os.Getenv(childVariable); at != "" {
		take(t, at)

		return
	}

	runs := 5
	if os.Getenv("STEWARD_SOAK") != "" {
		runs = 200
	}

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	acknowledged := map[string]bool{}

	for run := range runs {
		for _, id := range killed(t, at, run) {
			acknowledged[id] = true
		}
	}

	for id := range acknowledged {
		if got := get(t, db, id); got.LastInteractionAt.IsZero() {
			t.Errorf("%s was acknowledged and has no sign", id)
		}
	}

	t.Logf("runs=%d acknowledged=%d", runs, len(acknowledged))

	if len(acknowledged) < 10*runs {
		t.Error("the kills came before anything was acknowledged")
	}
}

// killed runs one child, kills it a random number of acknowledgements later, and
// gives all that it acknowledged.
func killed(t *testing.T, at string, run int) []string {
	t.Helper()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAcknowledgedSignsOutliveKills$", "-test.v")
	child.Env = append(os.Environ(), childVariable+"="+at, "STEWARD_ACCOUNT_KILL_RUN="+strconv.Itoa(run+1))

	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())

	var seen []string

	last := 20 + rand.IntN(2000)

	for lines := bufio.NewScanner(out); lines.Scan(); {
		// The last line may be half a line.
		if id, told := strings.CutPrefix(lines.Text(), "acknowledged "); told && len(id) == len(strconv.Itoa(run+1))+callerDigits {
			seen = append(seen, id)
		}

		if len(seen) == last {
			cancel() // SIGKILL, while hundreds of callers wait; what is in the pipe is read on
		}
	}

	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}

	return seen
}

// take is the child: hundreds of callers that never end.
func take(t *testing.T, at string) {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	must(t, err)

	var (
		c        = account.NewCommitter(t.Context(), db, clocks.System(), 0)
		together sync.WaitGroup
		mu       sync.Mutex
	)

	for caller := range 200 {
		together.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s%03d%09d", os.Getenv("STEWARD_ACCOUNT_KILL_RUN"), caller, n)
				if _, err := c.Record(t.Context(), []account.Sign{{Account: id, At: time.Now()}}); err != nil {
					return
				}

				mu.Lock()
				fmt.Println("acknowledged", id)
				mu.Unlock()
			}
		})
	}

	together.Wait()
}
