package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/policy"
)

// A replay erases in buckets that were restored, and in no bucket that people work with or that is Steward's own.
func TestRestoredBucketsThatAreRefused(t *testing.T) {
	t.Parallel()

	read := &datamap.Map{Databases: []datamap.Database{
		{
			Name: "app", Prefixes: []datamap.Prefix{{Bucket: "uploads", Text: "accounts/{account}/"}},
			Objects: []datamap.ObjectColumns{{Object: "name", FixedBucket: "invoices"}, {LargeObject: "scan"}},
		},
		{Name: "billing", Objects: []datamap.ObjectColumns{{Object: "name", FixedBucket: "receipts"}, {Object: "name", Bucket: "bucket"}}},
	}}
	rules := &policy.Policy{Storage: policy.Storage{Ledger: "own-ledger"}}
	rules.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "uploads"}, {Name: "avatars", Bucket: "avatars"}}
	rules.Promises.Backups.Copies = []policy.Copy{{Bucket: "own-copy"}}

	for name, c := range map[string]struct {
		database string
		flags    []string
		refused  bool
		unnamed  []string
	}{
		"none":                        {"app", nil, false, []string{"avatars", "invoices", "uploads"}},
		"one of a prefix":             {"app", []string{"uploads=back"}, false, []string{"avatars", "invoices"}},
		"one of rows, one of files":   {"app", []string{"invoices=back", "avatars=back2"}, false, []string{"uploads"}},
		"misspelt":                    {"app", []string{"upload=back"}, true, nil},
		"of another database":         {"app", []string{"receipts=back"}, true, nil},
		"one that a row may name":     {"billing", []string{"whatever=back"}, false, []string{"avatars", "receipts", "uploads"}},
		"itself":                      {"app", []string{"uploads=uploads"}, true, nil},
		"another of the app":          {"app", []string{"uploads=invoices"}, true, nil},
		"one of the policy's files":   {"app", []string{"uploads=avatars"}, true, nil},
		"one of another database":     {"app", []string{"uploads=receipts"}, true, nil},
		"one that a row may name, in": {"billing", []string{"whatever=whatever"}, true, nil},
		"round about":                 {"billing", []string{"one=two", "two=three"}, true, nil},
		"Steward's own":               {"app", []string{"uploads=own-ledger"}, true, nil},
		"Steward's copy":              {"app", []string{"uploads=own-copy"}, true, nil},
		"two into one":                {"app", []string{"uploads=back", "avatars=back"}, true, nil},
		"one into two":                {"app", []string{"uploads=back", "uploads=back2"}, true, nil},
		"no restored one":             {"app", []string{"uploads="}, true, nil},
		"no bucket of the app":        {"app", []string{"=back"}, true, nil},
		"no pair":                     {"app", []string{"uploads"}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			known := bucketsOf(read, c.database, rules)

			buckets, err := pairsOf(c.flags)
			if err == nil {
				err = known.refuse(buckets, rules.OwnBuckets())
			}

			if c.refused {
				if failure.CodeOf(err) != failure.ConfigInvalid {
					t.Errorf("gave %v", err)
				}

				return
			}

			if diff := cmp.Diff(c.unnamed, known.unnamed(buckets)); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// An app without buckets has a list of none in --json, and not null.
func TestNoBucketIsAListOfNone(t *testing.T) {
	t.Parallel()

	if list := (appBuckets{}).unnamed(nil); list == nil || len(list) != 0 {
		t.Errorf("%#v", list)
	}
}

// What was shown for some buckets is not done in others.
func TestHashOfRestoredBuckets(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}
	for _, buckets := range []map[string]string{nil, {"a": "b"}, {"a": "c"}, {"c": "b"}, {"a": "b", "c": "d"}, {"a": "d", "c": "b"}} {
		seen[withBuckets("of the list", buckets)] = true
	}

	if withBuckets("of the list", nil) != "of the list" || len(seen) != 6 {
		t.Errorf("%d hashes of 6", len(seen))
	}
}
