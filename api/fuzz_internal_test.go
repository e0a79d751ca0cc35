package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"steward/internal/postgres"
	"steward/internal/requesttest"
)

// FuzzRequests feeds bytes, as they come over the wire, to the whole handler. Behind it
// is no database: what gets that far is answered 503, and nothing else may be a 5xx.
func FuzzRequests(f *testing.F) {
	db, err := postgres.Open(f.Context(), "postgres://nobody@127.0.0.1:1/x?sslmode=disable&connect_timeout=1")
	if err != nil {
		f.Fatal(err)
	}

	f.Cleanup(db.Close)

	h := openHouse(f, db)

	document, err := requesttest.Parse(h.service.document)
	if err != nil {
		f.Fatal(err)
	}

	const rest = " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\n"

	for _, op := range document.Operations {
		f.Add([]byte(op.Method + " " + op.Path + rest + "\r\n"))
		f.Add([]byte(op.Method + " " + op.Path + "?limit=1" + rest + "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"))
	}

	f.Fuzz(func(t *testing.T, wire []byte) {
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(wire))))
		if err != nil {
			return // the server answers that by itself
		}

		request.RemoteAddr = "127.0.0.1:4711"
		recorder := httptest.NewRecorder()

		h.service.handler.ServeHTTP(recorder, request)

		if recorder.Code >= http.StatusInternalServerError && recorder.Code != http.StatusServiceUnavailable {
			t.Errorf("%d %s\n%s", recorder.Code, recorder.Body, h.errors)
		}

		if recorder.Header().Get("X-Request-ID") == "" || recorder.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", recorder.Header())
		}
	})
}
