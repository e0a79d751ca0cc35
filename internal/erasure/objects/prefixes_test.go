package objects_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/objects"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// ofAccounts are the prefixes of the tests.
func ofAccounts(bucket string) []datamap.Prefix {
	return []datamap.Prefix{{Bucket: bucket, Text: "accounts/{account}/"}, {Bucket: bucket, Text: "accounts/{account}.old"}}
}

// below is the scene of beside, with objects below the prefixes of accounts; rows name some of them.
func below(t *testing.T, settings gcs.Settings) (objects.Prefixes, scene) {
	t.Helper()

	made := beside(t, decided(), settings)

	for _, name := range []string{
		"accounts/1/thumb", "accounts/1/deep/er", "accounts/1.old", "accounts/1/named", "accounts/1/of two", "accounts/11/thumb", "accounts/1", "accounts/2/thumb",
	} {
		put(t, made.bucket, name)
	}

	if _, err := made.db.Exec(t.Context(), `insert into files values (11, 1, 'files', 'accounts/1/named'), (12, 2, 'files', 'accounts/1/of two')`); err != nil {
		t.Fatal(err)
	}

	rows := appdb.New(made.db, decided(), appdb.Options{})

	return objects.Below(rows, ofAccounts("files"), made.client, made.clock, "of-steward"), made
}

// ofAccount1 are the names below the prefixes of account 1 that are listed, each once.
func ofAccount1(t *testing.T, bucket *gcs.Bucket) []string {
	t.Helper()

	return slices.DeleteFunc(slices.Compact(live(t, bucket)), func(name string) bool {
		return !strings.HasPrefix(name, "accounts/1/") && name != "accounts/1.old"
	})
}

// What lies below an account's prefixes goes in all generations, whether a row names it or not; what its rows name is another
// store's. An object of somebody else's row stays, and so does everything of accounts whose keys begin alike.
func TestErasingBelowPrefixes(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		settings gcs.Settings
		want     store.Kind
	}{
		"plain":    {gcs.Settings{}, store.Erased},
		"versions": {gcs.Settings{Versioning: true}, store.Erased},
		"soft":     {gcs.Settings{SoftDelete: soft}, store.Expires},
	} {
		of, made := below(t, c.settings)
		subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: " 01"}, &storetest.Memory{}
		before := slices.Compact(live(t, made.bucket))

		steps, err := of.Plan(t.Context(), subject)
		if diff := cmp.Diff([]plan.Step{{Store: "app prefixes", Place: "files", Action: plan.DeleteRows, Rows: 3}}, steps); diff != "" || err != nil {
			t.Errorf("%s: %s %v", name, diff, err)
		}

		if err := of.Freeze(t.Context(), subject, frozen); err != nil {
			t.Fatal(err)
		}

		for range 2 { // the second finds what the first did
			if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != c.want || outcome.Count != 3 {
				t.Errorf("%s: %+v %v", name, outcome, err)
			}
		}

		gone := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return slices.Contains(live(t, made.bucket), name) })
		if diff := cmp.Diff([]string{"accounts/1.old", "accounts/1/deep/er", "accounts/1/thumb"}, gone); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}

		// The row's own object is still there: verify does not know whose store it is in.
		if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) != 1 || left[0].Why != "listed" {
			t.Errorf("%s: before the row's own went: %v %v", name, left, err)
		}

		if _, err := made.of.Erase(t.Context(), subject, &storetest.Memory{}, nil); err != nil {
			t.Fatal(err)
		}

		if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
			t.Errorf("%s: after: %v %v", name, left, err)
		}

		until, err := of.GoneBy(t.Context(), subject, made.clock.Now())
		if err != nil || until != made.clock.Now().Add(c.settings.SoftDelete) {
			t.Errorf("%s: gone by %s, %v", name, until, err)
		}
	}
}

