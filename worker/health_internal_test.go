package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/policy"
)

func TestCheckupRemembersForAMoment(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		looks, broken := 0, errors.New("not there")
		up := &checkup{clock: clocks.System(), checks: []check{
			{"steady", func(context.Context) error { return nil }},
			{"counted", func(context.Context) error { looks++; return broken }},
		}}

		ask := func(want int) {
			t.Helper()

			seen := up.look(t.Context())
			if looks != want || len(seen) != 2 || seen[0].Name != "steady" || seen[0].Err != nil || !errors.Is(seen[1].Err, broken) {
				t.Fatalf("look %d, want %d: %+v", looks, want, seen)
			}
		}

		ask(1)
		ask(1)
		time.Sleep(illFor) //nolint:forbidigo // a synctest bubble has its own clock
		ask(2)

		broken = nil

		time.Sleep(illFor) //nolint:forbidigo // as above
		ask(3)
		time.Sleep(wellFor - time.Millisecond) //nolint:forbidigo // as above
		ask(3)
		time.Sleep(time.Millisecond) //nolint:forbidigo // as above
		ask(4)
	})
}

// TestOneSilentDependencyIsNamedAlone: what hangs must not make the others look ill.
func TestOneSilentDependencyIsNamedAlone(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		up := &checkup{clock: clocks.System(), checks: []check{
			{"silent", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			{"well", func(ctx context.Context) error { return ctx.Err() }},
		}}

		// Whoever asks may have gone already.
		gone, cancel := context.WithCancel(t.Context())
		cancel()

		if seen := up.look(gone); !errors.Is(seen[0].Err, context.DeadlineExceeded) || seen[1].Err != nil {
			t.Errorf("%+v", seen)
		}
	})
}

func TestEachRoleChecksWhatItNeeds(t *testing.T) {
	t.Parallel()

	for list, want := range map[string][]string{
		"core":        {"steward database", "temporal", "ledger bucket"},
		"core,backup": {"steward database", "temporal", "ledger bucket", "backups bucket"},
		"drill":       {"steward database", "temporal", "backups bucket", "drill cluster"},
		"vendors":     {"steward database", "temporal"},
	} {
		roles, err := parseRoles(list)
		if err != nil {
			t.Fatal(err)
		}

		var names []string
		for _, each := range (&process{policy: &policy.Policy{}, roles: roles}).checks() {
			names = append(names, each.name)
		}

		if !slices.Equal(names, want) {
			t.Errorf("%s checks %v", list, names)
		}
	}
}

func TestABucketThatIsNotThere(t *testing.T) {
	t.Parallel()

	server := gcstest.Start(t, clocks.System())

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})

	p := &process{storage: client, config: config.Config{}}
	if err := p.readable("none")(t.Context()); !failure.Is(err, failure.ObjectNotFound) {
		t.Errorf("a bucket that is not there: %v", err)
	}

	if _, err := client.Bucket("here").Create(t.Context(), gcs.Settings{}); err != nil {
		t.Fatal(err)
	}

	if err := p.readable("here")(t.Context()); err != nil {
		t.Errorf("an empty bucket: %v", err)
	}
}
