package main

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"steward/internal/access"
)

// exchange is what is known of one request and its answer while it is worked on. One
// goroutine owns it.
type exchange struct {
	id      string // of the request
	request *http.Request
	headers http.Header // of the answer
	began   time.Time

	// operation and credential are empty until they are known.
	operation  string
	credential string
	// body is the whole body, once it was read.
	body []byte
	// secret seals what only this caller may read again.
	secret [sha256.Size]byte
	// code is the failure code of the answer, empty for a success.
	code string
	// cause is why; its text may hold data, and is never logged as it is.
	cause error
	// panicked is the type of what a handler panicked with, and stack where.
	panicked string
	stack    []byte
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// exchangeOf gives the exchange of a request's context; of any other context a
// fresh empty one, so that nobody needs to ask.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}

	return &exchange{headers: http.Header{}}
}

// caller is who calls, for handlers of operations that nobody may call without
// credentials; the pipeline has made sure of that.
func caller(ctx context.Context) access.Principal {
	who, _ := access.From(ctx)

	return who
}
