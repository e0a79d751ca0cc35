package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// load is what a number of clients did together.
type load struct {
	// PerSecond is how many things were done a second: rows, not calls.
	PerSecond float64 `json:"per_second"`
	// P50MS and P99MS are of the calls, in milliseconds.
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
	// CPUMicros is the processor time for each thing, in microseconds: that of clients, API and database together;
	// APIMicros is that of the API alone. They depend on other work beside less than the rest does.
	CPUMicros float64 `json:"cpu_us"`
	APIMicros float64 `json:"api_cpu_us"`
}

// client is one that calls again and again; it gives how many things one call did.
type client func(ctx context.Context) (int, error)

// sample is what clients did in some time.
type sample struct {
	done   int
	took   []time.Duration // each call, in no order
	lasted time.Duration
}

// add takes what was done in another time to the same.
func (s *sample) add(other sample) {
	s.done, s.lasted = s.done+other.done, s.lasted+other.lasted
	s.took = append(s.took, other.took...)
}

func (s *sample) load() load {
	return load{
		PerSecond: float64(s.done) / s.lasted.Seconds(),
		P50MS:     percentile(s.took, 50), P99MS: percentile(s.took, 99), //nolint:mnd // as named
	}
}

// pound lets the clients call for a while, each as fast as it is answered, or once in every interval: then one after the
// other, and not all at the same instant.
func pound(ctx context.Context, clients []client, lasts, every time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var (
		together sync.WaitGroup
		mu       sync.Mutex
		all      sample
		failed   error
	)
	started := time.Now()
	for n, call := range clients {
		first := started.Add(every * time.Duration(n) / time.Duration(len(clients)))
		together.Go(func() {
			did, mine, err := again(ctx, call, first, every)
			mu.Lock()
			defer mu.Unlock()
			all.add(sample{done: did, took: mine})
			failed = errors.Join(failed, err)
		})
	}
	together.Wait()
	all.lasted = time.Since(started)
	return all, failed
}

// again calls until the time is over. With an interval the time of a call counts from when it was due, so that a call
// that came late because the one before it took long is not a quick one.
func again(ctx context.Context, call client, due time.Time, every time.Duration) (done int, took []time.Duration, err error) {
	for ctx.Err() == nil {
		if every > 0 {
			due = due.Add(every)
			timer := time.NewTimer(time.Until(due))
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return done, took, nil
			}
		} else {
			due = time.Now()
		}
		did, err := call(ctx)
		if err != nil {
			return done, took, err
		}
		took = append(took, time.Since(due))
		done += did
	}
	return done, took, nil
}

// percentile is that of the times by nearest rank, in milliseconds.
func percentile(took []time.Duration, of int) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	rank := (len(took)*of + 99) / 100 //nolint:mnd // rounded up
	return float64(took[max(rank, 1)-1]) / float64(time.Millisecond)
}
