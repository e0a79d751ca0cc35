package main

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// headers are those that the door adds to answers of any operation. The document names
// them, since a generated client that does not know them cannot wait as it is told.
func headers() map[string]*huma.Header {
	text := func(description string) *huma.Header {
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}

	least := 1.0
	wait := &huma.Header{
		Description: "How many seconds to wait before asking again.",
		Schema:      &huma.Schema{Type: huma.TypeInteger, Minimum: &least},
	}

	return map[string]*huma.Header{
		"Retry-After":      wait,
		"RateLimit":        text("What is left of the limit that counts here, as in draft-ietf-httpapi-ratelimit-headers-10."),
		"RateLimit-Policy": text("The limit that counts here, in the words of the same draft."),
		"WWW-Authenticate": text("That a bearer token is asked for."),
	}
}

// headersOf are those that an answer with the status may have, by name. What went wrong
// with us tells nothing of limits.
func headersOf(status int) []string {
	var names []string

	if status < http.StatusInternalServerError {
		names = append(names, "RateLimit", "RateLimit-Policy")
	}

	switch status {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		names = append(names, "Retry-After")
	case http.StatusUnauthorized:
		names = append(names, "WWW-Authenticate")
	}

	return names
}

// describeHeaders adds them to the answers of an operation. What is no number is no
// single status and has none.
func describeHeaders(responses map[string]*huma.Response) {
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		code, err := strconv.Atoi(status)
		if err != nil {
			continue
		}

		response := responses[status]
		for _, name := range headersOf(code) {
			if response.Headers == nil {
				response.Headers = map[string]*huma.Header{}
			}

			response.Headers[name] = &huma.Header{Ref: "#/components/headers/" + name}
		}
	}
}
