package gcs

import "time"

// create commits content as the new live version of name. What was live ends as the bucket says: noncurrent
// with versioning, else soft-deleted or gone. Callers hold the store's lock and have checked preconditions.
func (s *store) create(b *bucket, name string, made version, now time.Time) (*version, error) {
	old := b.live(name)
	var err error
	if old != nil && !b.config.Versioning.Enabled {
		if err := b.protection(old, now); err != nil {
			return nil, err
		}
	}
	made.Metageneration, made.Created, made.Updated = 1, now, now
	made.Noncurrent, made.SoftDeleted, made.HardDelete, made.HoldReleased = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	made.Fields = b.newObjectFields(made.Fields)
	if err := b.checkObjectRetention(nil, made.Fields, false, now); err != nil {
		return nil, err
	}
	if made.Generation, err = s.generation(now); err != nil {
		return nil, err
	}
	var ended *version
	if old != nil {
		ended = b.ended(old, b.config.Versioning.Enabled, now)
	}
	versions := append(b.replaced(name, old, ended), &made) // the newest generation sorts last
	if err := s.putVersions(b, name, versions); err != nil {
		return nil, err
	}
	return &made, nil
}

// newObjectFields adds what the bucket gives every new object.
func (b *bucket) newObjectFields(fields document) document {
	out := merged(fields, nil)
	for _, managed := range []string{
		"kind", "id", "bucket", "name", "generation", "metageneration", "size", "crc32c", "md5Hash", "etag",
		"timeCreated", "updated", "selfLink", "mediaLink", "owner",
	} {
		delete(out, managed)
	}
	if out.text("storageClass") == "" {
		out["storageClass"] = b.config.StorageClass
	}
	if _, set := out["eventBasedHold"]; !set && b.config.DefaultEventBasedHold {
		out["eventBasedHold"] = true
	}
	if key := b.config.Encryption.DefaultKmsKeyName; key != "" && out.text("kmsKeyName") == "" {
		out["kmsKeyName"] = key
	}
	return out
}

// ended is what becomes of a version that is replaced or deleted: a noncurrent copy, a soft-deleted copy,
// or nil when nothing remains.
func (b *bucket) ended(v *version, keepNoncurrent bool, now time.Time) *version {
	last := *v
	if keepNoncurrent {
		last.Noncurrent = now
		return &last
	}
	keep := b.config.SoftDeletePolicy.duration()
	if keep == 0 {
		return nil
	}
	last.SoftDeleted, last.HardDelete = now, now.Add(keep)
	return &last
}

// remove ends one version. A plain delete (generation not named) in a versioned bucket makes it noncurrent;
// every other delete is permanent but for soft delete, and is refused by holds and retention.
func (s *store) remove(b *bucket, name string, v *version, named bool, now time.Time) error {
	keepNoncurrent := b.config.Versioning.Enabled && !named && v.live()
	if !keepNoncurrent {
		if err := b.protection(v, now); err != nil {
			return err
		}
	}
	return s.putVersions(b, name, b.replaced(name, v, b.ended(v, keepNoncurrent, now)))
}
