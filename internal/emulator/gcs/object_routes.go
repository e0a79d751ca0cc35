package gcs

import (
	"net/http"
	"time"
)

// getObject answers metadata: of the live version, of a generation, or of a soft-deleted generation.
func getObject(c *call) error {
	generation, err := c.generation("generation")
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	softDeleted := c.flag("softDeleted")
	if softDeleted && generation == 0 {
		return refuse(http.StatusBadRequest, "required", "Required parameter: generation")
	}
	var reply document
	err = c.inBucket(func(_ *store, b *bucket, _ time.Time) error {
		v := b.find(c.objectName(), generation)
		if softDeleted {
			v = b.softDeleted(c.objectName(), generation)
		}
		if v == nil {
			return notFound("object")
		}
		reply = b.objectResource(c.objectName(), v)
		return wanted.check(v, true)
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

func (b *bucket) softDeleted(name string, generation int64) *version {
	v := b.version(name, generation)
	if v == nil || v.readable() {
		return nil
	}
	return v
}

// patchObject changes metadata of one version: holds, custom metadata, retention and so on.
func patchObject(c *call) error {
	patch, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	generation, err := c.generation("generation")
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	var reply document
	err = c.inBucket(func(s *store, b *bucket, now time.Time) error {
		v := b.find(c.objectName(), generation)
		if v == nil {
			return notFound("object")
		}
		if err := wanted.check(v, false); err != nil {
			return err
		}
		next := *v
		next.Fields = patchable(v.Fields, patch)
		override := c.flag("overrideUnlockedRetention")
		if err := b.checkObjectRetention(v.Fields, next.Fields, override, now); err != nil {
			return err
		}
		if v.Fields.flag("eventBasedHold") && !next.Fields.flag("eventBasedHold") {
			next.HoldReleased = now
		}
		next.Metageneration++
		next.Updated = now
		reply = b.objectResource(c.objectName(), &next)
		return s.putVersions(b, c.objectName(), b.replaced(c.objectName(), v, &next))
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

// patchable merges only what a writer may set; the service ignores the rest.
func patchable(fields, patch document) document {
	allowed := document{}
	for _, name := range []string{
		"contentType", "contentLanguage", "contentEncoding", "contentDisposition", "cacheControl", "metadata",
		"temporaryHold", "eventBasedHold", "customTime", "retention", "contexts", "acl",
	} {
		if value, given := patch[name]; given {
			allowed[name] = value
		}
	}
	return merged(fields, allowed)
}

// deleteObject deletes the live version, or the generation that is named. One that is soft-deleted is not
// found: it can only be restored or waited for.
func deleteObject(c *call) error {
	generation, err := c.generation("generation")
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	err = c.inBucket(func(s *store, b *bucket, now time.Time) error {
		v := b.find(c.objectName(), generation)
		if v == nil {
			return notFound("object")
		}
		if err := wanted.check(v, false); err != nil {
			return err
		}
		return s.remove(b, c.objectName(), v, generation != 0, now)
	})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// restoreObject makes a live copy of a soft-deleted version, under a new generation. The soft-deleted one
// stays until its hard delete time.
func restoreObject(c *call) error {
	generation, err := c.generation("generation")
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	var reply document
	err = c.inBucket(func(s *store, b *bucket, now time.Time) error {
		v := b.softDeleted(c.objectName(), generation)
		if v == nil {
			return notFound("object")
		}
		if err := wanted.check(b.live(c.objectName()), false); err != nil {
			return err
		}
		made, err := s.create(b, c.objectName(), *v, now)
		if err != nil {
			return err
		}
		reply = b.objectResource(c.objectName(), made)
		return nil
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}
