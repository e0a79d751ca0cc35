package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// firing is how many callers there are at once, half of which register accounts.
const firing = 16

// told is an answer of the API.
type told struct {
	status   int
	body     string
	header   http.Header
	replayed bool
}

// acknowledged is what the callers of an API were told, and what they asked without
// being told anything.
type acknowledged struct {
	token string

	mu sync.Mutex
	// answers are the first ones to POST /v1/accounts, by account, which is the
	// Idempotency-Key too; empty where none came. Owned by mu.
	answers map[string]string
	// signs are the newest that were acknowledged, by account. Owned by mu.
	signs map[string]time.Time
	// count is how many requests were acknowledged. Owned by mu.
	count int
	// checked are the accounts that were asked for again since their answer came. Owned by mu.
	checked map[string]bool
}

func newAcknowledged(token string) *acknowledged {
	return &acknowledged{token: token, answers: map[string]string{}, signs: map[string]time.Time{}, checked: map[string]bool{}}
}

// ask sends one request; an error means that no answer came.
func (a *acknowledged) ask(ctx context.Context, client *http.Client, url, key, body string) (told, error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}

	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return told{}, fmt.Errorf("making a request: %w", err)
	}

	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")

	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}

	response, err := client.Do(request)
	if err != nil {
		return told{}, err //nolint:wrapcheck // looked at by the caller
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	if err != nil {
		return told{}, err //nolint:wrapcheck // as above
	}

	return told{
		status: response.StatusCode, body: string(text), header: response.Header,
		replayed: response.Header.Get("Idempotency-Replayed") == "true",
	}, nil
}

// register asks for an account, and notes the answer; ok is false where it is none of success.
func (a *acknowledged) register(ctx context.Context, client *http.Client, address, id string) (answer told, err error) {
	a.mu.Lock()
	a.answers[id] = ""
	a.mu.Unlock()

	answer, err = a.ask(ctx, client, "http://"+address+"/v1/accounts", "fire-"+id, `{"account":"`+id+`"}`)
	if err == nil && answer.status == http.StatusCreated {
		a.mu.Lock()
		a.answers[id] = answer.body
		a.count++
		a.mu.Unlock()
	}

	return answer, err
}

// sign says that somebody was in an account now, and notes that it was acknowledged.
func (a *acknowledged) sign(ctx context.Context, client *http.Client, address, id string) (answer told, err error) {
	at := time.Now().UTC().Truncate(time.Microsecond)

	answer, err = a.ask(ctx, client, "http://"+address+"/v1/interactions", "",
		`{"interactions":[{"account":"`+id+`","at":"`+at.Format(time.RFC3339Nano)+`"}]}`)
	if err == nil && answer.status == http.StatusOK {
		a.mu.Lock()
		a.signs[id] = at
		a.count++
		a.mu.Unlock()
	}

	return answer, err
}

func (a *acknowledged) soFar() int {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.count
}

// fire lets callers ask until ctx ends or no answer comes, each over a connection of its
// own. Each answer is judged by judge, which may wait before the caller asks again. It
// gives how many callers ended without an answer.
func (a *acknowledged) fire(ctx context.Context, address string, from int, judge func(told)) int {
	var (
		callers sync.WaitGroup
		lost    atomic.Int64
	)

	for caller := range firing {
		callers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()

			for n := 0; ctx.Err() == nil; n++ {
				var (
					answer told
					err    error
				)

				// A request that has begun gets its answer.
				if caller%2 == 0 {
					answer, err = a.register(context.WithoutCancel(ctx), client, address, fmt.Sprintf("%d%02d%06d", from, caller, n))
				} else {
					answer, err = a.sign(context.WithoutCancel(ctx), client, address, fmt.Sprintf("99%02d", caller))
				}

				if err != nil {
					lost.Add(1)

					return
				}

				judge(answer)
			}
		})
	}

	callers.Wait()

	return int(lost.Load())
}

