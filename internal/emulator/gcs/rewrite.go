package gcs

import (
	"errors"
	"net/http"
	"time"
)

// rewriteObject copies a version to another name or bucket. The content file is shared, but between locations
// and storage classes the caller has to come back with a token until the last byte is "copied", as there.
// Metadata given by the caller replaces that of the source.
func rewriteObject(c *call) error {
	fields, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	generation, err := c.generation("sourceGeneration")
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	wantedSource, err := queryConditions(c.query, true)
	if err != nil {
		return err
	}
	var reply document
	var progress rewriteProgress
	var size int64
	err = c.inBucket(func(s *store, from *bucket, now time.Time) error {
		v, to := from.find(c.objectName(), generation), s.buckets[c.params["toBucket"]]
		name := c.params["toObject"]
		if v == nil || to == nil {
			return notFound("object")
		}
		err := errors.Join(wantedSource.check(v, false), wanted.check(to.live(name), false))
		if err != nil {
			return err
		}
		if progress, err = c.step(v, from, to); err != nil || progress.Done < v.Size {
			size = v.Size
			return err
		}
		copied := *v
		copied.Fields = copiedFields(v.Fields, fields)
		if key := c.query.Get("destinationKmsKeyName"); key != "" {
			copied.Fields["kmsKeyName"] = key
		}
		made, err := s.create(to, name, copied, now)
		if err != nil {
			return err
		}
		reply = to.objectResource(name, made)
		return nil
	})
	if err != nil {
		return err
	}
	if progress.Done < size {
		return c.unfinished(progress, size)
	}
	done := answer("rewriteResponse")
	done["done"], done["resource"] = true, reply
	done["objectSize"], done["totalBytesRewritten"] = reply["size"], reply["size"]
	return c.reply(http.StatusOK, done)
}

// copiedFields are the metadata of a copy: the caller's if there are any, else the source's without its
// holds and retention, which belong to the source.
func copiedFields(source, given document) document {
	delete(given, "bucket") // the client sends it in every resource
	delete(given, "name")
	if len(given) > 0 {
		return given
	}
	out := merged(source, nil)
	for _, own := range []string{"temporaryHold", "eventBasedHold", "retention", "kmsKeyName", "storageClass"} {
		delete(out, own)
	}
	return out
}