// An object that comes when the rows are gone, and one that was only noncurrent before, are found by verify and go when the store is
// asked again.
func TestWhatComesLaterBelowAPrefix(t *testing.T) {
	t.Parallel()

	of, made := below(t, gcs.Settings{Versioning: true})
	subject, frozen := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}, &storetest.Memory{}

	if more, err := of.Later(t.Context(), frozen); err != nil || more {
		t.Errorf("before anything is frozen: %v %v", more, err)
	}

	for _, erase := range []store.Store{made.of, of} {
		if _, err := erase.Erase(t.Context(), subject, frozen, nil); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := made.db.Exec(t.Context(), `delete from files where account = 1; delete from accounts where id = 1`); err != nil {
		t.Fatal(err)
	}

	put(t, made.bucket, "accounts/1/late")

	if err := made.bucket.Delete(t.Context(), "accounts/1/late", newest(t, made.bucket, "accounts/1/late")); err != nil {
		t.Fatal(err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) != 1 || left[0].Rows == 0 {
		t.Errorf("%v %v", left, err)
	}

	if more, err := of.Later(t.Context(), frozen); err != nil || !more {
		t.Errorf("when the rows are gone: %v %v", more, err)
	}

	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Count != 4 {
		t.Errorf("%+v %v", outcome, err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 || !slices.Equal(ofAccount1(t, made.bucket), []string{"accounts/1/of two"}) {
		t.Errorf("%v %v: %q", left, err, ofAccount1(t, made.bucket))
	}
}

func newest(t *testing.T, bucket *gcs.Bucket, name string) (generation int64) {
	t.Helper()

	for object, err := range bucket.List(t.Context(), name, gcs.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}

		generation = object.Generation
	}

	return generation
}

// Nobody's prefix is a person's.
func TestAPersonHasNoPrefix(t *testing.T) {
	t.Parallel()

	of, made := below(t, gcs.Settings{})
	subject := store.Subject{Erasure: "era_test", Kind: plan.Person, Account: "1", Identities: map[string][]string{"email": {"a@example.com"}}}
	before := len(live(t, made.bucket))

	if steps, err := of.Plan(t.Context(), subject); err != nil || len(steps) > 0 {
		t.Errorf("%v %v", steps, err)
	}

	frozen := &storetest.Memory{}
	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.NothingFound || len(live(t, made.bucket)) != before {
		t.Errorf("%+v %v", outcome, err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// A prefix in a bucket that is not there, or is Steward's, says nothing about where objects lie: nothing is planned.
func TestAPrefixThatCannotBeLookedBelow(t *testing.T) {
	t.Parallel()

	made := beside(t, decided(), gcs.Settings{})
	subject := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}

	if _, err := made.client.Bucket("of-steward").Create(t.Context(), gcs.Settings{}); err != nil {
		t.Fatal(err)
	}

	for _, bucket := range []string{"nowhere-at-all", "of-steward"} {
		of := objects.Below(appdb.New(made.db, decided(), appdb.Options{}), ofAccounts(bucket), made.client, made.clock, "of-steward")

		_, planned := of.Plan(t.Context(), subject)
		_, verified := of.Verify(t.Context(), subject, &storetest.Memory{})

		for _, err := range []error{planned, verified} {
			if !failure.Is(err, failure.MapUnfit) || !strings.Contains(err.Error(), bucket) {
				t.Errorf("%s: %v", bucket, err)
			}
		}
	}
}

// Keys are texts here: the prefix has the key as the row has it, and where keys begin alike, or hold a separator, nobody knows whose
// an object is.
func TestKeysThatAreTexts(t *testing.T) {
	t.Parallel()

	client, bucket, clock := service(t, gcs.Settings{})

	put(t, bucket, "accounts/Acme/x")
	put(t, bucket, "accounts/acme/x")

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), `create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		create table accounts (id text collate blind primary key);
		create table files (id int primary key, account text collate blind not null references accounts, bucket text, object text);
		insert into accounts values ('Acme'), ('b'), ('b.old'), ('c/d'), ('..')`); err != nil {
		t.Fatal(err)
	}

	of := objects.Below(appdb.New(db, decided(), appdb.Options{}), ofAccounts("files"), client, clock)

	frozen := &storetest.Memory{}
	if outcome, err := of.Erase(t.Context(), store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "ACME"}, frozen, nil); err != nil ||
		outcome.Count != 1 || !slices.Equal(slices.Compact(live(t, bucket)), []string{"accounts/acme/x"}) {
		t.Errorf("%+v %v: %q", outcome, err, live(t, bucket))
	}

	for _, account := range []string{"b", "c/d", ".."} {
		if _, err := of.Plan(t.Context(), store.Subject{Erasure: "era_test", Kind: plan.Account, Account: account}); !failure.Is(err, failure.MapUnfit) {
			t.Errorf("%s: %v", account, err)
		}
	}
}
