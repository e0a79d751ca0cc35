package guard

import "steward/internal/gcs"

// Mended is have with what these keys name set right, and nothing else changed.
// Keys that no setting mends are passed over.
func Mended(wanted Bucket, have gcs.Settings, keys ...Key) gcs.Settings {
	want := wanted.Settings

	for _, key := range keys {
		switch key {
		case SoftDelete:
			have.SoftDelete = 0
		case Versioning:
			have.Versioning = false
		case DefaultHold:
			have.DefaultHold = false
		case UniformAccess:
			have.UniformAccess = true
		case PublicAccess:
			have.PublicAccessPrevented = true
		case RetentionLong:
			have.Retention = want.Retention
		case LifecycleEarly, LifecycleLate, LifecycleMissing, LifecycleUnknown:
			have.LifecycleDeleteAfter, have.OtherLifecycleRules = want.LifecycleDeleteAfter, 0
		case KMSKey:
			have.KMSKey = want.KMSKey
		case RetentionLocked, RetentionTight, RetentionShort, Location, KMSKeyUnnamed, Missing, Unreadable:
		}
	}

	return have
}
