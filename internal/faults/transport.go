package faults

import (
	"context"
	"net/http"
)

// Transport passes each HTTP request through the gate.
type Transport struct {
	// Base makes the request; it must not be nil.
	Base http.RoundTripper
}

// RoundTrip implements http.RoundTripper. After a request whose effect
// happened but whose answer is to be lost, the response body is closed.
func (t Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	var response *http.Response

	err := Do(request.Context(), HTTP, request.Method, func(context.Context) error {
		var err error

		response, err = t.Base.RoundTrip(request) //nolint:bodyclose // handed to the caller, or closed below

		return err
	})
	if err == nil {
		return response, nil
	}

	if response != nil {
		// The answer is lost on purpose, so is an error in closing it.
		_ = response.Body.Close()
	}

	return nil, err
}
