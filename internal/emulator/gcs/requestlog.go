package gcs

import (
	"slices"
	"sync"
	"time"
)

// Request is one line of the log: who asked for what, never the content.
type Request struct {
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Path      string    `json:"path"` // escaped, as sent
	Query     string    `json:"query,omitempty"`
	Operation Operation `json:"operation"` // empty for a route that does not exist
	Bucket    string    `json:"bucket,omitempty"`
	Object    string    `json:"object,omitempty"`
	Status    int       `json:"status"` // 0 when the connection was dropped instead
	Fault     Mode      `json:"fault,omitempty"`
	BytesIn   int64     `json:"bytes_in"`
	BytesOut  int64     `json:"bytes_out"`
}

// maxRequests bounds the log: enough for any one test, little beside one upload buffer.
const maxRequests = 4096

// requestLog keeps the newest requests.
type requestLog struct {
	mu      sync.Mutex // guards everything below
	entries []Request
	next    int // where the ring continues once it is full
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) < maxRequests {
		l.entries = append(l.entries, r)
		return
	}
	l.entries[l.next] = r
	l.next = (l.next + 1) % maxRequests
}

// Requests returns the newest requests, oldest first, at most 4096: what a test that looks for planted
// personal data has to read.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Concat(s.log.entries[s.log.next:], s.log.entries[:s.log.next])
}
