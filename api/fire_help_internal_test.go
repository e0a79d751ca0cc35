package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/apikey"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
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

// ownCluster gives a cluster of the test's own with a steward database in it.
func ownCluster(t *testing.T) (cluster *pgtest.Cluster, at string) {
	t.Helper()

	cluster, err := pgtest.Start(context.WithoutCancel(t.Context()), "postgres")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})

	at = cluster.URL("postgres")
	if _, err := schema.Migrate(t.Context(), at); err != nil {
		t.Fatal(err)
	}

	return cluster, at
}

// freeAddress is one on loopback that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}

	return listener.Addr().String()
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

// shortKey makes a key that holds for half a day, and gives it as it is shown.
func shortKey(t *testing.T, owner *postgres.DB, maker *credentialtest.Maker, at time.Time) (shown string) {
	t.Helper()

	who, _ := maker.Operator()
	lasts := 12 * time.Hour

	err := owner.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, token, err := apikey.Make(ctx, tx, who, apikey.New{Label: "short", Scopes: access.Scopes(), Lasts: &lasts}, at)
		shown = token.Reveal()

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return shown
}
