package objects_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/objects"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const soft = 7 * 24 * time.Hour

// start is when the tests begin.
func start() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

// world is two accounts with files: each has one of its own, in two generations, and both name a third.
func world(t *testing.T, settings gcs.Settings) (of *objects.Store, bucket *gcs.Bucket, clock *gcstest.Clock) {
	t.Helper()

	made := beside(t, decided(), settings)

	return made.of, made.bucket, made.clock
}

// scene is the world, and the database whose rows name its objects.
type scene struct {
	of     *objects.Store
	client *gcs.Client
	bucket *gcs.Bucket
	clock  *gcstest.Clock
	db     *postgres.DB
}

func beside(t *testing.T, by datamap.Database, settings gcs.Settings) scene {
	t.Helper()

	client, bucket, clock := service(t, settings)
	for _, name := range []string{"one", "one/longer", "two", "both"} {
		put(t, bucket, name)
	}

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), `create table accounts (id int primary key);
		create table files (id int primary key, account int not null references accounts, bucket text, object text);
		insert into accounts values (1), (2);
		insert into files values (1, 1, 'files', 'one'), (2, 2, 'files', 'two'), (3, 1, 'files', 'both'), (4, 2, 'files', 'both'), (5, 1, null, null)`); err != nil {
		t.Fatal(err)
	}

	rows := appdb.New(db, by, appdb.Options{})

	return scene{objects.New(rows, client, clock, "of-steward"), client, bucket, clock, db}
}

// service is an empty bucket of a service of its own.
func service(t *testing.T, settings gcs.Settings) (client *gcs.Client, bucket *gcs.Bucket, clock *gcstest.Clock) {
	t.Helper()

	clock = gcstest.NewClock(start())
	server := gcstest.Start(t, clock)

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL()})
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})

	bucket = client.Bucket("files")
	if _, err := bucket.Create(t.Context(), settings); err != nil {
		t.Fatal(err)
	}

	return client, bucket, clock
}

// put makes two generations of an object.
func put(t *testing.T, bucket *gcs.Bucket, name string) {
	t.Helper()

	first, err := bucket.Put(t.Context(), name, strings.NewReader("1"), gcs.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := bucket.Put(t.Context(), name, strings.NewReader("2"), gcs.PutOptions{Replace: first.Generation}); err != nil {
		t.Fatal(err)
	}
}

func decided() datamap.Database {
	not := func(names ...string) (columns []datamap.Column) {
		for _, name := range names {
			columns = append(columns, datamap.Column{Name: name, Decision: datamap.NotPersonal})
		}

		return columns
	}
	accounts, files := liveschema.Name{Schema: "public", Table: "accounts"}, liveschema.Name{Schema: "public", Table: "files"}

	return datamap.Database{
		Name: "app", Account: datamap.Root{Table: accounts, Key: "id"},
		Objects: []datamap.ObjectColumns{{Table: files, Bucket: "bucket", Object: "object"}},
		Tables: []datamap.Table{
			{Name: accounts, Role: datamap.Controller, Rows: datamap.Delete, Columns: not("id")},
			{
				Name: files, Role: datamap.Controller, Path: []string{"account"}, Rows: datamap.Delete,
				Columns: not("id", "account", "bucket", "object"),
			},
		},
	}
}

// live are the names of the generations that are listed.
func live(t *testing.T, bucket *gcs.Bucket) (names []string) {
	t.Helper()

	for object, err := range bucket.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		if err != nil {
			t.Fatal(err)
		}

		names = append(names, object.Name)
	}

	return names
}

// The objects of an account go in all generations; one that another account names too, and one with a longer name, stay.
func TestErasingObjects(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		settings gcs.Settings
		want     store.Kind
	}{
		"plain":    {gcs.Settings{}, store.Erased},
		"versions": {gcs.Settings{Versioning: true}, store.Erased},
		"soft":     {gcs.Settings{SoftDelete: soft}, store.Expires},
	} {
		of, bucket, clock := world(t, c.settings)
		subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
		before := len(live(t, bucket))

		steps, err := of.Plan(t.Context(), subject)
		if diff := cmp.Diff([]plan.Step{{Store: "app objects", Place: "files", Action: plan.DeleteRows, Rows: 1}}, steps); diff != "" || err != nil {
			t.Errorf("%s: %s %v", name, diff, err)
		}

		if err := of.Freeze(t.Context(), subject, frozen); err != nil {
			t.Fatal(err)
		}

		if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) != 1 || left[0].Place != "files" {
			t.Errorf("%s: before: %v %v", name, left, err)
		}

		var outcome store.Outcome

		for range 2 { // the second finds what the first did
			if outcome, err = of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != c.want || outcome.Count != 1 {
				t.Errorf("%s: %+v %v", name, outcome, err)
			}
		}

		if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
			t.Errorf("%s: after: %v %v", name, left, err)
		}

		if gone := before - len(live(t, bucket)); gone != before/4 {
			t.Errorf("%s: %d of %d generations went", name, gone, before)
		}

		until, err := of.GoneBy(t.Context(), subject, clock.Now())
		if err != nil || until != clock.Now().Add(c.settings.SoftDelete) || c.want == store.Expires && outcome.At.After(until) {
			t.Errorf("%s: gone by %s, the outcome says %s, %v", name, until, outcome.At, err)
		}

		clock.Advance(2 * soft)

		if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
			t.Errorf("%s: in the end: %v %v", name, left, err)
		}
	}
}

