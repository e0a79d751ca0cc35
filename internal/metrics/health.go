package metrics

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"steward/internal/failure"
)

// healthTimeout is how long all checks together may take: whoever asks wants to
// know within seconds, and what does not answer by then is not healthy.
const healthTimeout = 5 * time.Second

// Check is one thing that this process needs.
type Check struct {
	// Name says what, such as "steward database"; fixed words.
	Name string
	// Err is nil when it is there. Of an error only code, fixed text and hint
	// are shown.
	Err error
}

// Health looks at everything that this process needs.
type Health func(ctx context.Context) []Check

// Report is the answer of /healthz.
type Report struct {
	// Healthy says that every check passed.
	Healthy bool `json:"healthy"`
	// Checks are the results, in the order of the process.
	Checks []Result `json:"checks"`
}

// Result is the result of one check.
type Result struct {
	// Name says what was checked.
	Name string `json:"name"`
	// Healthy says that it is there.
	Healthy bool `json:"healthy"`
	// Code, Reason and Hint say why it is not; empty when it is.
	Code failure.Code `json:"code,omitempty"`
	// Reason is the fixed text of the code.
	Reason string `json:"reason,omitempty"`
	// Hint says what to do.
	Hint string `json:"hint,omitempty"`
}

// healthHandler answers 200 when everything is there and 503 when not.
func healthHandler(health Health) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()

		report := ReportOf(health(ctx))

		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")

		if !report.Healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}

		// The asker may be gone; nobody else could be told.
		_ = json.NewEncoder(w).Encode(report) //nolint:errcheck // as said
	})
}

// ReportOf says in fixed words what the checks found.
func ReportOf(checks []Check) Report {
	report := Report{Healthy: true, Checks: []Result{}}

	for _, check := range checks {
		result := Result{Name: check.Name, Healthy: check.Err == nil}
		if check.Err != nil {
			row := failure.Lookup(codeOf(check.Err))
			result.Code, result.Reason, result.Hint = row.Code, row.Text, row.Hint
			report.Healthy = false
		}

		report.Checks = append(report.Checks, result)
	}

	return report
}
