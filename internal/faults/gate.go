package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Gate is an Injector for processes under test: it asks the test harness, over
// loopback, how each outside call shall end, so that the calls of several
// processes are counted as one sequence.
type Gate struct {
	// URL is the harness's address.
	URL string
	// Process names this process to the harness.
	Process string
}

// gateTimeout is how long the harness may think; it answers from memory.
const gateTimeout = 10 * time.Second

// Answer is what the harness says to one call.
type Answer struct {
	Mode Mode `json:"mode"`
}

// Next implements Injector. Without an answer from the harness the call passes:
// the harness notices by its count that it was not asked.
func (g Gate) Next(ctx context.Context, call Call) Mode {
	answer, err := g.ask(context.WithoutCancel(ctx), call)
	if err != nil || answer.Mode == "" {
		return Pass
	}

	return answer.Mode
}

func (g Gate) ask(ctx context.Context, call Call) (answer Answer, err error) {
	part := partOf(ctx)
	query := url.Values{
		"kind": {string(call.Kind)}, "name": {call.Name}, "process": {g.Process},
		"operation": {part.Operation}, "of": {part.Of}, "try": {strconv.Itoa(int(part.Try))},
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return Answer{}, fmt.Errorf("asking the fault gate: %w", err)
	}

	response, err := (&http.Client{Timeout: gateTimeout}).Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("asking the fault gate: %w", err)
	}

	err = json.NewDecoder(response.Body).Decode(&answer)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}

	if err != nil {
		return Answer{}, fmt.Errorf("asking the fault gate: %w", err)
	}

	return answer, nil
}
