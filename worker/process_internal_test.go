package main

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/sdk/worker"

	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/patience"
)

// slow is a worker whose activities take all the time that they are given.
type slow struct{ worker.Worker }

func (slow) Stop() { time.Sleep(patience.StopTimeout) } //nolint:forbidigo // a synctest bubble has its own clock

func TestWorkersStopTogether(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()

		stopAll([]worker.Worker{slow{}, slow{}, slow{}})

		if took := time.Since(begun); took != patience.StopTimeout {
			t.Errorf("they took %v", took)
		}
	})
}

func TestADrillerNeedsItsCluster(t *testing.T) {
	t.Parallel()

	settings := config.Config{StewardDatabase: "postgres://127.0.0.1/steward", KeysDir: "keys"}

	for list, code := range map[string]failure.Code{"drill": failure.ConfigInvalid, "core,drill": failure.ConfigInvalid, "core,backup": ""} {
		roles, err := parseRoles(list)
		if err != nil {
			t.Fatal(err)
		}

		if err := config.Need(needs(settings, roles)); (err == nil) != (code == "") || code != "" && !failure.Is(err, code) {
			t.Errorf("%s without DRILL_DATABASE_URL: %v", list, err)
		}
	}

	settings.DrillDatabase = "postgres://127.0.0.1/postgres"
	if err := config.Need(needs(settings, []role{drillRole})); err != nil {
		t.Error(err)
	}
}

// What is done by the clock is done at once, and then each time that so long is over, until the process ends.
func TestAgain(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const days = 5

		ctx, stop := context.WithTimeout(t.Context(), (days-1)*sweepEvery+time.Hour)
		defer stop()

		var at []time.Duration

		begun := time.Now()

		if err := again(ctx, sweepEvery, func() { at = append(at, time.Since(begun)) }); err != nil {
			t.Error(err)
		}

		if want := []time.Duration{0, sweepEvery, 2 * sweepEvery, 3 * sweepEvery, 4 * sweepEvery}; !slices.Equal(at, want) {
			t.Errorf("done at %v, want %v", at, want)
		}
	})
}
