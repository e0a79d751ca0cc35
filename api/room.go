package main

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/failure"
)

// What requests may take together while they are worked on. A database that hangs keeps
// each of them for as long as a handler may work, with its body.
const (
	// roomForAll is that for all requests, in bytes of their bodies; read, a body takes
	// some times that. It is enough for 64 of the largest bodies, which is more signs of
	// life than may wait to be written, and for 4,096 small requests.
	roomForAll = 64 << 20
	// roomForOne is what each request takes at least: a connection, its goroutine, and
	// what is read into memory for it.
	roomForOne = 16 << 10
)

// enter takes room for a request until leave is called. It fails with TooBusy, at once,
// where there is none: whoever waited would take it in another place. What anybody may
// read without credentials has no body, and is answered in any case.
func (t *routes) enter(r *http.Request, op *huma.Operation, rule access.Rule) (leave func(), err error) {
	if rule.Public {
		return func() {}, nil
	}

	takes := int64(roomForOne)

	if op.RequestBody != nil {
		// A body that does not say how long it is may be as long as any.
		if takes = r.ContentLength; takes < 0 || takes > op.MaxBodyBytes {
			takes = op.MaxBodyBytes
		}

		takes = max(takes, roomForOne)
	}

	if !t.room.TryAcquire(takes) {
		return func() {}, failure.New(failure.TooBusy, "looking for room for the request")
	}

	return func() { t.room.Release(takes) }, nil
}
