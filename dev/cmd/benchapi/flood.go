package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// flood is what callers with a good token notice of others with bad ones.
type flood struct {
	// Alone is how the good callers fare by themselves, Beside while bad tokens come.
	Alone  load `json:"alone"`
	Beside load `json:"beside"`
	// Bad are the bad ones.
	Bad load `json:"bad"`
	// Ratio is the p99 of good callers beside the bad ones to that alone.
	Ratio float64 `json:"ratio"`
}

// The flood. The clients that send it share the two cores with the API; more of them would show how busy the machine is.
const (
	goodCallers = 8
	goodEvery   = 20 * time.Millisecond // 400 calls a second together
	badCallers  = 32
	badEvery    = 32 * time.Millisecond // 1,000 tokens a second together
	// settle is how long either side runs before it counts.
	settle = time.Second
)

func (w *world) flood(ctx context.Context, o options) (f flood, err error) {
	good, err := w.callers(ctx, goodCallers, func() string { return w.app }, http.StatusOK)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, closeAll(good)) }()
	if _, err = pound(ctx, clientsOf(good), settle, goodEvery); err != nil {
		return f, err
	}
	if f.Alone, err = pound(ctx, clientsOf(good), o.time, goodEvery); err != nil {
		return f, err
	}
	// Not before: a connection that asks for nothing is closed by the API.
	bad, err := w.callers(ctx, badCallers, stranger, 0)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, closeAll(bad)) }()
	ended := make(chan error, 1)
	go func() {
		var badErr error
		f.Bad, badErr = pound(ctx, clientsOf(bad), o.time+2*settle, badEvery)
		ended <- badErr
	}()
	if _, err = pound(ctx, clientsOf(good), settle, goodEvery); err == nil {
		f.Beside, err = pound(ctx, clientsOf(good), o.time, goodEvery)
	}
	if err := errors.Join(err, <-ended); err != nil {
		return f, err
	}
	f.Ratio = f.Beside.P99MS / f.Alone.P99MS
	return f, nil
}

// caller is one of the flood: a connection and what it calls.
type caller struct {
	wire *wire
	call client
}

// callers connect from one address, good ones and bad ones alike, as behind one gateway. Each call shows a token of its
// own. What they call is a sign of life: a commit, as most of a day's calls are.
func (w *world) callers(ctx context.Context, many int, token func() string, want int) (all []caller, err error) {
	for n := range many {
		at, err := connect(ctx, w.address, "127.0.0.1", token())
		if err != nil {
			return all, errors.Join(err, closeAll(all))
		}
		body := fmt.Sprintf(`{"interactions":[{"account":"%d"}]}`, n+1)
		all = append(all, caller{wire: at, call: func(context.Context) (int, error) {
			at.show(token())
			status, err := at.call(http.MethodPost, "/v1/interactions", "", body)
			if want == 0 && (status == http.StatusUnauthorized || status == http.StatusTooManyRequests) {
				status = want
			}
			return 1, expect(want)(status, err)
		}})
	}
	return all, nil
}

func clientsOf(all []caller) []client {
	clients := make([]client, len(all))
	for i, one := range all {
		clients[i] = one.call
	}
	return clients
}

func closeAll(all []caller) error {
	var errs []error
	for _, one := range all {
		errs = append(errs, one.wire.close())
	}
	return errors.Join(errs...)
}
