package throttle

import (
	"context"
	"io"
	"sync"
	"time"
)

// burst is the time whose bytes may pass at once: after a stall the pace catches
// up by no more than that.
const burst = time.Second

// Pace lets no more than a number of bytes pass in a second, on average, through
// all its writers together. Nil is without a limit. It is safe for concurrent use.
type Pace struct {
	perSecond int64

	mu   sync.Mutex
	free time.Time // owned by mu; when all that was let pass so far would have passed at the pace
}

// NewPace makes a pace; 0 bytes a second is without a limit.
func NewPace(perSecond int64) *Pace {
	if perSecond <= 0 {
		return nil
	}

	//nolint:forbidigo // a pace is measured on the wall, as the line that it spares is
	return &Pace{perSecond: perSecond, free: time.Now()}
}

// Writer writes to w at the pace. It ends with the error of ctx, and is for one
// goroutine.
func (p *Pace) Writer(ctx context.Context, w io.Writer) io.Writer {
	if p == nil {
		return w
	}

	return writerFunc(func(content []byte) (int, error) {
		if err := p.pass(ctx, len(content)); err != nil {
			return 0, err
		}

		return w.Write(content)
	})
}

// pass waits until all that came before has passed at the pace.
func (p *Pace) pass(ctx context.Context, bytes int) error {
	wait := p.next(bytes)
	if wait <= 0 {
		return nil
	}

	timer := time.NewTimer(wait)
	defer timer.Stop()

	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next says how long the next bytes have to wait, and takes their place.
func (p *Pace) next(bytes int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()

	now := time.Now() //nolint:forbidigo // as above
	if earliest := now.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}

	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes) / float64(p.perSecond) * float64(time.Second)))

	return wait
}

// Paced writes to w no more than perSecond bytes in a second, on average; 0 is
// without a limit. It ends with the error of ctx. It is for one goroutine.
func Paced(ctx context.Context, w io.Writer, perSecond int64) io.Writer {
	return NewPace(perSecond).Writer(ctx, w)
}
