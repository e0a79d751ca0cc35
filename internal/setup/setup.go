// Package setup brings the outside systems into the state that the policy needs:
// migrations, Temporal's namespace and search attributes, buckets, schedules. It
// runs at each deploy; what is right already stays untouched, so that the second
// run of two changes nothing. What would take something away (a bucket's
// retention, a pause that a person made) it only reports.
package setup

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/postgres"
	"steward/internal/schema"
)

// Outcome is what setup did about one thing.
type Outcome string

// The outcomes.
const (
	// Unchanged: it was right already.
	Unchanged Outcome = "unchanged"
	// Created: it was not there.
	Created Outcome = "created"
	// Updated: it was changed to what is wanted.
	Updated Outcome = "updated"
	// Paused: the schedule of a database that left the policy was paused.
	Paused Outcome = "paused"
	// Differs: it is not as wanted, and setup does not change it by itself.
	Differs Outcome = "differs"
)

// Step is one thing that setup looked at.
type Step struct {
	// Area is database, namespace, search attributes, bucket or schedule.
	Area string `json:"area"`
	// Name is which one.
	Name string `json:"name"`
	// Outcome is unchanged, created, updated, paused or differs.
	Outcome Outcome `json:"outcome"`
	// Changes say what was changed, or what differs and how to mend it.
	Changes []string `json:"changes,omitempty"`
	// Code is the failure code where a promise breaks unless it is mended.
	Code failure.Code `json:"code,omitempty"`
}

// Report is everything that setup looked at, in its order.
type Report struct {
	// Steps are in the order in which they were done.
	Steps []Step `json:"steps"`
}

// Err is BucketDrift if something is not as wanted after all: the deploy stops
// here, since a bucket that deletes too early or too late breaks a promise.
func (r Report) Err() error {
	for _, step := range r.Steps {
		if step.Code != "" {
			return failure.New(step.Code, "setting up the "+step.Area+" "+step.Name)
		}
	}

	return nil
}

// The areas of steps.
const (
	areaDatabase   = "database"
	areaNamespace  = "namespace"
	areaAttributes = "search attributes"
	areaBucket     = "bucket"
	areaSchedule   = "schedule"
)

// Setup is what is set up, and where.
type Setup struct {
	// URL is that of the steward database, as its owner.
	URL string
	// Steward is the same database.
	Steward *postgres.DB
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Storage holds the buckets.
	Storage *gcs.Client
	// Temporal runs the schedules.
	Temporal client.Client
	// Namespace is where in Temporal.
	Namespace string
	// Attributes, Buckets and Schedules are what is wanted.
	Attributes []temporal.SearchAttributeKey
	// Buckets are those that the policy names.
	Buckets []guard.Bucket
	// Schedules are one for each promise that acts by itself.
	Schedules []Schedule
	// Files is the bucket for the contents of files; empty where the policy names none.
	Files string
	// Wait is how long a new search attribute may take to become visible.
	Wait time.Duration
	// Tell, if not nil, is told each step as it ends.
	Tell func(Step)
}

// Run sets everything up, in the order in which one needs the other, and ends at
// the first thing that cannot be done. A crash at any point leaves what was done
// so far, which the next run finds and goes on from.
func (s *Setup) Run(ctx context.Context) (Report, error) {
	report := Report{Steps: []Step{}}

	for _, part := range []func(context.Context) ([]Step, error){s.Database, s.keepFiles, s.MakeBuckets, s.temporal, s.schedules} {
		steps, err := part(ctx)
		report.Steps = append(report.Steps, steps...)

		for _, step := range steps {
			if s.Tell != nil {
				s.Tell(step)
			}
		}

		if err != nil {
			return report, err
		}
	}

	return report, nil
}

// Database applies the migrations and notes, once, when this Steward was
// installed: before the first due time after that a promise is armed, not broken.
func (s *Setup) Database(ctx context.Context) ([]Step, error) {
	applied, err := schema.Migrate(ctx, s.URL)
	if err != nil {
		return nil, fmt.Errorf("setting up: %w", err)
	}

	migrations := Step{Area: areaDatabase, Name: "migrations", Outcome: Unchanged}
	if applied > 0 {
		migrations.Outcome = Updated
		migrations.Changes = []string{fmt.Sprintf("%d applied", applied)}
	}

	first, err := s.Steward.Exec(ctx,
		`insert into installation (installed_at) values ($1) on conflict do nothing`, s.Clock.Now())
	if err != nil {
		return []Step{migrations}, failure.Wrap(failure.Unavailable, "noting the installation", err)
	}

	installed := Step{Area: areaDatabase, Name: "installation", Outcome: Unchanged}
	if first > 0 {
		installed.Outcome = Created
	}

	return []Step{migrations, installed}, nil
}

func (s *Setup) temporal(ctx context.Context) ([]Step, error) {
	namespace, err := s.namespace(ctx)
	if err != nil {
		return nil, err
	}

	attributes, err := s.attributes(ctx)

	return append([]Step{namespace}, attributes...), err
}
