package system_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iterator"

	"steward/dev/harness"
)

// restoredBucket has a bucket hold what another holds, as a restore of a backup of it does ("Restoring by hand" has tests of its own).
func restoredBucket(t *testing.T, world *harness.World, from, to string) (names []string) {
	t.Helper()
	if err := world.Bucket.Bucket(to).Create(t.Context(), "test", nil); err != nil {
		t.Fatal(err)
	}
	world.Restored = append(world.Restored, to)
	for _, name := range namesIn(t, world, from) {
		if _, err := world.Bucket.Bucket(to).Object(name).CopierFrom(world.Bucket.Bucket(from).Object(name)).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// namesIn are the names of the objects of a bucket, in order.
func namesIn(t *testing.T, world *harness.World, bucket string) (names []string) {
	t.Helper()
	listed := world.Bucket.Bucket(bucket).Objects(t.Context(), nil)
	for {
		attrs, err := listed.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, attrs.Name)
	}
}

// inBuckets erases again in a bucket that was restored: the objects of the accounts go there, with those that no row names, and no
// others; the app's own bucket stays as it is. One of Steward's own is refused.
func (r *restored) inBuckets(of, in string, brought []string, accounts ...harness.Account) {
	r.Helper()
	own, kept := namesIn(r.T, r.world, of), slices.DeleteFunc(slices.Clone(brought), func(name string) bool {
		return slices.ContainsFunc(accounts, func(account harness.Account) bool { return name == account.Object || name == account.Nameless })
	})
	if len(brought)-len(kept) != 2*len(accounts) || len(kept) == 0 {
		r.Fatalf("brought back are %v", brought)
	}
	var without, shown, results replayed
	r.command.read(r.T, &without, exitOK, "replay", "run", "--database", "app")
	if _, errs, exit := r.command.run(r.T, "replay", "run", "--bucket", of+"="+r.world.Rules.Storage.Files); exit != exitUsage ||
		!strings.Contains(errs, "one of Steward's own") {
		r.Errorf("into one of Steward's own: %d, %s", exit, errs)
	}
	if _, errs, exit := r.command.run(r.T, "replay", "run", "--execute", without.Hash, "--bucket", of+"="+in); exit != exitRefused ||
		!strings.Contains(errs, "plan_changed") {
		r.Errorf("with the hash of what was shown without a bucket: %d, %s", exit, errs)
	}
	r.command.read(r.T, &shown, exitOK, "replay", "run", "--database", "app", "--bucket", of+"="+in)
	r.command.read(r.T, &results, exitOK, "replay", "run", "--execute", shown.Hash, "--bucket", of+"="+in)
	if len(results.Results) != 3*len(accounts) {
		r.Errorf("%d results", len(results.Results))
	}
	if left := namesIn(r.T, r.world, in); !slices.Equal(left, kept) {
		r.Errorf("left are %v, want %v", left, kept)
	}
	if after := namesIn(r.T, r.world, of); !slices.Equal(after, own) {
		r.Errorf("the app's own bucket has %v, and had %v", after, own)
	}
}