// again sends every request for an account once more that was not since its answer: it
// has the first answer, and what had none before has one now.
func (a *acknowledged) again(t *testing.T, address string) (repeated int) {
	t.Helper()

	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()

	for id, first := range a.answers {
		if a.checked[id] {
			continue
		}

		answer, err := a.ask(t.Context(), client, "http://"+address+"/v1/accounts", "fire-"+id, `{"account":"`+id+`"}`)

		switch {
		case err != nil || answer.status != http.StatusCreated:
			t.Errorf("account %s, asked for again: %d %s, %v", id, answer.status, answer.body, err)
		case first != "" && (answer.body != first || !answer.replayed):
			t.Errorf("account %s was answered %s, and then %s (again: %v)", id, first, answer.body, answer.replayed)
		}

		a.answers[id], a.checked[id] = answer.body, first != ""
		repeated++
	}

	return repeated
}

// check compares what was acknowledged with what the database has.
func (a *acknowledged) check(t *testing.T, owner *postgres.DB) {
	t.Helper()

	for id := range a.answers {
		if _, err := account.Get(t.Context(), owner, id); err != nil {
			t.Errorf("account %s: %v", id, err)
		}
	}

	for id, at := range a.signs {
		found, err := account.Get(t.Context(), owner, id)
		if err != nil || found.LastInteractionAt.Before(at) {
			t.Errorf("account %s was alive at %s, and is known to have been at %s: %v", id, at, found.LastInteractionAt, err)
		}
	}
}

