package guard

import "strings"

// Key names one kind of finding. It is stable: histories and scripts hold it.
type Key string

// The keys.
const (
	// SoftDelete: what was deleted lives on for a while, and cannot be removed.
	SoftDelete Key = "soft_delete"
	// Versioning: what was overwritten or deleted lives on as an old generation.
	Versioning Key = "versioning"
	// DefaultHold: each new object gets a hold, which no prune gets past.
	DefaultHold Key = "default_hold"
	// UniformAccess: objects have access lists of their own, which nobody looks at.
	UniformAccess Key = "uniform_access"
	// PublicAccess: the bucket could be opened to everybody.
	PublicAccess Key = "public_access"
	// RetentionLong: nothing can be deleted when its time is over.
	RetentionLong Key = "retention_long"
	// RetentionLocked: the same, and it can never be shortened.
	RetentionLocked Key = "retention_locked"
	// RetentionTight: what took long to upload cannot be deleted in time.
	RetentionTight Key = "retention_tight"
	// RetentionShort: the bucket itself does not guard the floor.
	RetentionShort Key = "retention_short"
	// LifecycleEarly: the service deletes before the promise's end.
	LifecycleEarly Key = "lifecycle_early"
	// LifecycleLate: the net lies too low.
	LifecycleLate Key = "lifecycle_late"
	// LifecycleMissing: there is no net under the prune.
	LifecycleMissing Key = "lifecycle_missing"
	// LifecycleUnknown: rules that the policy does not know may delete early.
	LifecycleUnknown Key = "lifecycle_unknown"
	// Location: the bucket lies elsewhere.
	Location Key = "location"
	// KMSKey: new objects are not encrypted with the policy's key.
	KMSKey Key = "kms_key"
	// KMSKeyUnnamed: new objects depend on a key that the policy does not name.
	KMSKeyUnnamed Key = "kms_key_unnamed"
	// Missing: there is no such bucket.
	Missing Key = "missing"
	// Unreadable: its settings may not be read, so nothing is known of them.
	Unreadable Key = "unreadable"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	// Drift breaks a promise: nothing more is stored until it is mended.
	Drift Level = "drift"
	// Warning works, and should be looked at.
	Warning Level = "warning"
)

// Care says who may mend a finding.
type Care string

// The cares.
const (
	// Safe destroys nothing that is there and opens nothing to anybody: a program
	// may do it without a question.
	Safe Care = "safe"
	// Asks can let something be deleted, take a protection away or stop uploads:
	// a program may do it once a person said yes.
	Asks Care = "asks"
	// ByHand is for a person: no change of a setting mends it, or whether to
	// change it is a decision that a policy does not make.
	ByHand Care = "by hand"
)

// Finding is one setting of a bucket that is not as the policy needs it.
type Finding struct {
	// Key names the kind of finding.
	Key Key `json:"key"`
	// Level is drift or warning.
	Level Level `json:"level"`
	// Says is what is wrong, in a sentence without its end.
	Says string `json:"says"`
	// Mend is the command that mends it, or what to do where none does.
	Mend string `json:"mend"`
	// Care is "safe", "asks" or "by hand".
	Care Care `json:"care"`
	// Risk is what mending can cost, in words; empty where it is safe.
	Risk string `json:"risk,omitempty"`
}

// String is what people read.
func (f Finding) String() string { return f.Says + "; mend: " + f.Mend }

// Drifts are those of the findings that break a promise.
func Drifts(found []Finding) []Finding {
	var drifts []Finding

	for _, one := range found {
		if one.Level == Drift {
			drifts = append(drifts, one)
		}
	}

	return drifts
}

// Sentence is all findings in one text; empty for none.
func Sentence(found []Finding) string {
	texts := make([]string, len(found))
	for i, one := range found {
		texts[i] = one.String()
	}

	return strings.Join(texts, "; ")
}
