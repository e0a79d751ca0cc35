package guard_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/calendar"
	"steward/internal/guard"
)

// A bucket of copies is as that of the backups, in its own place under its own key,
// and guards half of the time: a copy that is made late must still go in time.
func TestBucketsOfCopies(t *testing.T) {
	t.Parallel()

	rules := policyOf(t, "copies")
	rules.Storage.KMSKey = key
	all := guard.Buckets(rules, "EU")
	near, far, farther := all[0], all[len(all)-2], all[len(all)-1]

	if far.Name != "example-far" || far.Settings.Location != "EUROPE-WEST4" || far.Settings.KMSKey != "" {
		t.Errorf("%+v", far)
	}

	if farther.Name != "example-farther" || farther.Settings.Location != "EU" || farther.Settings.KMSKey == "" || farther.Settings.KMSKey == key {
		t.Errorf("%+v", farther)
	}

	for _, bucket := range []guard.Bucket{far, farther} {
		if s := bucket.Settings; s.Retention != 84*time.Hour || s.LifecycleDeleteAfter != near.Settings.LifecycleDeleteAfter ||
			!s.UniformAccess || !s.PublicAccessPrevented || bucket.MostRetention != 7*day-4*time.Hour {
			t.Errorf("%+v", bucket)
		}

		if found := guard.Check(bucket, bucket.Settings); len(found) > 0 {
			t.Errorf("%v", found)
		}
	}
}

// The longest retention under which copies are made: a backup that is drilled when
// done_within is over, and whose copy takes the hour that its day's run gives it, can
// just be deleted an hour before its end. A second more would pass a guard under which
// no copy is ever made.
func TestTheLongestRetentionOfCopies(t *testing.T) {
	t.Parallel()

	rules := policyOf(t, "copies")
	backups := rules.Promises.Backups
	far := guard.Copies(rules, backups.Copies[0], "EU")
	stored := backups.DoneWithin.Longest() + time.Hour

	if stored+far.MostRetention+time.Hour != backups.Keep.Shortest() {
		t.Errorf("stored after %s, deletable %s later, of %s", stored, far.MostRetention, backups.Keep)
	}

	for retention, want := range map[time.Duration]guard.Key{
		far.Settings.Retention:                "",
		far.Settings.Retention + time.Second:  guard.RetentionTight,
		far.MostRetention:                     guard.RetentionTight,
		far.MostRetention + time.Second:       guard.RetentionLong,
		backups.Keep.Shortest() - 3*time.Hour: guard.RetentionLong, // as the first bucket's
		backups.Keep.Shortest() - time.Hour:   guard.RetentionLong,
	} {
		have := far.Settings
		have.Retention = retention
		found := guard.Check(far, have)

		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || found[0].Key != want) {
			t.Errorf("%s: %v, want %q", retention, found, want)
		}

		if want == guard.RetentionTight && !strings.Contains(found[0].Says, "fewer are copied later") {
			t.Error(found[0].Says)
		}
	}

	// Where a day must be done within most of the time that it is kept, the bucket
	// guards only what is left.
	short, err := calendar.ParseDuration("1d")
	if err != nil {
		t.Fatal(err)
	}

	for done, want := range map[string]time.Duration{"2h": 12 * time.Hour, "12h": 10 * time.Hour, "22h": 0, "23h": 0} {
		rules.Promises.Backups.Keep = short

		if rules.Promises.Backups.DoneWithin, err = calendar.ParseDuration(done); err != nil {
			t.Fatal(err)
		}

		if tight := guard.Copies(rules, backups.Copies[0], "EU"); tight.Settings.Retention != want || tight.MostRetention < want {
			t.Errorf("done within %s: %+v", done, tight)
		}
	}
}
