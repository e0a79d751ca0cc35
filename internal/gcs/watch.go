package gcs

import (
	"context"
	"io"
	"time"
)

// watch ends a context when one step under it takes too long. A context's own
// deadline would bound all the steps together.
type watch struct{ cancel context.CancelFunc }

func newWatch(ctx context.Context) (context.Context, watch) {
	ctx, cancel := context.WithCancel(ctx)

	return ctx, watch{cancel: cancel}
}

// within begins a step; the function it gives ends it.
func (w watch) within(patience time.Duration) (stop func()) {
	timer := time.AfterFunc(patience, w.cancel)

	return func() { timer.Stop() }
}

// end lets the context go.
func (w watch) end() { w.cancel() }

// download is the content of an object; each read has a limit.
type download struct {
	from     io.ReadCloser
	watch    watch
	patience time.Duration
}

// Read implements io.Reader. It fails with Unavailable, also when what came does
// not have the checksum that the service knows.
func (d *download) Read(p []byte) (int, error) {
	stop := d.watch.within(d.patience)
	n, err := d.from.Read(p)

	stop()

	if err == nil || err == io.EOF {
		return n, err
	}

	return n, coded("downloading", err)
}

// Close implements io.Closer.
func (d *download) Close() error {
	err := d.from.Close()
	d.watch.end()

	return coded("ending a download", err)
}
