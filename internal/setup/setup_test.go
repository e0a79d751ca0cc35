package setup_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/setup"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDatabaseTwiceInARow(t *testing.T) {
	t.Parallel()

	installed := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	url := pgtest.Database(t)

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for run, want := range [][]setup.Outcome{{setup.Updated, setup.Created}, {setup.Unchanged, setup.Unchanged}} {
		// The clock has gone on at the second deploy; the installation has not.
		s := &setup.Setup{URL: url, Steward: db, Clock: clocks.Fixed(installed.Add(time.Duration(run) * time.Hour))}

		steps, err := s.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		var got []setup.Outcome
		for _, step := range steps {
			got = append(got, step.Outcome)
		}

		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("run %d: %s", run, diff)
		}
	}

	var at time.Time
	if err := db.QueryRow(t.Context(), "select installed_at from installation").Scan(&at); err != nil || !at.Equal(installed) {
		t.Errorf("installed at %s: %v", at, err)
	}
}

func policyOf(t *testing.T, keep string) *policy.Policy {
	t.Helper()

	p, err := policy.Load("../policy/testdata/working_"+keep+".yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func TestBucketsTwiceInARow(t *testing.T) {
	t.Parallel()

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	wanted := guard.Buckets(policyOf(t, "minimal"), "EU")
	s := &setup.Setup{Storage: client, Buckets: wanted}

	for run, want := range []setup.Outcome{setup.Created, setup.Unchanged} {
		steps, err := s.MakeBuckets(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		for _, step := range steps {
			if step.Outcome != want {
				t.Errorf("run %d: %+v", run, step)
			}
		}
	}

	// The policy promises more now. The bucket is not changed behind anybody's
	// back, and the deploy stops.
	s.Buckets[0].Settings.LifecycleDeleteAfter += 24 * time.Hour

	steps, err := s.MakeBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	report := setup.Report{Steps: steps}
	if !failure.Is(report.Err(), failure.BucketDrift) || steps[0].Outcome != setup.Differs || len(steps[0].Changes) != 1 {
		t.Errorf("%+v", report)
	}

	have, err := client.Bucket(wanted[0].Name).Settings(t.Context())
	if err != nil || have.LifecycleDeleteAfter != 8*24*time.Hour {
		t.Errorf("%+v: %v", have, err)
	}

	// A retention that is shorter than it could be is shown, and stops nothing:
	// the floor is kept by Steward.
	s.Buckets[0].Settings = have
	s.Buckets[0].Settings.Retention += time.Hour

	steps, err = s.MakeBuckets(t.Context())
	if report := (setup.Report{Steps: steps}); err != nil || report.Err() != nil || steps[0].Outcome != setup.Differs {
		t.Errorf("%+v: %v", report, err)
	}
}

func TestRunEndsAtTheFirstThingThatCannotBeDone(t *testing.T) {
	t.Parallel()

	var told []setup.Step

	s := &setup.Setup{URL: "postgres://127.0.0.1:1/nowhere?connect_timeout=1", Tell: func(step setup.Step) { told = append(told, step) }}

	report, err := s.Run(t.Context())
	if err == nil || len(report.Steps) > 0 || len(told) > 0 || errors.Is(report.Err(), err) {
		t.Errorf("%+v %v", report, err)
	}
}
