package guard_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/gcs"
	"steward/internal/guard"
)

const (
	day = 24 * time.Hour
	key = "projects/popkit/locations/eu/keyRings/steward/cryptoKeys/backups"
)

// backups is the bucket of a promise of seven days whose dumps may take two hours.
func backups() guard.Bucket {
	return guard.Bucket{
		Name: "backups", Use: "encrypted backups", MostRetention: 7*day - time.Hour, Tight: "a backup that takes long cannot be deleted in time",
		Settings: gcs.Settings{
			Location: "EU", UniformAccess: true, PublicAccessPrevented: true, Retention: 7*day - 3*time.Hour,
			LifecycleDeleteAfter: 8 * day, KMSKey: key,
		},
	}
}

// one way in which a bucket differs, and what must be found.
type wrong struct {
	// setting is what it changes: of two that change the same, the second holds.
	setting string
	change  func(*gcs.Settings)
	key     guard.Key
	level   guard.Level
	care    guard.Care
	says    string
	mend    string
}

const update = "gcloud storage buckets update gs://backups "

func wrongs() map[string]wrong {
	lifecycle := `echo '{"rule": [{"action": {"type": "Delete"}, "condition": {"age": 8}}]}' > lifecycle.json && ` + update + "--lifecycle-file=lifecycle.json"
	retention := func(d time.Duration, locked bool) func(*gcs.Settings) {
		return func(s *gcs.Settings) { s.Retention, s.RetentionLocked = d, locked }
	}
	after := func(d time.Duration) func(*gcs.Settings) { return func(s *gcs.Settings) { s.LifecycleDeleteAfter = d } }

	return map[string]wrong{
		"soft delete": {
			"soft delete", func(s *gcs.Settings) { s.SoftDelete = 7 * day },
			guard.SoftDelete, guard.Drift, guard.Safe, "deleted objects stay for 7d, wanted none", update + "--clear-soft-delete",
		},
		"versioning": {
			"versioning", func(s *gcs.Settings) { s.Versioning = true },
			guard.Versioning, guard.Drift, guard.Safe, "old generations are kept", update + "--no-versioning",
		},
		"default hold": {
			"hold", func(s *gcs.Settings) { s.DefaultHold = true },
			guard.DefaultHold, guard.Drift, guard.Safe, "each new object gets a hold", update + "--no-default-event-based-hold",
		},
		"access lists": {
			"uniform", func(s *gcs.Settings) { s.UniformAccess = false },
			guard.UniformAccess, guard.Drift, guard.Safe, "objects have access lists of their own", update + "--uniform-bucket-level-access",
		},
		"public": {
			"public", func(s *gcs.Settings) { s.PublicAccessPrevented = false },
			guard.PublicAccess, guard.Drift, guard.Safe, "public access is not prevented", update + "--public-access-prevention",
		},
		"retention one second too long": {
			"retention", retention(7*day-time.Hour+time.Second, false),
			guard.RetentionLong, guard.Drift, guard.Asks, "the retention is 167h0m1s, wanted 165h0m0s", update + "--retention-period=594000s",
		},
		"retention locked too long": {
			"retention", retention(8*day, true), guard.RetentionLocked, guard.Drift, guard.ByHand, "the lock never opens", "name a new bucket in the policy",
		},
		"retention for fast dumps only": {
			"retention", retention(7*day-time.Hour, false), guard.RetentionTight, guard.Warning, guard.ByHand,
			"that takes long cannot be deleted in time", update + "--retention-period=594000s",
		},
		"retention locked for fast dumps only": {
			"retention", retention(7*day-2*time.Hour, true), guard.RetentionTight, guard.Warning, guard.ByHand, "cannot be deleted in time", "can only grow",
		},
		"retention one second too short": {
			"retention", retention(7*day-3*time.Hour-time.Second, true), guard.RetentionShort, guard.Warning, guard.ByHand,
			"does not guard against a deletion before its time", update + "--retention-period=594000s",
		},
		"no retention": {
			"retention", retention(0, false), guard.RetentionShort, guard.Warning, guard.ByHand, "the retention is none, wanted 165h0m0s", "--retention-period=594000s",
		},
		"no net": {
			"lifecycle", after(0), guard.LifecycleMissing, guard.Drift, guard.Asks, "objects are deleted after none, wanted 8d", lifecycle,
		},
		"a net too high": {
			"lifecycle", after(7 * day), guard.LifecycleEarly, guard.Drift, guard.Safe, "objects are deleted after 7d, wanted 8d", lifecycle,
		},
		"a net too low": {
			"lifecycle", after(9 * day), guard.LifecycleLate, guard.Drift, guard.Asks, "objects are deleted after 9d, wanted 8d", lifecycle,
		},
		"another rule": {
			"rules", func(s *gcs.Settings) { s.OtherLifecycleRules = 2 },
			guard.LifecycleUnknown, guard.Drift, guard.Asks, "it has 2 lifecycle rules that the policy does not know", lifecycle,
		},
		"elsewhere": {
			"location", func(s *gcs.Settings) { s.Location = "US" },
			guard.Location, guard.Drift, guard.ByHand, "it lies in US, wanted EU", "a bucket cannot move",
		},
		"somewhere odd": {
			"location", func(s *gcs.Settings) { s.Location = "ada@example.com" },
			guard.Location, guard.Drift, guard.ByHand, "it lies in another place, wanted EU", "a bucket cannot move",
		},
		"another key": {
			"key", func(s *gcs.Settings) { s.KMSKey += "2" },
			guard.KMSKey, guard.Drift, guard.Asks, "not encrypted with the key of the policy", update + "--default-encryption-key=" + key,
		},
		"no key": {
			"key", func(s *gcs.Settings) { s.KMSKey = "" },
			guard.KMSKey, guard.Drift, guard.Asks, "not encrypted with the key of the policy", update + "--default-encryption-key=" + key,
		},
	}
}

