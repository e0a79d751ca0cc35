package gcs

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one request on its way through the emulator.
type call struct {
	server    *Server
	w         http.ResponseWriter
	r         *http.Request
	query     url.Values
	operation Operation
	params    map[string]string
}

func (c *call) bucketName() string { return c.params["bucket"] }
func (c *call) objectName() string { return c.params["object"] }

// flag reports whether a parameter of the query is switched on.
func (c *call) flag(name string) bool { return c.query.Get(name) == "true" }

// isXML reports whether the request came over the XML API, whose errors and preconditions look different.
func (c *call) isXML() bool {
	path := c.r.URL.Path
	return !strings.HasPrefix(path, "/storage/v1/") && !strings.HasPrefix(path, "/upload/")
}

// inStore runs work under the store's lock at one instant, after everything that was due has been done.
func (c *call) inStore(work func(s *store, now time.Time) error) error {
	s := c.server.store
	s.mu.Lock()
	defer s.mu.Unlock()
	now := c.server.now()
	if err := s.tick(now); err != nil {
		return err
	}
	return work(s, now)
}

// inBucket is inStore with the bucket of the path.
func (c *call) inBucket(work func(s *store, b *bucket, now time.Time) error) error {
	return c.inStore(func(s *store, now time.Time) error {
		b := s.buckets[c.bucketName()]
		if b == nil {
			return notFound("bucket")
		}
		return work(s, b, now)
	})
}

// generation reads the generation parameter; 0 when it is absent.
func (c *call) generation(name string) (int64, error) {
	text := c.query.Get(name)
	if text == "" {
		return 0, nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value <= 0 {
		return 0, invalid("Invalid value for %s: %q.", name, text)
	}
	return value, nil
}

// refuseParameters refuses a parameter that would change the result and is not implemented.
func (c *call) refuseParameters(names ...string) error {
	for _, name := range names {
		if value := c.query.Get(name); value != "" && value != "false" {
			return unsupported("the parameter " + name)
		}
	}
	return nil
}

// reply sends a JSON document.
func (c *call) reply(status int, doc document) error {
	body := c.server.grease.encode(doc)
	header := c.w.Header()
	header.Set("Content-Type", "application/json; charset=UTF-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, err := c.w.Write(body)
	return err //nolint:wrapcheck // the connection's own error; the caller only records it
}

// xmlError is the XML API's document of a refusal.
type xmlError struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
}

// fail sends a refusal in the form of the API that was asked.
func (c *call) fail(e *apiError) error {
	if e.status == http.StatusNotModified {
		c.w.WriteHeader(e.status)
		return nil
	}
	if !c.isXML() {
		return c.reply(e.status, errorBody(e))
	}
	body, err := xml.Marshal(xmlError{Code: e.reason, Message: e.message})
	if err != nil {
		return err //nolint:wrapcheck // cannot happen for two strings
	}
	c.w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	c.w.WriteHeader(e.status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, err = c.w.Write(body)
	return err //nolint:wrapcheck // the connection's own error; the caller only records it
}
