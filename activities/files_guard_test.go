package activities_test

import (
	"slices"
	"strings"
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
	"steward/internal/policy"
)

// guarded is a bucket of contents as setup makes it, beside one of the app.
type guarded struct {
	server *gcstest.Server
	client *gcs.Client
	do     *activities.FileGuards
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()

	rules, err := policy.Load("../internal/policy/testdata/working_files.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	server := gcstest.Start(t, clocks.System())

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: server.URL(), Project: "test", Patience: gcs.Patience{Call: time.Second, Chunk: time.Second, Transfer: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}

	g := &guarded{server: server, client: client, do: &activities.FileGuards{
		Storage: client, Bucket: guard.Files(rules, "EU"),
		Sources: map[string]activities.FileSource{"uploads": {Bucket: "app-uploads", Prefix: "in/"}},
	}}
	g.make(t, g.do.Bucket.Name, g.do.Bucket.Settings)

	return g
}

func (g *guarded) make(t *testing.T, name string, settings gcs.Settings) {
	t.Helper()

	if _, err := g.client.Bucket(name).Create(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
}

// look fails unless the activity finds exactly these, each with a sentence.
func (g *guarded) look(t *testing.T, bucket string, want ...guard.Key) []activities.BucketDrift {
	t.Helper()

	found, err := execute[activities.BucketLook](t, nil, g.do.CheckFileBuckets, "uploads")
	if err != nil {
		t.Fatal(err)
	}

	var keys []guard.Key

	for _, one := range found.Drift {
		keys = append(keys, one.Key)

		if one.Bucket != bucket || one.Says == "" || one.Mend == "" {
			t.Errorf("%+v", one)
		}
	}

	if !slices.Equal(keys, want) {
		t.Errorf("%v, wanted %v", keys, want)
	}

	return found.Drift
}

// Whatever would keep a content too long, or not long enough, is found; a lifecycle
// rule too, although the bucket of backups has to have that one.
func TestTheBucketOfFilesIsGuarded(t *testing.T) {
	t.Parallel()

	byAge := storage.LifecycleRule{Action: storage.LifecycleAction{Type: storage.DeleteAction}, Condition: storage.LifecycleCondition{AgeInDays: 8}}
	open := storage.UniformBucketLevelAccess{}

	for name, c := range map[string]struct {
		change storage.BucketAttrsToUpdate
		want   []guard.Key
	}{
		"soft delete":        {storage.BucketAttrsToUpdate{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 7 * day}}, []guard.Key{guard.SoftDelete}},
		"versioning":         {storage.BucketAttrsToUpdate{VersioningEnabled: true}, []guard.Key{guard.Versioning}},
		"a default hold":     {storage.BucketAttrsToUpdate{DefaultEventBasedHold: true}, []guard.Key{guard.DefaultHold}},
		"a longer retention": {storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 8 * day}}, []guard.Key{guard.RetentionLong}},
		"a lifecycle rule":   {storage.BucketAttrsToUpdate{Lifecycle: &storage.Lifecycle{Rules: []storage.LifecycleRule{byAge}}}, []guard.Key{guard.LifecycleEarly}},
		"access lists":       {storage.BucketAttrsToUpdate{UniformBucketLevelAccess: &open}, []guard.Key{guard.UniformAccess}},
		"public access": {
			storage.BucketAttrsToUpdate{PublicAccessPrevention: storage.PublicAccessPreventionInherited}, []guard.Key{guard.PublicAccess},
		},
		// What is only a warning stops no backup.
		"no retention": {storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			g := newGuarded(t)
			g.make(t, "app-uploads", gcs.Settings{Location: "EU"})
			g.look(t, g.do.Bucket.Name)

			if _, err := g.server.Client(t).Bucket(g.do.Bucket.Name).Update(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}

			g.look(t, g.do.Bucket.Name, c.want...)
		})
	}

	t.Run("place and key", func(t *testing.T) {
		t.Parallel()

		g := newGuarded(t)
		g.make(t, "app-uploads", gcs.Settings{Location: "EU"})
		g.do.Bucket.Settings.Location, g.do.Bucket.Settings.KMSKey = "US", "projects/p/locations/us/keyRings/r/cryptoKeys/k"
		g.look(t, g.do.Bucket.Name, guard.Location, guard.KMSKey)
	})

	t.Run("gone", func(t *testing.T) {
		t.Parallel()

		g := newGuarded(t)
		g.make(t, "app-uploads", gcs.Settings{Location: "EU"})
		g.do.Bucket.Name = "other"
		g.look(t, "other", guard.Missing)
	})
}

// The app's bucket must be there, and be listed and read.
func TestTheAppsBucketIsLookedAt(t *testing.T) {
	t.Parallel()

	g := newGuarded(t)
	g.look(t, "app-uploads", guard.Missing)
	g.make(t, "app-uploads", gcs.Settings{Location: "EU"})
	g.look(t, "app-uploads") // empty

	if _, err := g.client.Bucket("app-uploads").Put(t.Context(), "in/Jane Doe.txt", strings.NewReader("x"), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	g.look(t, "app-uploads")
	g.fault(t, emulator.OpObjectList, emulator.ModeForbidden)

	found := g.look(t, "app-uploads", guard.Unreadable)
	if !strings.Contains(found[0].Says, "storage.objects.list") || !strings.Contains(found[0].Mend, "gs://app-uploads") {
		t.Errorf("%+v", found)
	}

	g.fault(t, emulator.OpObjectMedia, emulator.ModeForbidden)

	if found = g.look(t, "app-uploads", guard.Unreadable); !strings.Contains(found[0].Says, "storage.objects.get") {
		t.Errorf("%+v", found)
	}

	// A file that the app deletes meanwhile says nothing; what is unknown is no answer.
	g.fault(t, emulator.OpObjectMedia, emulator.ModeNotFound)
	g.look(t, "app-uploads")

	for _, at := range []emulator.Operation{emulator.OpObjectList, emulator.OpObjectMedia} {
		g.server.ClearFaults()

		if _, err := g.server.InjectFault(emulator.Fault{Operation: at, Mode: emulator.ModeUnavailableBefore, Count: emulator.Forever}); err != nil {
			t.Fatal(err)
		}

		if found, err := execute[activities.BucketLook](t, nil, g.do.CheckFileBuckets, "uploads"); boundary.CodeOf(err) != failure.Unavailable {
			t.Errorf("%s: %+v, %v", at, found, err)
		}
	}

	if _, err := execute[activities.BucketLook](t, nil, g.do.CheckFileBuckets, "invoices"); boundary.CodeOf(err) != failure.UnknownDatabase {
		t.Error(err)
	}
}

// fault disturbs the next request of a kind.
func (g *guarded) fault(t *testing.T, operation emulator.Operation, mode emulator.Mode) {
	t.Helper()

	if _, err := g.server.InjectFault(emulator.Fault{Operation: operation, Mode: mode}); err != nil {
		t.Fatal(err)
	}
}
