package problem

import (
	"maps"
	"net/http"
	"sync"

	"steward/internal/failure"
)

// Status is the HTTP status of a code: 500 for one that no handler should return.
func Status(code failure.Code) int {
	if status, known := statuses()[code]; known {
		return status
	}

	return http.StatusInternalServerError
}

// Known reports whether the table has a row for the code.
func Known(code failure.Code) bool {
	_, known := statuses()[code]

	return known
}

// statuses is the whole table, which nobody changes. It is made once: made for each
// refusal it was half of what one cost, and whoever floods us pays less than that.
//
//nolint:gochecknoglobals // a table
var statuses = sync.OnceValue(func() map[failure.Code]int {
	all := map[failure.Code]int{}
	for _, part := range []map[failure.Code]int{requests(), credentials(), accounts(), messages(), erasures()} {
		maps.Copy(all, part)
	}

	return all
})

// requests are the statuses of what can happen to any request.
func requests() map[failure.Code]int {
	return map[failure.Code]int{
		failure.RequestMalformed: http.StatusBadRequest,
		failure.RequestInvalid:   http.StatusUnprocessableEntity,
		failure.RequestTooLarge:  http.StatusRequestEntityTooLarge,
		failure.RequestTooSlow:   http.StatusRequestTimeout,
		failure.MediaTypeWrong:   http.StatusUnsupportedMediaType,
		failure.RouteUnknown:     http.StatusNotFound,
		failure.MethodWrong:      http.StatusMethodNotAllowed,
		failure.NotFound:         http.StatusNotFound,

		failure.CredentialsNeeded: http.StatusUnauthorized,
		failure.NotPermitted:      http.StatusForbidden,
		failure.CallerNotDirect:   http.StatusForbidden,
		failure.TooManyRequests:   http.StatusTooManyRequests,
		failure.TooBusy:           http.StatusServiceUnavailable,
		failure.Ending:            http.StatusServiceUnavailable,

		failure.IdempotencyMissing:  http.StatusBadRequest,
		failure.IdempotencyReused:   http.StatusUnprocessableEntity,
		failure.IdempotencyRunning:  http.StatusConflict,
		failure.IdempotencyNotYours: http.StatusConflict,
		failure.CursorInvalid:       http.StatusUnprocessableEntity,

		// What lies behind us.
		failure.Internal:          http.StatusInternalServerError,
		failure.Unauthorised:      http.StatusInternalServerError, // our own login, not the caller's
		failure.DatabaseOutOfDate: http.StatusServiceUnavailable,
		failure.Unavailable:       http.StatusServiceUnavailable,
		failure.TimedOut:          http.StatusServiceUnavailable,
		failure.Cancelled:         http.StatusServiceUnavailable, // by our end; the caller's own end reads no answer
	}
}
