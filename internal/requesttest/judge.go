package requesttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
)

// Answer is what came back.
type Answer struct {
	Status  int
	Headers http.Header
	Body    []byte
}

// Judge says what is wrong with an answer; nil if nothing is.
func (d *Document) Judge(asked Request, got Answer) error {
	switch {
	case got.Status >= http.StatusInternalServerError:
		return fmt.Errorf("status %d: nothing that a caller sends may break the server", got.Status)
	case asked.Skin == Broken && got.Status < http.StatusBadRequest:
		return fmt.Errorf("status %d for something that the document forbids", got.Status)
	case got.Status >= 300 && got.Status < http.StatusBadRequest:
		return fmt.Errorf("status %d: nothing redirects", got.Status)
	}

	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got.Headers.Get(name) != want {
			return fmt.Errorf("header %s is %q", name, got.Headers.Get(name))
		}
	}

	if got.Headers.Get("X-Request-ID") == "" || got.Headers.Get("Set-Cookie") != "" {
		return errors.New("no request id, or a cookie")
	}

	return d.shape(asked, got)
}

// documentedHeaders are those that tell a caller what to do next, so that a document
// which leaves them out leaves out something.
func documentedHeaders() []string {
	return []string{"Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"}
}

// shape compares status, headers, type and body with the document.
func (d *Document) shape(asked Request, got Answer) error {
	// What is no address of an operation any more has answers of its own.
	elsewhere := asked.Skin == Hostile && slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed}, got.Status)
	if elsewhere || asked.Method == http.MethodHead || asked.Method != asked.Operation.Method {
		return nil
	}

	response, documented := asked.Operation.Responses[strconv.Itoa(got.Status)]
	if !documented {
		return fmt.Errorf("status %d is not documented", got.Status)
	}

	for _, name := range documentedHeaders() {
		if _, documented := response.Headers[name]; !documented && got.Headers.Get(name) != "" {
			return fmt.Errorf("header %s is not documented for status %d", name, got.Status)
		}
	}

	if len(response.Content) == 0 {
		if len(got.Body) > 0 {
			return fmt.Errorf("a body that is not documented, with status %d", got.Status)
		}

		return nil
	}

	name, parameters, err := mime.ParseMediaType(got.Headers.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("reading the content type: %w", err)
	}

	content, known := response.Content[name]
	if !known {
		content, known = response.Content[mime.FormatMediaType(name, parameters)]
	}

	if !known {
		return fmt.Errorf("content type %s is not documented for status %d", name, got.Status)
	}

	if name != "application/json" && name != "application/problem+json" {
		return nil
	}

	var value any
	if err := json.Unmarshal(got.Body, &value); err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}

	if err := d.Validate(content.Schema, value, true); err != nil {
		return fmt.Errorf("the body of status %d: %w", got.Status, err)
	}

	return nil
}
