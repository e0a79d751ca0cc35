package gcs

import (
	"context"
	"reflect"
	"time"

	"cloud.google.com/go/storage"

	"steward/internal/failure"
)

// day is the unit of lifecycle rules.
const day = 24 * time.Hour

// Settings are those of a bucket that decide how long what is in it lives and
// who can see it.
type Settings struct {
	Location string
	// SoftDelete is how long deleted objects can be restored; 0 is off.
	SoftDelete time.Duration
	// Versioning keeps overwritten and deleted generations.
	Versioning bool
	// Retention is how long the bucket refuses to delete an object; 0 is none.
	Retention time.Duration
	// RetentionLocked means that Retention can only grow.
	RetentionLocked bool
	// DefaultHold puts an event-based hold on each new object.
	DefaultHold bool
	// UniformAccess switches object ACLs off.
	UniformAccess bool
	// PublicAccessPrevented forbids access without credentials.
	PublicAccessPrevented bool
	// LifecycleDeleteAfter is the age at which the service deletes objects by
	// itself, in whole days; 0 is never. It is that of the first lifecycle rule
	// whose action is to delete and whose one condition is an age.
	LifecycleDeleteAfter time.Duration
	// OtherLifecycleRules is how many lifecycle rules the bucket has besides: each
	// may delete or move objects at a time that LifecycleDeleteAfter does not say.
	// Create ignores it.
	OtherLifecycleRules int
	// KMSKey encrypts new objects; empty means Google's own key.
	KMSKey string
	// Metageneration counts the changes of the settings: Update refuses to change
	// others than those that were read. Create ignores it.
	Metageneration int64
}

// Settings reads the bucket's settings. It fails with ObjectNotFound.
func (b *Bucket) Settings(ctx context.Context) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	attrs, err := b.raw.Attrs(ctx)
	if err != nil {
		return Settings{}, coded("reading a bucket's settings", err)
	}

	return settingsOf(attrs), nil
}

// Create makes the bucket with these settings. A bucket that exists already is
// left as it is, and created is false.
func (b *Bucket) Create(ctx context.Context, settings Settings) (created bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	_, err = b.raw.Attrs(ctx)
	if err == nil {
		return false, nil
	}

	if !failure.Is(coded("", err), failure.ObjectNotFound) {
		return false, coded("looking for a bucket", err)
	}

	err = coded("creating a bucket", b.raw.Create(ctx, b.client.project, attrsOf(settings)))
	if failure.Is(err, failure.ObjectExists) {
		return false, nil
	}

	return err == nil, err
}

func attrsOf(settings Settings) *storage.BucketAttrs {
	attrs := &storage.BucketAttrs{
		Location:                 settings.Location,
		SoftDeletePolicy:         &storage.SoftDeletePolicy{RetentionDuration: settings.SoftDelete},
		VersioningEnabled:        settings.Versioning,
		DefaultEventBasedHold:    settings.DefaultHold,
		UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: settings.UniformAccess},
	}
	if settings.PublicAccessPrevented {
		attrs.PublicAccessPrevention = storage.PublicAccessPreventionEnforced
	}

	if settings.Retention > 0 {
		attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: settings.Retention}
	}

	attrs.Lifecycle = lifecycleOf(settings)

	if settings.KMSKey != "" {
		attrs.Encryption = &storage.BucketEncryption{DefaultKMSKeyName: settings.KMSKey}
	}

	return attrs
}

// lifecycleOf is the one rule of the settings, or no rule.
func lifecycleOf(settings Settings) storage.Lifecycle {
	if settings.LifecycleDeleteAfter == 0 {
		return storage.Lifecycle{}
	}

	return storage.Lifecycle{Rules: []storage.LifecycleRule{{
		Action:    storage.LifecycleAction{Type: storage.DeleteAction},
		Condition: storage.LifecycleCondition{AgeInDays: int64(settings.LifecycleDeleteAfter / day)},
	}}}
}

func settingsOf(attrs *storage.BucketAttrs) Settings {
	settings := Settings{
		Location: attrs.Location, Versioning: attrs.VersioningEnabled, DefaultHold: attrs.DefaultEventBasedHold,
		Metageneration:        attrs.MetaGeneration,
		UniformAccess:         attrs.UniformBucketLevelAccess.Enabled,
		PublicAccessPrevented: attrs.PublicAccessPrevention == storage.PublicAccessPreventionEnforced,
	}
	if attrs.SoftDeletePolicy != nil {
		settings.SoftDelete = attrs.SoftDeletePolicy.RetentionDuration
	}

	if attrs.RetentionPolicy != nil {
		settings.Retention = attrs.RetentionPolicy.RetentionPeriod
		settings.RetentionLocked = attrs.RetentionPolicy.IsLocked
	}

	if attrs.Encryption != nil {
		settings.KMSKey = attrs.Encryption.DefaultKMSKeyName
	}

	for _, rule := range attrs.Lifecycle.Rules {
		if settings.LifecycleDeleteAfter > 0 || !deletesByAge(rule) {
			settings.OtherLifecycleRules++

			continue
		}

		settings.LifecycleDeleteAfter = time.Duration(rule.Condition.AgeInDays) * day
	}

	return settings
}

// deletesByAge reports whether a rule deletes every object of an age, and says
// nothing else: a condition that this program does not know counts as one.
func deletesByAge(rule storage.LifecycleRule) bool {
	age := rule.Condition.AgeInDays
	rule.Condition.AgeInDays = 0

	return rule.Action.Type == storage.DeleteAction && age > 0 && reflect.ValueOf(rule.Condition).IsZero()
}
