package guard_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/calendar"
	"steward/internal/guard"
	"steward/internal/policy"
)

func policyOf(t *testing.T, name string) *policy.Policy {
	t.Helper()

	p, err := policy.Load("../policy/testdata/working_"+name+".yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func TestBucketsAreWhatTheirPromisesNeed(t *testing.T) {
	t.Parallel()

	week := guard.Buckets(policyOf(t, "minimal"), "EU")
	if len(week) != 2 || week[0].Settings.Retention != 7*24*time.Hour-3*time.Hour || week[0].Settings.LifecycleDeleteAfter != 8*24*time.Hour {
		t.Errorf("%+v", week)
	}

	// A backup whose upload ends when done_within has passed is let go before the
	// promise to keep it ends, which counts from its snapshot.
	rule := policyOf(t, "minimal").Promises.Backups
	if late := rule.DoneWithin.Longest() + week[0].Settings.Retention; late > rule.Keep.Shortest()-time.Hour {
		t.Errorf("the bucket still refuses %s after the snapshot", late)
	}

	if ledger := week[1].Settings; ledger.Retention != 0 || ledger.LifecycleDeleteAfter != 0 {
		t.Errorf("%+v", ledger)
	}

	// A month has 28 to 31 days: the bucket must let go after the shortest, and
	// must not delete by itself before the longest.
	month := guard.Buckets(policyOf(t, "keep_in_months"), "EU")[0].Settings
	if month.Retention > 28*24*time.Hour-3*time.Hour || month.LifecycleDeleteAfter < 32*24*time.Hour {
		t.Errorf("%+v", month)
	}

	files := guard.Buckets(policyOf(t, "files"), "EU")[2]
	if s := files.Settings; files.Name != "example-files" || s.Retention != 7*24*time.Hour-21*time.Hour || s.LifecycleDeleteAfter != 0 {
		t.Errorf("%+v", files)
	}

	if alone := guard.Files(policyOf(t, "files"), "EU"); alone != files {
		t.Errorf("%+v, in its row %+v", alone, files)
	}

	if all := guard.Buckets(policyOf(t, "all_buckets"), "EU"); len(all) != 4 {
		t.Errorf("%+v", all)
	}

	for _, bucket := range append(week, guard.Buckets(policyOf(t, "all_buckets"), "EU")...) {
		if s := bucket.Settings; s.SoftDelete != 0 || s.Versioning || !s.UniformAccess || !s.PublicAccessPrevented {
			t.Errorf("%s: %+v", bucket.Name, s)
		}
	}
}

// A take of files may last until catch_up, long after done_within: what it stores last
// is let go an hour before its time. The retention of before, which allowed for
// done_within alone, and a locked one still work, with a warning that says what it costs.
func TestTheRetentionOfFiles(t *testing.T) {
	t.Parallel()

	rules := policyOf(t, "files")
	backups := rules.Promises.Backups
	files := guard.Files(rules, "EU")

	if last := backups.CatchUp.Longest() + files.Settings.Retention; last != backups.Keep.Shortest()-time.Hour {
		t.Errorf("what a take stored last is kept until %s after the snapshot, of %s", last, backups.Keep)
	}

	for retention, want := range map[time.Duration]guard.Key{
		files.Settings.Retention - time.Second:                              guard.RetentionShort,
		files.Settings.Retention:                                            "",
		files.Settings.Retention + time.Second:                              guard.RetentionTight,
		backups.Keep.Shortest() - backups.DoneWithin.Shortest() - time.Hour: guard.RetentionTight,
		backups.Keep.Shortest() - time.Hour:                                 guard.RetentionTight,
		backups.Keep.Shortest() - time.Hour + time.Second:                   guard.RetentionLong,
	} {
		for _, locked := range []bool{false, true} {
			have := files.Settings
			have.Retention, have.RetentionLocked = retention, locked

			if locked && want == guard.RetentionLong {
				want = guard.RetentionLocked
			}

			found := guard.Check(files, have)
			if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || found[0].Key != want) {
				t.Errorf("%s, locked %t: %v, want %q", retention, locked, found, want)
			}

			if want == guard.RetentionTight && !strings.Contains(found[0].Says, "until catch_up cannot be deleted in time") {
				t.Error(found[0].Says)
			}
		}
	}

	// A time that catch_up fills leaves nothing to guard.
	var err error
	if rules.Promises.Backups.Keep, err = calendar.ParseDuration("1d"); err != nil {
		t.Fatal(err)
	}

	for catchUp, want := range map[string]time.Duration{"22h": time.Hour, "23h": 0, "1430min": 0} {
		if rules.Promises.Backups.CatchUp, err = calendar.ParseDuration(catchUp); err != nil {
			t.Fatal(err)
		}

		if got := guard.Files(rules, "EU").Settings.Retention; got != want {
			t.Errorf("catch_up %s: %s, want %s", catchUp, got, want)
		}
	}
}

// The key of the policy is that of every bucket; each bucket accepts the settings
// with which it is made.
func TestBucketsAreMadeAsTheyAreChecked(t *testing.T) {
	t.Parallel()

	rules := policyOf(t, "all_buckets")
	rules.Storage.KMSKey = key

	for _, bucket := range guard.Buckets(rules, "EU") {
		if found := guard.Check(bucket, bucket.Settings); len(found) > 0 || bucket.Settings.KMSKey != key {
			t.Errorf("%s: %v", bucket.Name, found)
		}
	}

	if one := guard.Backups(rules, "EU"); one.Name != rules.Storage.Backups || one.MostRetention != 7*24*time.Hour-time.Hour {
		t.Errorf("%+v", one)
	}
}
