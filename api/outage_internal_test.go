package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
	"steward/internal/schema"
)

// tally counts what callers are answered while the database is there and while it is not.
type tally struct {
	gone    atomic.Bool  // from just before it goes on
	refused atomic.Int64 // with 503
}

// pause is how long a caller waits that was told to come again: less than it was told,
// so that there is load.
const pause = 10 * time.Millisecond

// judge looks at each answer: it is one of success, or, once the database is gone, it
// says when to come again.
func (c *tally) judge(t *testing.T) func(told) {
	t.Helper()

	return func(answer told) {
		if answer.status < http.StatusMultipleChoices {
			return
		}

		seconds, err := strconv.Atoi(answer.header.Get("Retry-After"))
		if !c.gone.Load() || answer.status != http.StatusServiceUnavailable || err != nil || seconds < 1 {
			t.Errorf("without a database: %d, come again in %q: %s", answer.status, answer.header.Get("Retry-After"), answer.body)
		}

		c.refused.Add(1)
		<-time.After(pause)
	}
}

// until waits until done, and fails t when that takes far longer than it may.
func (*tally) until(t *testing.T, what string, done func() bool) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	ticker := time.NewTicker(pause)
	defer ticker.Stop()

	for !done() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestTheDatabaseIsGoneForAWhile takes the whole database away under load: every answer
// says when to come again, the process says what it lacks, nothing piles up in it, and
// when the database is back it goes on by itself with nothing lost that it acknowledged.
func TestTheDatabaseIsGoneForAWhile(t *testing.T) {
	t.Parallel()

	cluster, at := ownCluster(t)
	owner := asOwner(t, at)
	_, token := credentialtest.New(t, owner, clocks.System().Now()).Key(t, access.Scopes()...)
	api, seen := startChild(t, pgtest.Member(t, at, "steward_api"), "STEWARD_LISTEN=127.0.0.1:0"), newAcknowledged(token)

	ctx, stop := context.WithCancel(t.Context())
	statuses := &tally{}

	var load sync.WaitGroup

	load.Go(func() {
		seen.fire(ctx, api.address, 1, statuses.judge(t))

		if lost := seen.lost.Load(); lost > 0 {
			t.Errorf("%d callers got no answer", lost)
		}
	})
	t.Cleanup(func() {
		stop()
		load.Wait()
	})
	statuses.until(t, "acknowledged requests", func() bool { return seen.soFar() > 100 })

	before := goroutines(t, api.metrics)

	statuses.gone.Store(true)

	if err := cluster.Crash(); err != nil {
		t.Fatal(err)
	}

	statuses.until(t, "refusals", func() bool { return statuses.refused.Load() > 100 })

	early := goroutines(t, api.metrics)

	isNotReady(t, seen, api.address)
	statuses.until(t, "more refusals", func() bool { return statuses.refused.Load() > 500 })

	late := goroutines(t, api.metrics)

	if err := cluster.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}

	healed := seen.soFar() + 100
	statuses.until(t, "acknowledged requests again", func() bool { return seen.soFar() > healed })
	stop()
	load.Wait()

	after := goroutines(t, api.metrics)
	t.Logf("acknowledged=%d refused=%d goroutines: %d before, %d and %d in between, %d after",
		seen.soFar(), statuses.refused.Load(), before, early, late, after)

	// Each caller has a connection, and the pool some; what came with each request would be hundreds.
	const slack = 40
	if late > early+slack || after > before+slack {
		t.Error("goroutines pile up")
	}

	// What it said without a database holds for a moment.
	statuses.until(t, "a process that is ready", func() bool {
		answer, err := seen.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/readyz", "", "")

		return err == nil && answer.status == http.StatusOK
	})
	seen.hasHealed(t, api)
	seen.check(t, owner)
}

// hasHealed fails unless it is the same process, and gives the answers of before.
func (a *acknowledged) hasHealed(t *testing.T, api *child) {
	t.Helper()

	if err := api.command.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("it has ended: %v", err)
	}

	a.again(t, api.address)
}

// isNotReady asks the process whether it lives and whether it can work.
func isNotReady(t *testing.T, seen *acknowledged, address string) {
	t.Helper()

	answer, err := seen.ask(t.Context(), http.DefaultClient, "http://"+address+"/healthz", "", "")
	if err != nil || answer.status != http.StatusOK {
		t.Errorf("it does not live: %+v, %v", answer, err)
	}

	var ready readyView

	answer, err = seen.ask(t.Context(), http.DefaultClient, "http://"+address+"/readyz", "", "")
	if err == nil {
		err = json.Unmarshal([]byte(answer.body), &ready)
	}

	if err != nil || answer.status != http.StatusServiceUnavailable || ready.Ready || len(ready.Checks) != 1 ||
		ready.Checks[0].Name != "steward database" || ready.Checks[0].Code == "" || ready.Checks[0].Reason == "" {
		t.Errorf("it does not say what it lacks: %+v, %v", answer, err)
	}
}

// ownCluster gives a cluster of the test's own with a steward database in it.
func ownCluster(t *testing.T) (cluster *pgtest.Cluster, at string) {
	t.Helper()

	cluster = pgtest.Own(t)

	at = cluster.URL("postgres")
	if _, err := schema.Migrate(t.Context(), at); err != nil {
		t.Fatal(err)
	}

	return cluster, at
}

// goroutines asks a process for the number of its goroutines.
func goroutines(t *testing.T, metrics string) int {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+metrics+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()

	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "go_goroutines "); found {
			count, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}

			return count
		}
	}

	t.Fatal("it does not say how many goroutines there are")

	return 0
}
