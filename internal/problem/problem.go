// Package problem says over HTTP what went wrong: problem details (RFC 9457) made
// from the one failure table, and the one table of which status each code has.
// Only fixed texts, codes and places in the request leave it; never a value, since
// a value may be a person's data.
package problem

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"steward/internal/failure"
)

// ContentType is the media type of a problem, from RFC 9457.
const ContentType = "application/problem+json"

// typePrefix begins the type of every problem: the place of its code in the docs
// page that the service itself serves.
const typePrefix = "/docs#problem-"

// Problem is the body of every answer that is not a success. It implements huma's
// StatusError, HeadersError and ContentTypeFilter.
//
//nolint:errname // it is the word of RFC 9457
type Problem struct {
	Type      string       `json:"type" format:"uri-reference" doc:"Where this kind of problem is described." maxLength:"200"`
	Title     string       `json:"title" doc:"The fixed text of the code." maxLength:"200"`
	Status    int          `json:"status" doc:"The HTTP status." minimum:"400" maximum:"599"`
	Detail    string       `json:"detail,omitempty" doc:"What was being done, in fixed words." maxLength:"500"`
	Instance  string       `json:"instance,omitempty" format:"uri-reference" doc:"This occurrence." maxLength:"100"`
	Code      failure.Code `json:"code" doc:"The stable code; one of docs/api.md." pattern:"^[a-z_]{1,60}$"`
	Hint      string       `json:"hint" doc:"What to do." maxLength:"500"`
	RequestID string       `json:"request_id,omitempty" doc:"The id of this request, for who looks into the log." maxLength:"60"`
	Errors    []Detail     `json:"errors,omitempty" doc:"What is wrong where in the request; at most twenty." maxItems:"20"`

	// RetryAfter is how long to wait at least; zero says nothing.
	RetryAfter time.Duration `json:"-"`
	// cause is for the local log only.
	cause error
}

// MaxDetails is how many places a problem names: the twentieth tells nobody more
// than the first, and a body of a million mistakes must not become a long answer.
const MaxDetails = 20

// Detail is one thing that is wrong in a request.
type Detail struct {
	Location string `json:"location" doc:"Where, such as body.items[3].at; a star stands for names that nobody knows." maxLength:"200"`
	Message  string `json:"message" doc:"What is wrong there; never the value." maxLength:"200"`
}

// New makes the problem of a code; op says what was being done, in words without
// data.
func New(code failure.Code, op string) *Problem {
	row := failure.Lookup(code)

	return &Problem{
		Type: typePrefix + string(row.Code), Title: row.Text, Status: Status(row.Code), Detail: op,
		Code: row.Code, Hint: row.Hint,
	}
}

// From makes the problem of an error. What has no code of the failure table, or
// one that has no status, is Internal: of what we did not foresee nothing is told.
func From(err error) *Problem {
	if made, ok := errors.AsType[*Problem](err); ok {
		return made
	}

	op := ""
	if failed, ok := errors.AsType[*failure.Error](err); ok && Status(failed.Code()) < http.StatusInternalServerError {
		op = failed.Op()
	}

	code := failure.CodeOf(err)
	if _, known := statuses()[code]; !known {
		code = failure.Internal
	}

	made := New(code, op)
	made.cause = err
	made.RetryAfter = retryAfter(made.Status, err)

	return made
}

// Error is the local text; the cause may hold data and is for the local log only.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Title }

// Unwrap gives the cause, nil if there is none.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of the answer; huma asks for it.
func (p *Problem) ContentType(string) string { return ContentType }

// GetHeaders are the headers that belong to the status: whom to show credentials
// to, and how long to wait.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}

	if p.Status == http.StatusUnauthorized {
		headers.Set("WWW-Authenticate", `Bearer realm="steward"`)
	}

	if p.RetryAfter > 0 {
		headers.Set("Retry-After", strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10))
	}

	return headers
}

// For says to which request the problem belongs.
func (p *Problem) For(requestID string) *Problem {
	p.RequestID, p.Instance = requestID, "/requests/"+requestID

	return p
}
