package gcs

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// upload is one whole object on its way in.
type upload struct {
	fields document
	media  io.Reader
	// finish reads what must follow the media for the request to be complete.
	finish func() error
}

// insertObject takes a whole object in one request, as multipart/related (resource, then media) or as bare
// media. The rename in create is the commit; a crash before it leaves nothing that can be seen.
func insertObject(c *call) error {
	incoming, err := c.openUpload()
	if err != nil {
		return err
	}
	name := c.query.Get("name")
	if name == "" {
		name = incoming.fields.text("name")
	}
	if name == "" {
		return refuse(http.StatusBadRequest, "required", "Required parameter: name")
	}
	c.params["object"] = name
	if key := c.query.Get("kmsKeyName"); key != "" {
		incoming.fields["kmsKeyName"] = key
	}
	s := c.server.store
	content, sum, err := s.storeContent(incoming.media)
	if err != nil {
		return err
	}
	if err := errors.Join(incoming.finish(), declare(incoming.fields, c.r.Header).verify(sum)); err != nil {
		return errors.Join(err, s.disk.remove(s.disk.content(content)))
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return errors.Join(err, s.disk.remove(s.disk.content(content)))
	}
	reply, err := c.commit(wanted, name, sum.version(content, incoming.fields))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

// commit makes content the live version of name if the preconditions hold, and removes the content if not.
func (c *call) commit(wanted conditions, name string, made version) (document, error) {
	var reply document
	err := c.inBucket(func(s *store, b *bucket, now time.Time) error {
		if err := wanted.check(b.live(name), false); err != nil {
			return err
		}
		created, err := s.create(b, name, made, now)
		if err != nil {
			return err
		}
		reply = b.objectResource(name, created)
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, c.server.store.discard(made.Content))
	}
	return reply, nil
}

// discard removes content that no version came to use.
func (s *store) discard(content string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refs[content] > 0 {
		return nil
	}
	return s.disk.remove(s.disk.content(content))
}

func (c *call) openUpload() (upload, error) {
	complete := func() error { return nil }
	switch kind := c.query.Get("uploadType"); kind {
	case "media":
		fields := document{}
		if contentType := c.r.Header.Get("Content-Type"); contentType != "" {
			fields["contentType"] = contentType
		}
		return upload{fields, c.r.Body, complete}, nil
	case "multipart":
		return c.openMultipart()
	default:
		return upload{}, invalid("Unknown uploadType %q.", kind)
	}
}

func (c *call) openMultipart() (upload, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		return upload{}, invalid("A multipart upload must be multipart/related with a boundary.")
	}
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	first, err := parts.NextRawPart()
	if err != nil {
		return upload{}, invalid("The first part of the upload is missing: %v", err)
	}
	fields, err := readDocument(first)
	if err != nil {
		return upload{}, err
	}
	media, err := parts.NextRawPart()
	if err != nil {
		return upload{}, invalid("The second part of the upload is missing: %v", err)
	}
	if contentType := media.Header.Get("Content-Type"); contentType != "" && fields.text("contentType") == "" {
		fields["contentType"] = contentType
	}
	finish := func() error {
		if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("a multipart upload has two parts: %w", invalid("Unexpected end of the upload."))
		}
		return nil
	}
	return upload{fields, media, finish}, nil
}
