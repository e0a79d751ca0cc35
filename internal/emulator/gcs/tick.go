package gcs

import (
	"errors"
	"slices"
	"time"
)

// sessionLife is how long an unfinished resumable session lives
// (cloud.google.com/storage/docs/resumable-uploads: one week).
const sessionLife = 7 * day

// tick does what has become due by now: the end of soft-deleted versions, lifecycle rules, old sessions.
// It runs before each request under the store's lock. It is idempotent, so that a crash within it is
// finished by the next request.
func (s *store) tick(now time.Time) error {
	var errs []error
	for _, b := range s.buckets {
		errs = append(errs, s.tickBucket(b, now))
	}
	for id, open := range s.sessions {
		if !now.Before(open.Created.Add(sessionLife)) {
			errs = append(errs, s.dropSession(id))
		}
	}
	return errors.Join(errs...)
}

// tickBucket looks at every object, unless it found before that time alone ends none of them: it is asked before each
// request, and a bucket may have thousands.
func (s *store) tickBucket(b *bucket, now time.Time) error {
	if b.lasting && len(b.config.Lifecycle.Rule) == 0 {
		return nil
	}
	var errs []error
	b.lasting = true
	for name := range b.objects {
		if err := errors.Join(s.endSoftDeleted(b, name, now), s.applyLifecycle(b, name, now)); err != nil {
			errs = append(errs, err)
		}
		if o := b.objects[name]; o != nil && slices.ContainsFunc(o.Versions, softDeleted) {
			b.lasting = false
		}
	}
	return errors.Join(errs...)
}

func softDeleted(v *version) bool { return !v.SoftDeleted.IsZero() }

func (s *store) endSoftDeleted(b *bucket, name string, now time.Time) error {
	o := b.objects[name]
	ended := func(v *version) bool { return !v.SoftDeleted.IsZero() && !now.Before(v.HardDelete) }
	if !slices.ContainsFunc(o.Versions, ended) {
		return nil
	}
	var kept []*version
	for _, v := range o.Versions {
		if !ended(v) {
			kept = append(kept, v)
		}
	}
	return s.putVersions(b, name, kept)
}

func (s *store) applyLifecycle(b *bucket, name string, now time.Time) error {
	o := b.objects[name]
	if o == nil || len(b.config.Lifecycle.Rule) == 0 {
		return nil
	}
	for i, v := range o.Versions {
		if !v.SoftDeleted.IsZero() {
			continue // lifecycle does not touch what is soft-deleted
		}
		newer := int64(0)
		for _, other := range o.Versions[i+1:] {
			if other.SoftDeleted.IsZero() {
				newer++
			}
		}
		if err := s.applyRules(b, name, v, newer, now); err != nil {
			return err
		}
	}
	return nil
}

// applyRules lets Delete win over SetStorageClass, as the service does. A version that is held or retained
// is skipped and found again later.
func (s *store) applyRules(b *bucket, name string, v *version, newer int64, now time.Time) error {
	class := ""
	for _, rule := range b.config.Lifecycle.Rule {
		if !rule.Condition.matches(name, v, newer, now) {
			continue
		}
		switch rule.Action.Type {
		case "Delete":
			err := s.remove(b, name, v, false, now)
			if _, refused := errors.AsType[*apiError](err); refused {
				return nil
			}
			return err
		case "SetStorageClass":
			class = rule.Action.StorageClass
		}
	}
	if class == "" || class == v.Fields.text("storageClass") {
		return nil
	}
	changed := *v
	changed.Fields = merged(v.Fields, document{"storageClass": class})
	return s.putVersions(b, name, b.replaced(name, v, &changed))
}
