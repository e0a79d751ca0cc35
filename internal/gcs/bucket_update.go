package gcs

import (
	"context"

	"cloud.google.com/go/storage"

	"steward/internal/failure"
)

// Update changes what differs between the settings that were read and those
// that are wanted, in one request, and nothing else. Location, a lock and the
// number of other lifecycle rules cannot be set: where lifecycle differs, the one
// rule of the wanted settings replaces all others.
//
// It fails with BucketChanged where somebody else changed the bucket after it was
// read, and with ObjectNotFound, Unauthorised or StorageRefused as the service answers. An
// answer that is lost leaves the change made or not; calling it again ends right.
func (b *Bucket) Update(ctx context.Context, read, wanted Settings) error {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	const op = "changing a bucket's settings"

	changed, err := b.raw.If(storage.BucketConditions{MetagenerationMatch: read.Metageneration}).Update(ctx, changes(read, wanted))
	if failure.Is(coded(op, err), failure.ObjectExists) {
		// The precondition did not hold: another's change, or our own whose answer
		// was lost and which was sent again.
		changed, err = b.raw.Attrs(ctx)
	}

	if err != nil {
		return coded(op, err)
	}

	if !alike(settingsOf(changed), wanted) {
		return failure.New(failure.BucketChanged, op)
	}

	return nil
}

// alike compares what Update can set.
func alike(have, wanted Settings) bool {
	have.Location, have.RetentionLocked, have.Metageneration = wanted.Location, wanted.RetentionLocked, wanted.Metageneration

	return have == wanted
}

func changes(read, wanted Settings) storage.BucketAttrsToUpdate {
	var update storage.BucketAttrsToUpdate

	if read.SoftDelete != wanted.SoftDelete {
		update.SoftDeletePolicy = &storage.SoftDeletePolicy{RetentionDuration: wanted.SoftDelete}
	}

	if read.Versioning != wanted.Versioning {
		update.VersioningEnabled = wanted.Versioning
	}

	if read.DefaultHold != wanted.DefaultHold {
		update.DefaultEventBasedHold = wanted.DefaultHold
	}

	if read.UniformAccess != wanted.UniformAccess {
		update.UniformBucketLevelAccess = &storage.UniformBucketLevelAccess{Enabled: wanted.UniformAccess}
	}

	if read.PublicAccessPrevented != wanted.PublicAccessPrevented {
		update.PublicAccessPrevention = prevention(wanted)
	}

	if read.Retention != wanted.Retention {
		update.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: wanted.Retention}
	}

	if read.LifecycleDeleteAfter != wanted.LifecycleDeleteAfter || read.OtherLifecycleRules != wanted.OtherLifecycleRules {
		lifecycle := lifecycleOf(wanted)
		update.Lifecycle = &lifecycle
	}

	if read.KMSKey != wanted.KMSKey {
		update.Encryption = &storage.BucketEncryption{DefaultKMSKeyName: wanted.KMSKey}
	}

	return update
}

func prevention(settings Settings) storage.PublicAccessPrevention {
	if settings.PublicAccessPrevented {
		return storage.PublicAccessPreventionEnforced
	}

	return storage.PublicAccessPreventionInherited
}
