package main

import (
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
)

// kill ends the process with SIGKILL, and returns when it is gone.
func (c *child) kill(t *testing.T) {
	t.Helper()

	if err := c.command.Process.Kill(); err != nil {
		t.Error(err)
	}

	<-c.rest

	_ = c.command.Wait() // it was killed
}

// TestAcknowledgedWritesOutliveKills kills the API as a whole under load, again and
// again. Whatever it acknowledged is there for the next process, and whoever asks once
// more, with an answer or without one, is answered as the first time.
func TestAcknowledgedWritesOutliveKills(t *testing.T) {
	t.Parallel()

	runs := 5
	if os.Getenv("STEWARD_SOAK") != "" {
		runs = 200
	}

	at := pgtest.Steward(t)

	owner := asOwner(t, at)

	_, token := credentialtest.New(t, owner, clocks.System().Now()).Key(t, access.Scopes()...)
	database, seen, repeated := pgtest.Member(t, at, "steward_api"), newAcknowledged(token), 0

	for run := range runs {
		api := startChild(t, database)
		repeated += seen.again(t, api.address)

		ended, enough := seen.lost.Load(), seen.soFar()+20+rand.IntN(300)

		var once sync.Once

		seen.fire(t.Context(), api.address, run+1, func(answer told) {
			if answer.status >= http.StatusBadRequest {
				t.Errorf("under load: %d %s", answer.status, answer.body)
			}

			if seen.soFar() >= enough {
				once.Do(func() {
					if lost := seen.lost.Load() - ended; lost > 0 {
						t.Errorf("%d callers got no answer before the kill", lost)
					}

					api.kill(t)
				})
			}
		})
	}

	api := startChild(t, database)
	repeated += seen.again(t, api.address)
	seen.check(t, owner)
	t.Logf("kills=%d acknowledged=%d repeated=%d", runs, seen.soFar(), repeated)

	if seen.soFar() < 20*runs || len(seen.signs) != firing/2 {
		t.Error("the kills came before anything was acknowledged")
	}
}
