package throttle

import (
	"context"
	"io"
	"time"
)

// burst is the time whose bytes may pass at once: after a stall the pace catches
// up by no more than that.
const burst = time.Second

// Paced writes to w no more than perSecond bytes in a second, on average; 0 is
// without a limit. It ends with the error of ctx. It is for one goroutine.
func Paced(ctx context.Context, w io.Writer, perSecond int64) io.Writer {
	if perSecond <= 0 {
		return w
	}

	//nolint:forbidigo // a pace is measured on the wall, as the line that it spares is
	return &paced{ctx: ctx, to: w, perSecond: perSecond, free: time.Now()}
}

type paced struct {
	ctx       context.Context //nolint:containedctx // io.Writer has no place for it
	to        io.Writer
	perSecond int64
	free      time.Time // when all that was written so far would have passed at the pace
}

// Write implements io.Writer.
func (p *paced) Write(content []byte) (int, error) {
	now := time.Now() //nolint:forbidigo // as above
	if earliest := now.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}

	if wait := p.free.Sub(now); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()

		select {
		case <-timer.C:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}

	n, err := p.to.Write(content)
	p.free = p.free.Add(time.Duration(float64(n) / float64(p.perSecond) * float64(time.Second)))

	return n, err
}
