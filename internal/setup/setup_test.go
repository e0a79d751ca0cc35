package setup_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
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

func TestBucketsAreWhatTheirPromisesNeed(t *testing.T) {
	t.Parallel()

	week := setup.Buckets(policyOf(t, "minimal"), "EU")
	if len(week) != 2 || week[0].Settings.Retention != 7*24*time.Hour-3*time.Hour || week[0].Settings.LifecycleDeleteAfter != 8*24*time.Hour {
		t.Errorf("%+v", week)
	}

	// A backup whose upload ends when done_within has passed is let go before the
	// promise to keep it ends, which counts from its snapshot.
	rule := policyOf(t, "minimal").Promises.Backups
	if late := rule.DoneWithin.Longest() + week[0].Settings.Retention; late > rule.Keep.Shortest()-time.Hour {
		t.Errorf("the bucket still refuses %s after the snapshot", late)
	}

	if ledger := week[1].Settings; ledger.Retention != 0 || ledger.LifecycleDeleteAfter != 0 {
		t.Errorf("%+v", ledger)
	}

	// A month has 28 to 31 days: the bucket must let go after the shortest, and
	// must not delete by itself before the longest.
	month := setup.Buckets(policyOf(t, "keep_in_months"), "EU")[0].Settings
	if month.Retention > 28*24*time.Hour-3*time.Hour || month.LifecycleDeleteAfter < 32*24*time.Hour {
		t.Errorf("%+v", month)
	}

	files := setup.Buckets(policyOf(t, "files"), "EU")[2]
	if s := files.Settings; files.Name != "example-files" || s.Retention != week[0].Settings.Retention || s.LifecycleDeleteAfter != 0 {
		t.Errorf("%+v", files)
	}

	if all := setup.Buckets(policyOf(t, "all_buckets"), "EU"); len(all) != 4 {
		t.Errorf("%+v", all)
	}

	for _, bucket := range append(week, setup.Buckets(policyOf(t, "all_buckets"), "EU")...) {
		if s := bucket.Settings; s.SoftDelete != 0 || s.Versioning || !s.UniformAccess || !s.PublicAccessPrevented {
			t.Errorf("%s: %+v", bucket.Name, s)
		}
	}
}

func TestBucketsTwiceInARow(t *testing.T) {
	t.Parallel()

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	wanted := setup.Buckets(policyOf(t, "minimal"), "EU")
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
	s.Buckets[0].Settings.Retention += time.Hour

	steps, err := s.MakeBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	report := setup.Report{Steps: steps}
	if !failure.Is(report.Err(), failure.BucketDrift) || steps[0].Outcome != setup.Differs || len(steps[0].Changes) != 1 {
		t.Errorf("%+v", report)
	}

	have, err := client.Bucket(wanted[0].Name).Settings(t.Context())
	if err != nil || have.Retention != 7*24*time.Hour-3*time.Hour {
		t.Errorf("%+v: %v", have, err)
	}
}

func TestDriftNamesEverySetting(t *testing.T) {
	t.Parallel()

	wanted := setup.Bucket{Name: "b", Settings: gcs.Settings{
		Location: "EU", UniformAccess: true, PublicAccessPrevented: true, Retention: time.Hour, LifecycleDeleteAfter: 24 * time.Hour,
	}}
	have := gcs.Settings{Location: "US", SoftDelete: 7 * 24 * time.Hour, Versioning: true, DefaultHold: true, OtherLifecycleRules: 1}

	found := setup.Drift(wanted, have)
	if len(found) != 9 {
		t.Errorf("%d found: %v", len(found), found)
	}

	for _, difference := range found {
		if difference.Says == "" || difference.Mend == "" {
			t.Errorf("%+v", difference)
		}
	}

	if got := setup.Drift(wanted, wanted.Settings); len(got) > 0 {
		t.Error(got)
	}

	loose := setup.Bucket{Name: "b", Settings: gcs.Settings{Location: "EU", UniformAccess: true, PublicAccessPrevented: true}}
	strict := wanted.Settings

	var text strings.Builder
	for _, difference := range setup.Drift(loose, strict) {
		text.WriteString(difference.String())
	}

	if !strings.Contains(text.String(), "--clear-retention-period") || !strings.Contains(text.String(), "--clear-lifecycle") {
		t.Error(text.String())
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
