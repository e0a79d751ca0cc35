package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// erasingSince is how far behind the machine's the dev clock of a world that erases begins. A case waits by Temporal's
// clock, which is the machine's: what is over by the dev clock is over by that one too, whatever the test moves.
const erasingSince = 2000 * 24 * time.Hour

// Callers are who calls the API of a world that erases, by their tokens.
type Callers struct{ App, Support, Lead, Operator string }

// prepareErasing sets the world's clock and writes its data map.
func (w *World) prepareErasing(t testing.TB) {
	t.Helper()
	if err := errors.Join(clocks.Write(w.Clock, -erasingSince), w.writeDataMap()); err != nil {
		t.Fatal(err)
	}
}

// makeCallers makes a key of the app and tokens of staff. They hold for as long as a soak moves the clock.
func (w *World) makeCallers(t testing.TB) {
	t.Helper()
	steward, err := postgres.Open(t.Context(), w.StewardURL)
	if err != nil {
		t.Fatal(err)
	}
	defer steward.Close()
	maker := credentialtest.New(t, steward, w.Now())
	_, w.Callers.App = maker.Key(t, access.Scopes()...)
	_, w.Callers.Support = maker.Staff(t, access.Support)
	_, w.Callers.Lead = maker.Staff(t, access.Lead)
	_, w.Callers.Operator = maker.Operator()
	const longer = `set session_replication_role = replica; update staff_tokens set expires_at = now(), ends_at = '2100-01-01';
		update api_keys set expires_at = now(), ends_at = '2100-01-01';
		notify steward_credentials` // the trigger that would tell the API is silent for replicas
	if err := Exec(t.Context(), w.StewardURL, longer); err != nil {
		t.Fatal(err)
	}
	// The API hears of new tokens within milliseconds; until then it knows that there are none.
	known, cancel := context.WithTimeout(t.Context(), askTimeout)
	defer cancel()
	if err := Until(known, func() error { return w.Ask(known, w.Callers.Operator, http.MethodGet, "/v1/promises", nil, nil) }); err != nil {
		t.Fatal(err)
	}
}