// kill ends the process with SIGKILL, and returns when it is gone.
func (c *child) kill(t *testing.T) {
	t.Helper()

	if err := c.command.Process.Kill(); err != nil {
		t.Error(err)
	}

	<-c.rest

	_ = c.command.Wait() //nolint:errcheck // it was killed
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

	owner, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(owner.Close)

	_, token := credentialtest.New(t, owner, clocks.System().Now()).Key(t, access.Scopes()...)
	database, seen, repeated := pgtest.Member(t, at, "steward_api"), newAcknowledged(token), 0

	for run := range runs {
		api := startChild(t, database)
		repeated += seen.again(t, api.address)

		enough := seen.soFar() + 20 + rand.IntN(300)

		var once sync.Once

		seen.fire(t.Context(), api.address, run+1, func(answer told) {
			if answer.status >= http.StatusBadRequest {
				t.Errorf("under load: %d %s", answer.status, answer.body)
			}

			if seen.soFar() >= enough {
				once.Do(func() { api.kill(t) })
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

// TestTheDatabaseIsGoneForAWhile takes the whole database away under load: every answer
// says when to come again, the process says what it lacks, nothing piles up in it, and
// when the database is back it goes on by itself with nothing lost that it acknowledged.
func TestTheDatabaseIsGoneForAWhile(t *testing.T) {
	t.Parallel()

	cluster, at := ownCluster(t)

	owner, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(owner.Close)

	_, token := credentialtest.New(t, owner, clocks.System().Now()).Key(t, access.Scopes()...)
	metrics := freeAddress(t)
	api, seen := startChild(t, pgtest.Member(t, at, "steward_api"), "STEWARD_LISTEN="+metrics), newAcknowledged(token)

	ctx, stop := context.WithCancel(t.Context())
	statuses := &tally{}

	var load sync.WaitGroup

	load.Go(func() {
		if lost := seen.fire(ctx, api.address, 1, statuses.judge(t)); lost > 0 {
			t.Errorf("%d callers got no answer", lost)
		}
	})
	statuses.until(t, "acknowledged requests", func() bool { return seen.soFar() > 100 })

	before := goroutines(t, metrics)

	statuses.gone.Store(true)

	if err := cluster.Crash(); err != nil {
		t.Fatal(err)
	}

	statuses.until(t, "refusals", func() bool { return statuses.refused.Load() > 100 })

	early := goroutines(t, metrics)

	isNotReady(t, seen, api.address)
	statuses.until(t, "more refusals", func() bool { return statuses.refused.Load() > 500 })

	late := goroutines(t, metrics)

	if err := cluster.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}

	healed := seen.soFar() + 100
	statuses.until(t, "acknowledged requests again", func() bool { return seen.soFar() > healed })
	stop()
	load.Wait()

	after := goroutines(t, metrics)
	t.Logf("acknowledged=%d refused=%d goroutines: %d before, %d and %d in between, %d after",
		seen.soFar(), statuses.refused.Load(), before, early, late, after)

	// Each caller has a connection, and the pool some; what came with each request would be hundreds.
	const slack = 40
	if late > early+slack || after > before+slack {
		t.Error("goroutines pile up")
	}

	if answer, err := seen.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/readyz", "", ""); err != nil || answer.status != http.StatusOK {
		t.Errorf("it is not ready: %+v, %v", answer, err)
	}

	seen.again(t, api.address)
	seen.check(t, owner)

	if err := api.command.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("it has ended: %v", err)
	}
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

// TestTheClockJumps sets the dev clock a day ahead and back under a running API.
func TestTheClockJumps(t *testing.T) {
	t.Parallel()

	const day = 24 * time.Hour

	at := pgtest.Steward(t)

	owner, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(owner.Close)

	now := clocks.System().Now()
	maker := credentialtest.New(t, owner, now)
	_, token := maker.Key(t, access.Scopes()...)
	short := newAcknowledged(shortKey(t, owner, maker, now))
	clock, seen := t.TempDir()+"/clock", newAcknowledged(token)
	api := startChild(t, pgtest.Member(t, at, "steward_api"), "STEWARD_DEV_CLOCK="+clock)

	for _, step := range []struct {
		name    string
		offset  time.Duration
		ahead   time.Duration // of the sign, from now
		want    int
		newest  time.Duration // the newest sign then, from now
		expired int           // what the key of half a day is answered
	}{
		{"now", 0, -time.Minute, http.StatusOK, -time.Minute, http.StatusOK},
		{"the future", 0, 2 * time.Hour, http.StatusUnprocessableEntity, -time.Minute, http.StatusOK},
		{"a day ahead", day, 2 * time.Hour, http.StatusOK, 2 * time.Hour, http.StatusUnauthorized},
		{"late", day, time.Hour, http.StatusOK, 2 * time.Hour, http.StatusUnauthorized},
		{"back, and older", 0, -time.Second, http.StatusOK, 2 * time.Hour, http.StatusOK},
		{"back, and in the future", 0, 3 * time.Hour, http.StatusUnprocessableEntity, 2 * time.Hour, http.StatusOK},
	} {
		if err := clocks.Write(clock, step.offset); err != nil {
			t.Fatal(err)
		}

		sign := `{"interactions":[{"account":"7","at":"` + now.Add(step.ahead).UTC().Format(time.RFC3339) + `"}]}`
		if answer, err := seen.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/v1/interactions", "", sign); err != nil || answer.status != step.want {
			t.Errorf("%s: %+v, %v", step.name, answer, err)
		}

		if found, err := account.Get(t.Context(), owner, "7"); err != nil || !found.LastInteractionAt.Equal(now.Add(step.newest).Truncate(time.Second)) {
			t.Errorf("%s: the newest is %s, %v", step.name, found.LastInteractionAt, err)
		}

		if answer, err := short.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/v1/promises", "", ""); err != nil || answer.status != step.expired {
			t.Errorf("%s: the short key is answered %+v, %v", step.name, answer, err)
		}

		id := strconv.Itoa(100 + int(step.offset/day))
		if answer, err := seen.register(t.Context(), http.DefaultClient, api.address, id); err != nil || answer.status != http.StatusCreated {
			t.Errorf("%s: %+v, %v", step.name, answer, err)
		}
	}

	seen.again(t, api.address)
}