func keys(found []guard.Finding) []guard.Key {
	var all []guard.Key
	for _, one := range found {
		all = append(all, one.Key)
	}

	slices.Sort(all)

	return all
}

func TestNothingIsFoundOfABucketThatIsRight(t *testing.T) {
	t.Parallel()

	right := backups()
	right.Settings.RetentionLocked = true // locking what is right is nobody's fault
	right.Settings.Location = "eu"

	if found := guard.Check(backups(), right.Settings); len(found) > 0 {
		t.Error(found)
	}
}

func TestEachWrongSettingAlone(t *testing.T) {
	t.Parallel()

	for name, c := range wrongs() {
		have := backups().Settings
		c.change(&have)

		found := guard.Check(backups(), have)
		if len(found) != 1 {
			t.Errorf("%s: %v", name, found)

			continue
		}

		got := found[0]
		if got.Key != c.key || got.Level != c.level || got.Care != c.care || !strings.Contains(got.Says, c.says) || !strings.Contains(got.Mend, c.mend) {
			t.Errorf("%s: %+v", name, got)
		}

		if (got.Risk != "") != (got.Care == guard.Asks) {
			t.Errorf("%s: %s, and the risk is %q", name, got.Care, got.Risk)
		}

		if drift := len(guard.Drifts(found)) == 1; drift != (c.level == guard.Drift) {
			t.Errorf("%s counts as drift: %v", name, drift)
		}
	}
}

// Two that are wrong are both found, whichever they are, and what is mended of
// them is what was asked for.
func TestWrongSettingsInPairs(t *testing.T) {
	t.Parallel()

	names := slices.Sorted(maps.Keys(wrongs()))
	pairs := 0

	for _, first := range names {
		for _, second := range names {
			one, other := wrongs()[first], wrongs()[second]
			if one.setting == other.setting {
				continue
			}

			pairs++

			have := backups().Settings
			one.change(&have)
			other.change(&have)

			want := []guard.Key{one.key, other.key}
			slices.Sort(want)

			if diff := cmp.Diff(want, keys(guard.Check(backups(), have))); diff != "" {
				t.Errorf("%s and %s: %s", first, second, diff)
			}

			checkMended(t, first+" and "+second, have)
		}
	}

	if pairs < 250 {
		t.Errorf("only %d pairs", pairs)
	}
}

// checkMended mends what is safe, and then what asks too: what was not mended is
// found again, and nothing else is.
func checkMended(t *testing.T, name string, have gcs.Settings) {
	t.Helper()

	for _, most := range []guard.Care{guard.Safe, guard.Asks} {
		var mend, left []guard.Key

		for _, one := range guard.Check(backups(), have) {
			if one.Care == guard.Safe || one.Care == most {
				mend = append(mend, one.Key)
			} else {
				left = append(left, one.Key)
			}
		}

		slices.Sort(left)

		after := guard.Mended(backups(), have, mend...)
		if diff := cmp.Diff(left, keys(guard.Check(backups(), after))); diff != "" {
			t.Errorf("%s, mending %v: %s", name, mend, diff)
		}

		if len(mend) == 0 && after != have {
			t.Errorf("%s: changed without a finding: %+v", name, after)
		}
	}
}

// A lifecycle is written whole: with a rule that somebody made, even what would be
// safe alone drops it, and asks.
func TestDroppingARuleAsks(t *testing.T) {
	t.Parallel()

	have := backups().Settings
	have.LifecycleDeleteAfter, have.OtherLifecycleRules = day, 1

	for _, one := range guard.Check(backups(), have) {
		if one.Care != guard.Asks || !strings.Contains(one.Risk, "rules that somebody made are dropped") {
			t.Errorf("%+v", one)
		}
	}
}

// The ledger's bucket lets everything be replaced, and nothing be deleted by the
// service.
func TestABucketWithoutRetention(t *testing.T) {
	t.Parallel()

	plain := guard.Bucket{Name: "ledger", Settings: gcs.Settings{Location: "EU", UniformAccess: true, PublicAccessPrevented: true}}
	have := plain.Settings
	have.Retention, have.LifecycleDeleteAfter, have.KMSKey = time.Second, day, key

	found := guard.Check(plain, have)
	if diff := cmp.Diff([]guard.Key{guard.KMSKeyUnnamed, guard.LifecycleEarly, guard.RetentionLong}, keys(found)); diff != "" {
		t.Error(diff)
	}

	text := guard.Sentence(found)
	for _, words := range []string{"--clear-retention-period", "--clear-lifecycle", "storage.kms_key", "; mend: "} {
		if !strings.Contains(text, words) {
			t.Errorf("%q does not say %q", text, words)
		}
	}

	if after := guard.Mended(plain, have, keys(found)...); len(guard.Drifts(guard.Check(plain, after))) > 0 || after.KMSKey != key {
		t.Errorf("%+v", after)
	}
}

func TestWhatCannotBeLookedAt(t *testing.T) {
	t.Parallel()

	for _, one := range []guard.Finding{guard.Absent(backups()), guard.Hidden(backups())} {
		if one.Level != guard.Drift || one.Care != guard.ByHand || one.Mend == "" {
			t.Errorf("%+v", one)
		}

		if after := guard.Mended(backups(), gcs.Settings{}, one.Key); after != (gcs.Settings{}) {
			t.Errorf("%+v", after)
		}
	}
}
