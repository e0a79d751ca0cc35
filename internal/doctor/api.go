package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"steward/internal/apiclient"
	"steward/internal/failure"
	"steward/internal/faults"
)

// readinessLimit bounds what is read of an answer about readiness, in bytes: it has a
// line or two.
const readinessLimit = 1 << 20

// readiness is what the API answers at /readyz (docs/api.md). Members that this version
// does not know are left out.
type readiness struct {
	Ready  bool `json:"ready"`
	Checks []struct {
		Name  string       `json:"name"`
		Ready bool         `json:"ready"`
		Code  failure.Code `json:"code"`
	} `json:"checks"`
}

// api asks the API whether it can work, as anybody may: no token is shown.
func (d *Doctor) api(ctx context.Context) []Check {
	const name = "readiness"

	if d.API == "" {
		return []Check{skipped(name, notLooked+"STEWARD_API_URL is not set here")}
	}

	base, err := apiclient.Base(d.API)
	if err != nil {
		return []Check{failed(name, err)}
	}

	status, said, err := askReadiness(ctx, base)
	if err != nil {
		return []Check{failed(name, err)}
	}

	var checks []Check

	for _, each := range said.Checks {
		if !each.Ready {
			checks = append(checks, notReady(each.Code))
		}
	}

	switch {
	case status == http.StatusOK && said.Ready && len(checks) == 0:
		return []Check{fine(name, fmt.Sprintf("ready, with all that it needs (%d checks)", len(said.Checks)))}
	case status == http.StatusServiceUnavailable && !said.Ready && len(checks) > 0:
		return checks
	default:
		return []Check{wrong(name, failure.APIUnavailable, fmt.Sprintf("it answers with status %d, and not as Steward's API does", status),
			failure.Lookup(failure.APIUnavailable).Hint)}
	}
}

// notReady is the check of one thing that the API lacks. What it says is ours by its
// code: the text of an answer from the network goes to nobody's terminal.
func notReady(code failure.Code) Check {
	row := failure.Lookup(code)

	return wrong("readiness", row.Code, "it is not ready: "+row.Text, row.Hint)
}

// askReadiness makes the one request. It fails with APIUnavailable, and repeats nothing
// of the answer.
func askReadiness(ctx context.Context, base string) (status int, said readiness, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", http.NoBody)
	if err != nil {
		return 0, said, failure.New(failure.ConfigInvalid, "reading STEWARD_API_URL")
	}

	client := &http.Client{
		Transport:     faults.Transport{Base: http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	answer, err := client.Do(request)
	if err != nil {
		return 0, said, failure.Wrap(failure.APIUnavailable, "asking the API whether it is ready", err)
	}
	defer answer.Body.Close()

	text, err := io.ReadAll(io.LimitReader(answer.Body, readinessLimit))
	if err != nil {
		return 0, said, failure.Wrap(failure.APIUnavailable, "reading whether the API is ready", err)
	}

	// Something else may listen there: what is no readiness is judged by the caller.
	if json.Unmarshal(text, &said) != nil {
		said = readiness{}
	}

	return answer.StatusCode, said, nil
}
