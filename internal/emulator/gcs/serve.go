package gcs

import (
	"net/http"
	"strings"
)

// adminPrefix can be no bucket, since a bucket's name does not begin with "_".
const adminPrefix = "/_emulator/"

// serve is the way of every request: administration, then route, fault, handler, log.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !isLoopback(r.RemoteAddr) {
		http.Error(w, "loopback only", http.StatusForbidden)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, adminPrefix); ok {
		s.serveAdmin(w, r, rest)
		return
	}
	operation, params := classify(r)
	body := &countingBody{inner: r.Body}
	r.Body = body
	counted := &countingWriter{ResponseWriter: w}
	c := &call{server: s, w: counted, r: r, query: r.URL.Query(), operation: operation, params: params}
	c.nameUpload()
	asked := Hit{Operation: operation, Bucket: c.bucketName(), Object: c.objectName(), UserAgent: r.UserAgent()}
	fault := s.faults.take(asked)
	if fault.Met != nil {
		fault.Met(asked)
	}
	defer func() { // also when the connection is aborted
		s.log.add(Request{
			Time: s.now(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Operation: operation,
			Bucket: c.bucketName(), Object: c.objectName(), Status: counted.status, Fault: fault.Mode,
			BytesIn: body.read, BytesOut: counted.written,
		})
	}()
	s.dispatch(c, fault)
}

// nameUpload finds the object name of an upload, so that faults and the log can tell it.
func (c *call) nameUpload() {
	if c.params == nil || c.params["object"] != "" {
		return
	}
	if name := c.query.Get("name"); name != "" {
		c.params["object"] = name
	}
	if id := c.query.Get("upload_id"); id != "" {
		c.params["object"] = c.server.store.sessionObject(id)
	}
}

// answer runs the handler of the operation and sends a refusal if it gives one.
func (s *Server) answer(c *call) {
	err := error(unsupported(c.r.Method + " " + c.r.URL.Path))
	if c.r.Header.Get("X-Goog-Encryption-Algorithm") != "" {
		err = unsupported("customer-supplied encryption keys")
	} else if handler := handlers[c.operation]; handler != nil {
		err = handler(c)
	}
	if err == nil {
		return
	}
	if sent, ok := c.w.(interface{ started() bool }); ok && sent.started() {
		return // the response is under way; the client sees it cut short
	}
	// A client that is gone cannot be told: the error of this write says nothing new.
	_ = c.fail(asAPIError(err)) //nolint:errcheck // the client may have left
}
