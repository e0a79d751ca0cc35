package activities_test

import (
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/clocks"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
)

func TestCheckBuckets(t *testing.T) {
	t.Parallel()

	server := gcstest.Start(t, clocks.System())

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: server.URL(), Project: "test", Patience: gcs.Patience{Call: time.Second, Chunk: time.Second, Transfer: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}

	wanted := guard.Bucket{Name: "backups", Use: "encrypted backups", Settings: gcs.Settings{
		Location: "EU", UniformAccess: true, PublicAccessPrevented: true, Retention: time.Hour, LifecycleDeleteAfter: 8 * day,
	}}
	do := &activities.Guards{Storage: client, Buckets: []guard.Bucket{wanted}}
	look := func(want ...guard.Key) {
		t.Helper()

		found, err := execute[activities.BucketLook](t, nil, do.CheckBuckets)
		if err != nil {
			t.Fatal(err)
		}

		for i, one := range found.Drift {
			if i >= len(want) || one.Key != want[i] || one.Bucket != "backups" || one.Says == "" || one.Mend == "" {
				t.Errorf("%+v, wanted %v", found.Drift, want)
			}
		}

		if len(found.Drift) != len(want) {
			t.Errorf("%+v, wanted %v", found.Drift, want)
		}
	}
	change := func(what storage.BucketAttrsToUpdate) {
		t.Helper()

		if _, err := server.Client(t).Bucket("backups").Update(t.Context(), what); err != nil {
			t.Fatal(err)
		}
	}

	look(guard.Missing)

	if _, err := client.Bucket("backups").Create(t.Context(), wanted.Settings); err != nil {
		t.Fatal(err)
	}

	look()

	// What is only a warning stops no backup.
	change(storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}})
	look()
	change(storage.BucketAttrsToUpdate{VersioningEnabled: true, RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 2 * time.Hour}})
	look(guard.Versioning, guard.RetentionLong)

	if _, err := server.InjectFault(emulator.Fault{Operation: emulator.OpBucketGet, Mode: emulator.ModeForbidden}); err != nil {
		t.Fatal(err)
	}

	look(guard.Unreadable)

	// What is unknown is no answer: the step is tried again.
	if _, err := server.InjectFault(emulator.Fault{Operation: emulator.OpBucketGet, Mode: emulator.ModeUnavailableBefore, Count: -1}); err != nil {
		t.Fatal(err)
	}

	if found, err := execute[activities.BucketLook](t, nil, do.CheckBuckets); boundary.CodeOf(err) != failure.Unavailable {
		t.Errorf("%+v, %v", found, err)
	}
}
