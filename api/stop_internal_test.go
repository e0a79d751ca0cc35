package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	"steward/internal/postgres"
)

// child is an API in a process of its own.
type child struct {
	command *exec.Cmd
	address string
	metrics string // the address; empty where it has none
	// rest is closed when its log has ended.
	rest chan struct{}
}

// startChild starts the API at the database and waits until it says that it is ready.
func startChild(t *testing.T, database string, variables ...string) *child {
	t.Helper()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	rules, err := filepath.Abs("../internal/policy/testdata/working_minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}

	// Not tied to the test's context, which would kill it.
	command := exec.CommandContext(context.WithoutCancel(t.Context()), self)
	command.Env = append([]string{
		runVariable + "=1", "STEWARD_ENV=dev", "STEWARD_POLICY=" + rules, "STEWARD_DATABASE_URL=" + database,
		"STEWARD_API_LISTEN=127.0.0.1:0", "STEWARD_API_DRAIN=200ms", "STEWARD_API_ADDRESS_RATE=0", "STEWARD_API_CREDENTIAL_RATE=0",
	}, variables...)

	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := command.Start(); err != nil {
		t.Fatal(err)
	}

	made := &child{command: command, rest: make(chan struct{})}

	t.Cleanup(func() {
		_ = command.Process.Kill() // it has mostly ended
	})

	lines := bufio.NewScanner(log)
	for made.address == "" && lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line.Msg = "" // it is shown
		}

		switch line.Msg {
		case "api ready":
			made.address = line.Address
		case "metrics are served":
			made.metrics = line.Address
		default:
			t.Log(lines.Text())
		}
	}

	if made.address == "" {
		t.Fatal("it did not start")
	}

	go func() {
		defer close(made.rest)

		_, _ = io.Copy(io.Discard, log) // until it ends
	}()

	return made
}

// outcomes are what clients saw of their requests, by the key of the account.
type outcomes struct {
	mu       sync.Mutex
	answered map[string]int // the status
	lost     map[string]error
}

// TestTheEndLosesNoAcceptedRequest sends SIGTERM to an API under load: whatever was
// written was answered, whatever was answered is written, and it ends by itself.
func TestTheEndLosesNoAcceptedRequest(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	owner, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(owner.Close)

	_, token := credentialtest.New(t, owner, clocks.System().Now()).Key(t, access.AccountsWrite)
	api := startChild(t, pgtest.Member(t, at, "steward_api"))

	var (
		clients sync.WaitGroup
		created atomic.Int64
		seen    = outcomes{answered: map[string]int{}, lost: map[string]error{}}
		next    atomic.Int64
		ended   = make(chan struct{})
	)

	for range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()

			for {
				select {
				case <-ended:
					return
				default:
				}

				account := strconv.FormatInt(next.Add(1), 10)
				status, err := createAccount(t.Context(), client, api.address, token, account)

				seen.mu.Lock()
				if err != nil {
					seen.lost[account] = err
				} else {
					seen.answered[account] = status
				}
				seen.mu.Unlock()

				if err != nil {
					return // it takes no more
				}

				if created.Add(1) == 200 {
					if err := api.command.Process.Signal(syscall.SIGTERM); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}

	clients.Wait()
	close(ended)
	<-api.rest

	if err := api.command.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}

	checkNothingLost(t, owner, &seen)
	t.Logf("%d answered, %d refused after the end", len(seen.answered), len(seen.lost))
}

func createAccount(ctx context.Context, client *http.Client, address, token, account string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/accounts", strings.NewReader(`{"account":"`+account+`"}`))
	if err != nil {
		return 0, err
	}

	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "k-"+account)

	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()

	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}

	return response.StatusCode, nil
}

func checkNothingLost(t *testing.T, owner *postgres.DB, seen *outcomes) {
	t.Helper()

	written := map[string]bool{}

	rows, err := owner.Query(t.Context(), "select id from accounts")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()

	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}

		written[id] = true
	}

	for account, status := range seen.answered {
		if status != http.StatusCreated || !written[account] {
			t.Errorf("account %s: answered %d, written %v", account, status, written[account])
		}
	}

	for account, err := range seen.lost {
		if written[account] {
			t.Errorf("account %s is written, and its caller got no answer: %v", account, err)
		}
	}

	if len(seen.answered) < 200 || len(seen.lost) == 0 || rows.Err() != nil {
		t.Errorf("%d answered, %d refused: the end was not under load; %v", len(seen.answered), len(seen.lost), rows.Err())
	}
}
