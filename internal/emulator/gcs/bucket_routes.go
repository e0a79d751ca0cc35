package gcs

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// insertBucket creates a bucket. The record's rename is the commit: a crash before it leaves no bucket.
func insertBucket(c *call) error {
	fields, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	name := fields.text("name")
	if !bucketName.MatchString(name) || strings.Contains(name, "..") {
		return invalid("Invalid bucket name: %q.", name)
	}
	c.params["bucket"] = name
	if c.flag("enableObjectRetention") {
		fields["objectRetention"] = map[string]any{"mode": "Enabled"}
	}
	var reply document
	err = c.inStore(func(s *store, now time.Time) error {
		if s.buckets[name] != nil {
			return refuse(http.StatusConflict, "conflict",
				"Your previous request to create the named bucket succeeded and you already own it.")
		}
		b := &bucket{
			Name: name, Project: c.query.Get("project"), Created: now, Updated: now, Metageneration: 1,
			Fields: withDefaults(fields, now), objects: map[string]*object{},
		}
		if b.config, err = configure(b.Fields); err != nil {
			return err
		}
		if b.Generation, err = s.generation(now); err != nil {
			return err
		}
		reply = b.resource()
		return s.putBucket(b)
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

func getBucket(c *call) error {
	if err := c.refuseParameters("softDeleted", "generation"); err != nil {
		return err
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	var reply document
	err = c.inBucket(func(_ *store, b *bucket, _ time.Time) error {
		reply = b.resource()
		return wanted.compare(b.Generation, b.Metageneration, true)
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

func listBuckets(c *call) error {
	if err := c.refuseParameters("softDeleted"); err != nil {
		return err
	}
	limit, err := c.pageSize()
	if err != nil {
		return err
	}
	after, err := decodeToken(c.query.Get("pageToken"))
	if err != nil {
		return err
	}
	project, prefix := c.query.Get("project"), c.query.Get("prefix")
	reply := answer("buckets")
	err = c.inStore(func(s *store, _ time.Time) error {
		var names []string
		for name, b := range s.buckets {
			if b.Project == project && strings.HasPrefix(name, prefix) && name > after.Name {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if len(names) > limit {
			names = names[:limit]
			reply["nextPageToken"] = pageToken{Name: names[limit-1]}.encode()
		}
		items := make([]any, 0, len(names))
		for _, name := range names {
			items = append(items, s.buckets[name].resource())
		}
		reply["items"] = items
		return nil
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

func deleteBucket(c *call) error {
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	err = c.inBucket(func(s *store, b *bucket, _ time.Time) error {
		if err := wanted.compare(b.Generation, b.Metageneration, false); err != nil {
			return err
		}
		for _, o := range b.objects {
			if slices.ContainsFunc(o.Versions, (*version).readable) {
				return refuse(http.StatusConflict, "conflict", "The bucket you tried to delete is not empty.")
			}
		}
		return s.dropBucket(b)
	})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
