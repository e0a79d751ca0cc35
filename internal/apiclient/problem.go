package apiclient

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"steward/internal/failure"
)

// Problem is what the API says of a request that it refused (RFC 9457, with the
// members that Steward adds). It holds what the caller sent at most, and is for
// the caller's eyes.
//
//nolint:errname // RFC 9457 calls it a problem
type Problem struct {
	// Type is the address of the page that explains the problem.
	Type string `json:"type"`
	// Title is the fixed text of the code.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says what is wrong in this request.
	Detail string `json:"detail"`
	// Code is that of the failure table.
	Code failure.Code `json:"code"`
	// Hint says what to do.
	Hint string `json:"hint"`
	// RequestID finds the request in the API's log.
	RequestID string `json:"request_id"`
	// Errors are the members of the request that are wrong.
	Errors []Fault `json:"errors"`
}

// Fault is one member of a request that is wrong.
type Fault struct {
	// Message says what is wrong.
	Message string `json:"message"`
	// Location is where, such as "body.scopes".
	Location string `json:"location"`
}

// Error implements error.
func (p *Problem) Error() string {
	text := fmt.Sprintf("status %d", p.Status)
	if told := p.Tell(); told != "" {
		text += ": " + told
	}

	return text
}

// Tell says what this answer adds to the fixed text of its code: the detail, the
// members that are wrong, and the id of the request.
func (p *Problem) Tell() string {
	var parts []string

	if p.Detail != "" && p.Detail != p.Title {
		parts = append(parts, p.Detail)
	}

	for _, fault := range p.Errors {
		parts = append(parts, strings.TrimPrefix(fault.Location+": "+fault.Message, ": "))
	}

	if p.RequestID != "" {
		parts = append(parts, "request "+p.RequestID)
	}

	return strings.Join(parts, "; ")
}

// problemOf reads the problem of an answer. Where the answer is no problem, or of
// a code that this version does not know, its status decides.
func problemOf(response *http.Response, answer []byte) error {
	problem := &Problem{Status: response.StatusCode}

	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && kind == "application/problem+json" {
		if json.Unmarshal(answer, problem) != nil {
			problem = &Problem{}
		}

		problem.Status = response.StatusCode
	}

	if problem.RequestID == "" {
		problem.RequestID = response.Header.Get("X-Request-ID")
	}

	code := problem.Code
	if failure.Lookup(code).Code != code {
		code = codeOf(response.StatusCode)
	}

	return failure.Wrap(code, "asking the API", problem)
}

// codeOf is the code of a status alone.
func codeOf(status int) failure.Code {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return failure.Unauthorised
	case status == http.StatusTooManyRequests:
		return failure.APIUnavailable
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return failure.APIRefused
	default:
		return failure.APIUnavailable
	}
}