// makeNeighbour makes the account that stays: without its neighbour's rows a table of an erased account would be empty.
func (w *World) makeNeighbour(t testing.TB) {
	t.Helper()
	if _, err := w.AddAccount(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// of names an account to the API.
func of(account string) map[string]any { return map[string]any{"account": account} }

// errAnswer is the failure of Ask where the API does not answer as wanted.
var errAnswer = errors.New("the API answered")

// askTimeout bounds one request.
const askTimeout = 30 * time.Second

// Ask sends one request and reads the answer into a value, which may be nil. An answer that is no success is an error.
func (w *World) Ask(ctx context.Context, token, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, w.API+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Idempotency-Key", newID("ask"))
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{Timeout: askTimeout}).Do(request)
	if err != nil {
		return fmt.Errorf("asking the API: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %w %d: %s", method, path, errAnswer, response.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	return nil
}

// OpenErasure asks for the erasure of an account as support, and gives the id of its case.
func (w *World) OpenErasure(ctx context.Context, account string) (id string, err error) {
	var made struct{ ID string }
	err = w.Ask(ctx, w.Callers.Support, http.MethodPost, "/v1/erasures", of(account), &made)
	return made.ID, err
}

// Approve agrees to the newest plan of a case by its hash, as a lead.
func (w *World) Approve(ctx context.Context, id string) error {
	var found struct {
		Plan struct {
			SHA256 string `json:"sha256"`
		}
	}
	if err := w.Ask(ctx, w.Callers.Lead, http.MethodGet, "/v1/erasures/"+id, nil, &found); err != nil {
		return err
	}
	return w.Ask(ctx, w.Callers.Lead, http.MethodPost, "/v1/erasures/"+id+"/approval", map[string]any{"plan_sha256": found.Plan.SHA256}, nil)
}

// Stage reads where a case stands.
func (w *World) Stage(ctx context.Context, id string) (string, error) {
	found, err := Rows(ctx, w.StewardURL, `select stage from erasures where id = $1`, id)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for the erasure %s: %d rows, %w", id, len(found), err)
	}
	return found[0], nil
}

// errBlocked is the failure of Await where a person would have to mend something.
var errBlocked = errors.New("it is blocked by")

// blockedBy says why a case is blocked, and in which stage.
func (w *World) blockedBy(ctx context.Context, id string) string {
	found, err := Rows(ctx, w.StewardURL, `select code || ' in ' || stopped_in || coalesce((select string_agg(': ' || rows || ' rows of '
		|| place || ', ' || why, '') from erasure_remainders where erasure = id), '') from erasures where id = $1`, id)
	if err != nil {
		return err.Error()
	}
	return strings.Join(found, "")
}

// Await returns when a case is at one of these stages, and says at which. A case that is blocked beside them stays so:
// that is an error.
func (w *World) Await(ctx context.Context, id string, stages ...string) (stage string, err error) {
	for {
		// A server that is down at this moment comes up again.
		stage, err = w.Stage(ctx, id)
		if err == nil && slices.Contains(stages, stage) {
			return stage, nil
		}
		if stage == caseBlocked {
			return stage, fmt.Errorf("the erasure %s, which should be %s: %w %s", id, stages, errBlocked, w.blockedBy(ctx, id))
		}
		select {
		case <-ctx.Done():
			return stage, fmt.Errorf("the erasure %s is %s, not %s: %w", id, stage, stages, errors.Join(err, ctx.Err()))
		case <-time.After(settlePause):
		}
	}
}

// PastGoneBy moves the clock beyond the day by which what was erased is gone everywhere, and has the case looked at:
// the timer that would do it goes by Temporal's clock.
func (w *World) PastGoneBy(ctx context.Context, id string) error {
	left, err := Rows(ctx, w.StewardURL, `select extract(epoch from gone_by - $2::text::timestamptz)::bigint::text from erasures
		where id = $1 and gone_by is not null`, id, w.Now().UTC().Format(time.RFC3339Nano))
	if err != nil || len(left) != 1 {
		return fmt.Errorf("nobody can say when %s is gone everywhere: %w", id, err)
	}
	wait, err := time.ParseDuration(left[0] + "s")
	if err != nil {
		return fmt.Errorf("reading how long it takes: %w", err)
	}
	if err := w.Move(max(0, wait) + time.Minute); err != nil {
		return err
	}
	return w.Nudge(ctx, id)
}

// Nudge has a case looked at, as its timer would.
func (w *World) Nudge(ctx context.Context, id string) error {
	_, err := Rows(ctx, w.StewardURL, `update erasures set news = true where id = $1 and ended_at is null returning id`, id)
	return err
}

// Erase takes an account through a whole erasure: support asks, a lead approves, and time passes.
func (w *World) Erase(ctx context.Context, account string) (id string, err error) {
	if id, err = w.OpenErasure(ctx, account); err != nil {
		return id, err
	}
	return id, w.Carry(ctx, id)
}

// Carry takes an opened case to its end.
func (w *World) Carry(ctx context.Context, id string) error {
	if _, err := w.Await(ctx, id, "awaiting_approval"); err != nil {
		return err
	}
	if err := w.Approve(ctx, id); err != nil {
		return err
	}
	if _, err := w.Await(ctx, id, "waiting"); err != nil {
		return err
	}
	if err := w.PastGoneBy(ctx, id); err != nil {
		return err
	}
	_, err := w.Await(ctx, id, "done")
	return err
}

// ErasureRun gives the id of the workflow of a case.
func (w *World) ErasureRun(ctx context.Context, id string) (workflow string, err error) {
	found, err := Rows(ctx, w.StewardURL, `select cause from erasures where id = $1`, id)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for the erasure %s: %d rows, %w", id, len(found), err)
	}
	return ids.Erasure(found[0]), nil
}
