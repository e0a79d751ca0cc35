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
	// Alone is how the good callers fare by themselves, Beside while bad tokens come to the API, and Peer while the same
	// come to a server that does nothing: what the machine alone costs them.
	Alone  load `json:"alone"`
	Peer   load `json:"peer"`
	Beside load `json:"beside"`
	// Bad are the bad ones at the API, BadPeer at that server.
	Bad     load `json:"bad"`
	BadPeer load `json:"bad_peer"`
	// Ratio is the p99 of good callers beside the bad ones to that alone, PeerRatio the same of the peer.
	Ratio     float64 `json:"ratio"`
	PeerRatio float64 `json:"peer_ratio"`
}

// The flood. The clients that send it share the two cores with the API; more of them would show how busy the machine is.
const (
	goodCallers = 8
	goodEvery   = 20 * time.Millisecond // 400 calls a second together
	badCallers  = 32
	badEvery    = 32 * time.Millisecond // 1,000 tokens a second together
	// slice is how long each side is measured at a time. A disk that is slow for a moment then spoils one ratio of many.
	slice = time.Second
	// settle is how long either side runs before it counts.
	settle = 300 * time.Millisecond
)

// floods measures as often as slices go into the time of a round.
func (w *world) floods(ctx context.Context, o options) ([]flood, error) {
	var all []flood
	for range max(1, int(o.time/slice)) {
		one, err := w.flood(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

// flood measures good callers alone, beside a flood at the idle server and beside one at the API, one after the other.
func (w *world) flood(ctx context.Context) (f flood, err error) {
	good, err := w.callers(ctx, w.address, goodCallers, func() string { return w.app }, http.StatusOK)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, closeAll(good)) }()
	var none load
	for _, part := range []struct {
		at        string // where the bad tokens go
		good, bad *load
	}{{"", &f.Alone, &none}, {w.idle.address, &f.Peer, &f.BadPeer}, {w.address, &f.Beside, &f.Bad}} {
		if *part.good, *part.bad, err = w.slice(ctx, clientsOf(good), part.at); err != nil {
			return f, err
		}
	}
	f.Ratio, f.PeerRatio = f.Beside.P99MS/f.Alone.P99MS, f.Peer.P99MS/f.Alone.P99MS
	return f, nil
}

// slice lets good callers call for a while, beside bad ones that call the server at that address; beside none where
// there is no address.
func (w *world) slice(ctx context.Context, callers []client, at string) (good, bad load, err error) {
	stop := func() (load, error) { return load{}, nil }
	if at != "" {
		// Not before: a connection that asks for nothing is closed by the API.
		all, err := w.callers(ctx, at, badCallers, stranger, 0)
		if err != nil {
			return good, bad, err
		}
		stop = inBackground(ctx, all)
	}
	if _, err = pound(ctx, callers, settle, goodEvery); err == nil {
		var did sample
		did, err = pound(ctx, callers, slice, goodEvery)
		good = did.load()
	}
	bad, stopErr := stop()
	return good, bad, errors.Join(err, stopErr)
}

// inBackground lets callers call until they are stopped, which closes their connections.
func inBackground(ctx context.Context, all []caller) (stop func() (load, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var did sample
	ended := make(chan error, 1)
	go func() {
		var err error
		did, err = pound(ctx, clientsOf(all), settle+2*slice, badEvery)
		ended <- errors.Join(err, closeAll(all))
	}()
	return func() (load, error) {
		cancel()
		err := <-ended
		return did.load(), err
	}
}

// caller is one of the flood: a connection and what it calls.
type caller struct {
	wire *wire
	call client
}

// callers connect from one address, good ones and bad ones alike, as behind one gateway. Each call shows a token of its
// own. What they call is a sign of life: a commit, as most of a day's calls are.
func (w *world) callers(ctx context.Context, server string, many int, token func() string, want int) (all []caller, err error) {
	for n := range many {
		at, err := connect(ctx, server, "127.0.0.1", token())
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
