// Package progress tells the person who typed `make up` what happens: one plain
// line per step, without colours or cursor tricks, so that a log of it reads well.
package progress

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// worthTelling is the length from which a step's line has its seconds.
	worthTelling = 2 * time.Second
	// stillEvery is how often a long step says that it is still at work.
	stillEvery = 20 * time.Second
)

// Printer writes lines to one place. Safe for several goroutines.
type Printer struct {
	mu  sync.Mutex
	out io.Writer
}

// To prints to out.
func To(out io.Writer) *Printer { return &Printer{out: out} }

// Linef prints one line. A terminal that went away must not stop the work, so a
// failed write is dropped.
func (p *Printer) Linef(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// Write passes on the words of a program that was started, as they come.
func (p *Printer) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.out.Write(text)
	if err != nil {
		return n, fmt.Errorf("printing: %w", err)
	}
	return n, nil
}

// Step does one step and prints its line when it is done; work returns what
// became of it in a few words, "" for nothing worth a line.
func (p *Printer) Step(ctx context.Context, name string, work func(context.Context) (string, error)) error {
	begin := time.Now()
	stop := p.stillThere(name, begin)
	outcome, err := work(ctx)
	stop()
	took := time.Since(begin)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case outcome == "" && took < worthTelling:
	case took < worthTelling:
		p.Linef("%-15s %s", name, outcome)
	case outcome == "":
		p.Linef("%-15s nothing to do (%.0f s)", name, took.Seconds())
	default:
		p.Linef("%-15s %s (%.0f s)", name, outcome, took.Seconds())
	}
	return nil
}

// stillThere prints a line now and then until the returned function is called.
func (p *Printer) stillThere(name string, begin time.Time) func() {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(stillEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				p.Linef("%-15s still at work (%.0f s)", name, time.Since(begin).Seconds())
			}
		}
	})
	return func() { close(done); ended.Wait() }
}
