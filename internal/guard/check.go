package guard

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"steward/internal/gcs"
)

// Check compares a bucket with what is wanted of it. Nothing found means that
// the promise can be kept in it.
func Check(wanted Bucket, have gcs.Settings) []Finding {
	c := checker{wanted: wanted, want: wanted.Settings, have: have}

	c.remains()
	c.access()
	c.retention()
	c.lifecycle()
	c.place()

	return c.found
}

// Absent is what is found of a bucket that does not exist.
func Absent(wanted Bucket) Finding {
	return Finding{
		Key: Missing, Level: Drift, Care: ByHand, Says: "there is no such bucket for " + wanted.Use, Mend: "run: steward setup",
	}
}

// Hidden is what is found of a bucket whose settings may not be read: what is
// unknown is not in order.
func Hidden(wanted Bucket) Finding {
	return Finding{
		Key: Unreadable, Level: Drift, Care: ByHand, Says: "its settings may not be read (storage.buckets.get is missing)",
		Mend: "gcloud storage buckets add-iam-policy-binding gs://" + wanted.Name +
			" --member=serviceAccount:ACCOUNT --role=roles/storage.legacyBucketReader, with the account of this worker",
	}
}

// checker gathers what is found of one bucket.
type checker struct {
	wanted     Bucket
	want, have gcs.Settings
	found      []Finding
}

// drift notes what breaks a promise; risk is empty where mending is safe.
func (c *checker) drift(key Key, says, flags, risk string) {
	care := Safe
	if risk != "" {
		care = Asks
	}

	c.found = append(c.found, Finding{Key: key, Level: Drift, Says: says, Mend: c.update(flags), Care: care, Risk: risk})
}

// byHand notes what a person has to decide.
func (c *checker) byHand(key Key, level Level, says, mend string) {
	c.found = append(c.found, Finding{Key: key, Level: level, Says: says, Mend: mend, Care: ByHand})
}

func (c *checker) update(flags string) string {
	return "gcloud storage buckets update gs://" + c.wanted.Name + " " + flags
}

// remains looks for what would let a deleted object live on, or keep it from
// being deleted. A change of these acts on later objects only.
func (c *checker) remains() {
	if c.have.SoftDelete > 0 {
		c.drift(SoftDelete, fmt.Sprintf("deleted objects stay for %s, wanted none", spell(c.have.SoftDelete)), "--clear-soft-delete", "")
	}

	if c.have.Versioning {
		c.drift(Versioning, "old generations are kept", "--no-versioning", "")
	}

	if c.have.DefaultHold {
		c.drift(DefaultHold, "each new object gets a hold", "--no-default-event-based-hold", "")
	}
}

func (c *checker) access() {
	if !c.have.UniformAccess {
		c.drift(UniformAccess, "objects have access lists of their own", "--uniform-bucket-level-access", "")
	}

	if !c.have.PublicAccessPrevented {
		c.drift(PublicAccess, "public access is not prevented", "--public-access-prevention", "")
	}
}

// retention: a longer one than the promise allows breaks the ceiling, a shorter
// one leaves the floor to Steward alone.
func (c *checker) retention() {
	have, want := c.have.Retention, c.want.Retention
	says := fmt.Sprintf("the retention is %s, wanted %s", spell(have), spell(want))
	flags := retentionFlag(want)

	switch most := max(want, c.wanted.MostRetention); {
	case have > most && c.have.RetentionLocked:
		c.byHand(RetentionLocked, Drift, says+", and it is locked: nothing here can be deleted in time, and the lock never opens",
			"no setting does: name a new bucket in the policy, then run: steward setup")
	case have > most:
		c.drift(RetentionLong, says, flags, "objects can then be deleted earlier than this bucket allows now")
	case have > want && c.have.RetentionLocked:
		c.byHand(RetentionTight, Warning, says+": "+c.wanted.Tight,
			"it is locked and can only grow: name a new bucket in the policy, unless that may be")
	case have > want:
		c.byHand(RetentionTight, Warning, says+": "+c.wanted.Tight, c.update(flags))
	case have < want:
		c.byHand(RetentionShort, Warning, says+": the bucket itself does not guard against a deletion before its time", c.update(flags))
	}
}

// lifecycle wants exactly the one rule of the policy, or none. Every mend writes
// all rules anew, so what drops one that nobody knows is asked for.
func (c *checker) lifecycle() {
	have, want := c.have.LifecycleDeleteAfter, c.want.LifecycleDeleteAfter
	says := fmt.Sprintf("objects are deleted after %s, wanted %s", spell(have), spell(want))
	mend := c.lifecycleMend()

	dropped, sooner := "", fmt.Sprintf("what is older than %s is then deleted by the service itself", spell(want))
	if c.have.OtherLifecycleRules > 0 {
		dropped = "rules that somebody made are dropped"
	}

	lifecycle := func(key Key, says, risk string) {
		c.drift(key, says, "", risk)
		c.found[len(c.found)-1].Mend = mend
	}

	switch {
	case have == want:
	case have == 0:
		lifecycle(LifecycleMissing, says, also(sooner, dropped))
	case want == 0 || have < want:
		lifecycle(LifecycleEarly, says, dropped)
	default:
		lifecycle(LifecycleLate, says, also(sooner, dropped))
	}

	if other := c.have.OtherLifecycleRules; other > 0 {
		lifecycle(LifecycleUnknown,
			fmt.Sprintf("it has %d lifecycle rules that the policy does not know, which may delete early", other), dropped)
	}
}

func also(risk, other string) string {
	if other == "" {
		return risk
	}

	return risk + ", and " + other
}

// lifecycleMend writes the one rule to a file, since gcloud takes rules no other
// way.
func (c *checker) lifecycleMend() string {
	want := c.want.LifecycleDeleteAfter
	if want == 0 {
		return c.update("--clear-lifecycle")
	}

	return fmt.Sprintf(`echo '{"rule": [{"action": {"type": "Delete"}, "condition": {"age": %d}}]}' > lifecycle.json && %s`,
		want/day, c.update("--lifecycle-file=lifecycle.json"))
}

// place looks where the bucket is, and with which key it encrypts.
func (c *checker) place() {
	if !strings.EqualFold(c.have.Location, c.want.Location) {
		c.byHand(Location, Drift, fmt.Sprintf("it lies in %s, wanted %s", harmless(c.have.Location), c.want.Location),
			"set STEWARD_GCP_LOCATION, or name a new bucket in the policy: a bucket cannot move")
	}

	switch {
	case c.have.KMSKey == c.want.KMSKey:
	case c.want.KMSKey == "":
		c.byHand(KMSKeyUnnamed, Warning, "new objects need a key that the policy does not name, and cannot be read once that is destroyed",
			"name the key in storage.kms_key of the policy, or: "+c.update("--clear-default-encryption-key"))
	default:
		c.drift(KMSKey, "new objects are not encrypted with the key of the policy", "--default-encryption-key="+c.want.KMSKey,
			"uploads fail where the storage service may not use that key")
	}
}

// aPlace is what a name of a location looks like.
var aPlace = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// harmless keeps out of every sentence what is no name of a location: the text
// came from outside and goes to where people's data must not go.
func harmless(location string) string {
	if aPlace.MatchString(location) {
		return location
	}

	return "another place"
}

func retentionFlag(want time.Duration) string {
	if want == 0 {
		return "--clear-retention-period"
	}

	return fmt.Sprintf("--retention-period=%ds", int64(want.Seconds()))
}

// spell says a duration as a policy would, in days where they are whole.
func spell(d time.Duration) string {
	switch {
	case d == 0:
		return "none"
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return d.String()
	}
}
