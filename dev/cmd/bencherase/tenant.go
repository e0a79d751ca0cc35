package main

import (
	"context"
	"slices"
	"time"

	"steward/internal/postgres"
)

// tenant is one client of another account, that reads and writes without a pause.
type tenant struct {
	end   context.CancelFunc
	first chan struct{} // closed when one click was measured
	ended chan struct{}
	took  []time.Duration
	err   error
}

// milliseconds are those of a second.
const milliseconds = 1000

// A page of leads, and a sign of life: what the app does for each click.
const (
	reads  = "select id, email, created_at from app.leads where company_id = 2 order by id limit 50"
	writes = "update app.companies set last_interaction_at = now() where id = 2"
)

func startTenant(ctx context.Context, db *postgres.DB) *tenant {
	ctx, end := context.WithCancel(ctx)
	t := &tenant{end: end, first: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		for ctx.Err() == nil && t.err == nil {
			began := time.Now()
			_, t.err = db.Exec(ctx, reads)
			if t.err == nil {
				_, t.err = db.Exec(ctx, writes)
			}
			if ctx.Err() != nil {
				t.err = nil // it was told to end
				return
			}
			if t.took = append(t.took, time.Since(began)); len(t.took) == 1 {
				close(t.first)
			}
		}
	}()
	return t
}

// stop ends the client and gives the p99 of its clicks, in milliseconds. On a busy machine the first may take longer than what it is
// measured beside: it is waited for, since none has no p99.
func (t *tenant) stop() (p99 float64, err error) {
	select {
	case <-t.first:
	case <-t.ended:
	}
	t.end()
	<-t.ended
	if t.err != nil || len(t.took) == 0 {
		return 0, t.err
	}
	slices.Sort(t.took)
	return t.took[len(t.took)*99/100].Seconds() * milliseconds, nil
}

// idle is the p99 beside nobody, over so long.
func idle(ctx context.Context, db *postgres.DB, long time.Duration) (float64, error) {
	t := startTenant(ctx, db)
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return t.stop()
}
