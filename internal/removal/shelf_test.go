package removal_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/prune"
	"steward/internal/removal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const day = 24 * time.Hour

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

// shelf is a bucket on a clock of its own with a catalogue whose backups are words.
type shelf struct {
	// Remover works with the rights of the backup role, as in production.
	removal.Remover

	owner  *postgres.DB
	clock  *gcstest.Clock
	server *gcstest.Server
	rule   prune.Rule
}

func newShelf(t *testing.T, settings gcs.Settings) *shelf {
	t.Helper()

	s := &shelf{clock: gcstest.NewClock(start())}
	s.server = gcstest.Start(t, s.clock)

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: s.server.URL(), Project: "test",
		Patience: gcs.Patience{Call: 2 * time.Second, Chunk: 2 * time.Second, Transfer: time.Second},
	})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })

	settings.Location = "EU"
	s.Bucket = client.Bucket("backups")
	_, err = s.Bucket.Create(t.Context(), settings)
	must(t, err)

	at := pgtest.Steward(t)
	s.owner, err = postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(s.owner.Close)

	s.Steward, err = postgres.Open(t.Context(), pgtest.Member(t, at, "steward_backup"))
	must(t, err)
	t.Cleanup(s.Steward.Close)

	keep, err := calendar.ParseDuration("7d")
	must(t, err)

	s.rule = prune.Rule{Keep: keep, Zone: time.UTC, KeepLastDrilled: true, Tolerance: 2 * time.Hour, Databases: []string{"app"}}

	return s
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// stored announces an object of an attempt and puts it into the bucket.
func (s *shelf) stored(t *testing.T, of catalogue.Backup, attempt, kind string) string {
	t.Helper()

	object := catalogue.Object{Backup: of.ID, Attempt: attempt, Name: "app/" + of.Day + "/" + attempt + "/" + kind, Kind: kind}
	must(t, catalogue.Announce(t.Context(), s.owner, object))
	object.Generation = s.put(t, object.Name)
	must(t, catalogue.Stored(t.Context(), s.owner, object))

	return object.Name
}

func (s *shelf) put(t *testing.T, name string) int64 {
	t.Helper()

	put, err := s.Bucket.Put(t.Context(), name, strings.NewReader(name), gcs.PutOptions{})
	must(t, err)

	return put.Generation
}

// drilled is a backup of now with an archive and a manifest.
func (s *shelf) drilled(t *testing.T) catalogue.Backup {
	t.Helper()

	row := s.opened(t)
	s.stored(t, row, row.Attempt, "archive")
	row.ManifestObject, row.ManifestSHA256 = s.stored(t, row, row.Attempt, "manifest"), strings.Repeat("ab", 32)
	row.SnapshotAt, row.TakenAt = s.clock.Now(), s.clock.Now()
	must(t, catalogue.RecordTaken(t.Context(), s.owner, row))
	must(t, catalogue.RecordDrilled(t.Context(), s.owner, row.ID, row.Attempt, s.clock.Now(), time.Second))

	return row
}

func (s *shelf) opened(t *testing.T) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Open(t.Context(), s.owner, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: s.clock.Now().Format(time.DateOnly), Attempt: ids.New("att"), Owner: "test",
		OpenedAt: s.clock.Now(),
	})
	must(t, err)

	return row
}

// run plans and carries out.
func (s *shelf) run(ctx context.Context) (removal.Result, error) {
	w, err := removal.Read(ctx, s.Steward)
	if err != nil {
		return removal.Result{}, err
	}

	if err := w.List(ctx, s.Steward, s.Bucket); err != nil {
		return removal.Result{}, err
	}

	now := s.clock.Now()

	return s.Run(ctx, w, w.Plan(s.rule, now), now, func(int) {})
}

// ran runs and fails the test unless it goes well and does what is wanted.
func (s *shelf) ran(t *testing.T, want removal.Result) {
	t.Helper()

	if got, err := s.run(t.Context()); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func (s *shelf) state(t *testing.T, id string) catalogue.State {
	t.Helper()

	row, err := catalogue.Get(t.Context(), s.owner, id)
	must(t, err)

	return row.State
}

// entries counts the ledger's entries of each kind that a prune writes.
func (s *shelf) entries(t *testing.T) map[string]int {
	t.Helper()

	count := map[string]int{}

	for _, kind := range []ledger.Kind{
		ledger.BackupPruned, ledger.BackupSwept, ledger.BackupOverdue, ledger.BackupMissing,
		ledger.BackupExcepted, ledger.BackupExceptionEnded, ledger.BackupCeilingHonoured,
	} {
		for range s.bodies(t, kind) {
			count[strings.TrimPrefix(string(kind), "backup.")]++
		}
	}

	return count
}

func (s *shelf) bodies(t *testing.T, kind ledger.Kind) []string {
	t.Helper()

	rows, err := s.owner.Query(t.Context(), `select body from ledger.entries where kind = $1 order by serial`, string(kind))
	must(t, err)

	defer rows.Close()

	var bodies []string

	for rows.Next() {
		var body string

		must(t, rows.Scan(&body))
		bodies = append(bodies, body)
	}

	must(t, rows.Err())

	return bodies
}

// evidence fails the test unless the ledger has exactly these entries.
func (s *shelf) evidence(t *testing.T, want map[string]int) {
	t.Helper()

	if diff := cmp.Diff(want, s.entries(t)); diff != "" {
		t.Error(diff)
	}
}

func (s *shelf) names(t *testing.T) []string {
	t.Helper()

	names := map[string]bool{}

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range s.Bucket.List(t.Context(), "", options) {
			must(t, err)

			names[object.Name] = true
		}
	}

	return slices.Sorted(maps.Keys(names))
}

// hold is what somebody else sets by hand.
func (s *shelf) hold(t *testing.T, name string, on bool) {
	t.Helper()

	_, err := s.server.Client(t).Bucket("backups").Object(name).Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: on})
	must(t, err)
}

func gcsPlain() gcs.Settings { return gcs.Settings{} }

func contains(body, part string) bool { return strings.Contains(body, part) }

// held counts the generations on which a temporary hold stands.
func (s *shelf) held(t *testing.T) int {
	t.Helper()

	count := 0

	for object, err := range s.Bucket.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		must(t, err)

		if object.Held {
			count++
		}
	}

	return count
}