// What came to another account after it was frozen is that account's: its object stays, and is no remainder.
func TestAnObjectThatMovedToSomebodyElse(t *testing.T) {
	t.Parallel()

	made := beside(t, decided(), gcs.Settings{})
	of, bucket, db := made.of, made.bucket, made.db
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
	before := len(live(t, bucket))

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := db.Exec(t.Context(), `update files set account = 2 where object = 'one'`); err != nil {
		t.Fatal(err)
	}

	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.NothingFound {
		t.Errorf("%+v %v", outcome, err)
	}

	if after := len(live(t, bucket)); after != before {
		t.Errorf("%d of %d generations are left", after, before)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// Databases that share a bucket know of each other's rows: an object that somebody else's row names in another one stays, and one
// that only the same account's rows name there goes.
func TestAnObjectThatAnotherDatabaseNames(t *testing.T) {
	t.Parallel()

	made := beside(t, decided(), gcs.Settings{})
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}

	if _, err := made.bucket.Put(t.Context(), "mine", strings.NewReader("4"), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	if _, err := made.db.Exec(t.Context(), `insert into files values (9, 1, 'files', 'mine')`); err != nil {
		t.Fatal(err)
	}

	other, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(other.Close)

	if _, err := other.Exec(t.Context(), `create table accounts (id int primary key);
		create table files (id int primary key, account int not null references accounts, bucket text, object text);
		insert into accounts values (1), (2); insert into files values (1, 2, 'files', 'one'), (2, 1, 'files', 'mine')`); err != nil {
		t.Fatal(err)
	}

	by := decided()
	by.Name = "shop"
	made.of.Beside(appdb.New(made.db, decided(), appdb.Options{}), appdb.New(other, by, appdb.Options{}))

	if outcome, err := made.of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Count != 1 {
		t.Errorf("%+v %v", outcome, err)
	}

	if left := live(t, made.bucket); !slices.Contains(left, "one") || slices.Contains(left, "mine") {
		t.Error(left)
	}

	if left, err := made.of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// A row may name a bucket that is no more: there is nothing to erase in it, and it stops nothing.
func TestABucketThatIsNoMore(t *testing.T) {
	t.Parallel()

	made := beside(t, decided(), gcs.Settings{})
	of, bucket, db := made.of, made.bucket, made.db
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
	before := len(live(t, bucket))

	if _, err := db.Exec(t.Context(), `insert into files values (9, 1, 'a-bucket-that-went', 'x')`); err != nil {
		t.Fatal(err)
	}

	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.Erased {
		t.Errorf("%+v %v", outcome, err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}

	if after := len(live(t, bucket)); after != before-1 {
		t.Errorf("%d of %d generations are left", after, before)
	}
}

// A row that names a bucket of Steward's own stops the erasure before anything is closed.
func TestABucketOfSteward(t *testing.T) {
	t.Parallel()

	made := beside(t, decided(), gcs.Settings{})
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}

	if _, err := made.db.Exec(t.Context(), `insert into files values (9, 1, 'of-steward', 'replay/era_x')`); err != nil {
		t.Fatal(err)
	}

	if _, err := made.of.Plan(t.Context(), subject); !failure.Is(err, failure.MapUnfit) {
		t.Error(err)
	}

	if err := made.of.Freeze(t.Context(), subject, frozen); !failure.Is(err, failure.MapUnfit) {
		t.Error(err)
	}
}

// An object whose name is retained on a published basis is retained too.
func TestARetainedObject(t *testing.T) {
	t.Parallel()

	by := decided()
	files := &by.Tables[1]
	files.Rows = datamap.Keep
	files.Columns[len(files.Columns)-1] = datamap.Column{Name: "object", Decision: datamap.Retain, Basis: "invoices", Until: "10y"}

	made := beside(t, by, gcs.Settings{})
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
	before := len(live(t, made.bucket))

	if _, err := made.db.Exec(t.Context(), `alter table files alter account drop not null`); err != nil {
		t.Fatal(err)
	}

	if outcome, err := made.of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.NothingFound {
		t.Errorf("%+v %v", outcome, err)
	}

	if after := len(live(t, made.bucket)); after != before {
		t.Errorf("%d of %d generations are left", after, before)
	}
}
