package gcs

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// statusClientClosed is what the service answers to a cancelled session.
const statusClientClosed = 499

// startUpload opens a resumable session. Preconditions are looked at now, to spare the client a vain
// upload, and again when it finishes. A crash after the record's rename leaves a session that expires.
func startUpload(c *call) error {
	fields, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	name := c.query.Get("name")
	if name == "" {
		name = fields.text("name")
	}
	if name == "" {
		return refuse(http.StatusBadRequest, "required", "Required parameter: name")
	}
	c.params["object"] = name
	if key := c.query.Get("kmsKeyName"); key != "" {
		fields["kmsKeyName"] = key
	}
	if contentType := c.r.Header.Get("X-Upload-Content-Type"); contentType != "" && fields.text("contentType") == "" {
		fields["contentType"] = contentType
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	open := &session{
		ID: newID(), Bucket: c.bucketName(), Name: name, Fields: fields,
		Conditions: wanted, Declared: declare(fields, c.r.Header), sum: newDigest(),
	}
	err = c.inBucket(func(s *store, b *bucket, now time.Time) error {
		if err := wanted.check(b.live(name), false); err != nil {
			return err
		}
		open.Created = now
		return s.addSession(open)
	})
	if err != nil {
		return err
	}
	query := url.Values{"uploadType": {"resumable"}, "name": {name}, "upload_id": {open.ID}}
	location := url.URL{Scheme: "http", Host: c.r.Host, Path: c.r.URL.Path, RawQuery: query.Encode()}
	c.w.Header().Set("Location", location.String())
	c.w.Header().Set("X-Guploader-Uploadid", open.ID)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// cancelUpload ends a session; what it held is gone.
func cancelUpload(c *call) error {
	open, err := c.session()
	if err != nil {
		return err
	}
	open.mu.Lock()
	defer open.mu.Unlock()
	err = c.inStore(func(s *store, _ time.Time) error { return s.dropSession(open.ID) })
	if err != nil {
		return err
	}
	c.w.WriteHeader(statusClientClosed)
	return nil
}

func (c *call) session() (*session, error) {
	open := c.server.store.findSession(c.query.Get("upload_id"))
	if open == nil || open.Bucket != c.bucketName() {
		return nil, notFound("upload session")
	}
	return open, nil
}

// refusedBytes is how much of a refused chunk is read before the answer: more than any chunk of a client here.
const refusedBytes = 64 << 20

// continueUpload takes a chunk, a status query, or the end of an upload. What is refused is read to its end: else the
// connection would be reset under a client that still sends, and the answer lost.
func continueUpload(c *call) error {
	err := c.goOn()
	if err != nil {
		// A client that is gone is told nothing.
		_, _ = io.CopyN(io.Discard, c.r.Body, refusedBytes) //nolint:errcheck // see above
	}
	return err
}

// goOn is continueUpload, which may leave some of the request unread.
func (c *call) goOn() error {
	open, err := c.session()
	if err != nil {
		return err
	}
	open.mu.Lock()
	defer open.mu.Unlock()
	if open.Done != nil {
		return c.reply(http.StatusOK, open.Done)
	}
	if c.server.store.findSession(open.ID) == nil {
		return notFound("upload session") // it was cancelled while this request waited
	}
	header := c.r.Header.Get("Content-Range")
	if header == "" {
		return c.wholeUpload(open)
	}
	asked, err := parseContentRange(header)
	if err != nil {
		return err
	}
	if asked.bytes {
		return c.chunk(open, asked)
	}
	size, err := c.server.store.persisted(open)
	if err != nil {
		return err
	}
	switch {
	case asked.total == size:
		return c.finish(open)
	case asked.total >= 0 && asked.total < size:
		return invalid("The total size %d is less than the %d bytes already uploaded.", asked.total, size)
	}
	return c.incomplete(size)
}

// incomplete answers 308 with what is persisted; as 200 and a header to clients that ask for it, since 308
// means something else today.
func (c *call) incomplete(size int64) error {
	if size > 0 {
		c.w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", size-1))
	}
	if c.r.Header.Get("X-Guploader-No-308") == "yes" {
		c.w.Header().Set("X-Http-Status-Code-Override", "308")
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	c.w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}

// finish commits the object. The record's rename is the commit; a crash between it and the session's own
// record is repaired by Open, which finds the object that uses the session's bytes.
func (c *call) finish(open *session) error {
	if err := open.Declared.over(declare(nil, c.r.Header)).verify(open.sum); err != nil {
		return errors.Join(err, c.abandon(open))
	}
	made := open.sum.version(open.ID, open.Fields)
	err := c.inBucket(func(s *store, b *bucket, now time.Time) error {
		if s.sessions[open.ID] != open {
			return notFound("upload session") // it expired while its last bytes arrived
		}
		if err := open.Conditions.check(b.live(open.Name), false); err != nil {
			return err
		}
		created, err := s.create(b, open.Name, made, now)
		if err != nil {
			return err
		}
		done := b.objectResource(open.Name, created)
		open.Done = done
		return s.addSession(open)
	})
	if _, refused := errors.AsType[*apiError](err); refused {
		return errors.Join(err, c.abandon(open))
	}
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, open.Done)
}

// abandon ends a session whose object was refused: the client has to begin again.
func (c *call) abandon(open *session) error {
	return c.inStore(func(s *store, _ time.Time) error { return s.dropSession(open.ID) })
}
