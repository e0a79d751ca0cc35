package guard_test

import (
	"testing"
	"time"

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
			!s.UniformAccess || !s.PublicAccessPrevented || bucket.MostRetention != near.MostRetention {
			t.Errorf("%+v", bucket)
		}

		if found := guard.Check(bucket, bucket.Settings); len(found) > 0 {
			t.Errorf("%v", found)
		}

		// One that is set up like the first works, and copies late ones less often.
		like := bucket.Settings
		like.Retention = near.Settings.Retention

		if found := guard.Check(bucket, like); len(found) != 1 || found[0].Level != guard.Warning || found[0].Key != guard.RetentionTight {
			t.Errorf("%v", found)
		}
	}
}
