package main

import (
	"context"
	"testing"

	"go.temporal.io/sdk/client"

	"steward/internal/clocks"
	"steward/internal/doctor"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// readinessOf is what the doctor sees of the API of a house.
func readinessOf(t *testing.T, h *house) doctor.Check {
	t.Helper()

	visit := &doctor.Doctor{
		Policy: h.policy, Clock: h.clock, System: clocks.System(), API: h.server.URL,
		Dial: func(context.Context) (client.Client, error) {
			return nil, failure.New(failure.TemporalUnavailable, "reaching Temporal")
		},
	}

	for _, check := range visit.Run(t.Context()).Checks {
		if check.Area == "api" {
			return check
		}
	}

	t.Fatal("the doctor did not look at the API")

	return doctor.Check{}
}

// TestTheDoctorLooksAtTheAPI itself: when it is ready, when its database lacks
// migrations, when that is away, and while it ends.
func TestTheDoctorLooksAtTheAPI(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	if check := readinessOf(t, h); check.State != doctor.OK {
		t.Errorf("ready: %+v", check)
	}

	h.service.health.end()

	if check := readinessOf(t, h); check.State != doctor.Fail || check.Code != failure.Ending || check.Hint == "" {
		t.Errorf("ending: %+v", check)
	}

	for url, code := range map[string]failure.Code{
		pgtest.Database(t): failure.DatabaseOutOfDate, "postgres://127.0.0.1:1/x": failure.Unavailable,
	} {
		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		if check := readinessOf(t, openHouse(t, db)); check.State != doctor.Fail || check.Code != code {
			t.Errorf("%s: %+v", code, check)
		}
	}
}
