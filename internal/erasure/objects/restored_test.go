package objects_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/objects"
	"steward/internal/erasure/plan"
	"steward/internal/gcs"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// A backup of files that was restored into another bucket has brought back what was erased: what the frozen names say goes there, and
// all below the account's prefix, although no row names either any more. What is somebody else's stays, and the app's own bucket is
// not touched, nor that of an app's bucket which was not restored.
func TestRestoredBuckets(t *testing.T) {
	t.Parallel()

	prefixes, made := below(t, gcs.Settings{Versioning: true})
	subject, frozen := store.Subject{Erasure: "era_back", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
	back := made.client.Bucket("restored")

	if _, err := back.Create(t.Context(), gcs.Settings{Versioning: true}); err != nil {
		t.Fatal(err)
	}

	for _, name := range slices.Compact(live(t, made.bucket)) {
		put(t, back, name)
	}

	for _, each := range []store.Store{made.of, prefixes} {
		if err := each.Freeze(t.Context(), subject, frozen); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := made.db.Exec(t.Context(), "delete from files where account = 1; delete from accounts where id = 1"); err != nil {
		t.Fatal(err)
	}

	put(t, back, "accounts/1/older") // of a day before the erasure, of which nobody has kept the name

	before, brought := live(t, made.bucket), live(t, back)
	mine := append(ofAccount1(t, back), "one")
	kept := slices.DeleteFunc(slices.Clone(brought), func(name string) bool { return name != "accounts/1/of two" && slices.Contains(mine, name) })
	rows := appdb.New(made.db, decided(), appdb.Options{})
	again := func(in map[string]string) (left int) {
		for _, each := range objects.Restored(rows, ofAccounts("files"), made.client, made.clock, in, "of-steward") {
			if _, err := each.Erase(t.Context(), subject, frozen, nil); err != nil {
				t.Fatal(err)
			}

			found, err := each.Verify(t.Context(), subject, frozen)
			if err != nil {
				t.Fatal(err)
			}

			left += len(found)
		}

		return left
	}

	if left := again(map[string]string{"another": "restored"}); left != 0 || !slices.Equal(live(t, back), brought) {
		t.Errorf("with another bucket restored, %d are left to erase, and %v", left, live(t, back))
	}

	if left := again(map[string]string{"files": "restored"}); left != 0 {
		t.Errorf("%d places are left", left)
	}

	if diff := cmp.Diff(kept, live(t, back)); diff != "" {
		t.Error(diff)
	}

	if diff := cmp.Diff(before, live(t, made.bucket)); diff != "" {
		t.Error("the app's own bucket:", diff)
	}
}
