package gcs

import (
	"net/http"
	"time"
)

// patchBucket changes attributes. A locked retention policy may only grow.
func patchBucket(c *call) error {
	patch, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	return c.changeBucket(wanted, func(b *bucket, now time.Time) (document, error) {
		return stampPolicies(b.Fields, merged(b.Fields, patch), now), nil
	})
}

// lockBucket locks the retention policy for ever. The metageneration is required, so that nobody locks a
// policy that was changed under him.
func lockBucket(c *call) error {
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	if wanted.MetagenerationMatch == nil {
		return refuse(http.StatusBadRequest, "required", "Required parameter: ifMetagenerationMatch")
	}
	return c.changeBucket(wanted, func(b *bucket, _ time.Time) (document, error) {
		if b.config.RetentionPolicy == nil {
			return nil, invalid("The bucket has no retention policy to lock.")
		}
		return merged(b.Fields, document{"retentionPolicy": map[string]any{"isLocked": true}}), nil
	})
}

// changeBucket commits new fields under the next metageneration and replies with the bucket.
func (c *call) changeBucket(wanted conditions, change func(b *bucket, now time.Time) (document, error)) error {
	var reply document
	err := c.inBucket(func(s *store, b *bucket, now time.Time) error {
		if err := wanted.compare(b.Generation, b.Metageneration, false); err != nil {
			return err
		}
		next := *b
		var err error
		if next.Fields, err = change(b, now); err != nil {
			return err
		}
		if next.config, err = configure(next.Fields); err != nil {
			return err
		}
		if err := checkRetentionChange(b.config.RetentionPolicy, next.config.RetentionPolicy); err != nil {
			return err
		}
		next.Metageneration++
		next.Updated = now
		reply = next.resource()
		return s.putBucket(&next)
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}
