package sealed

import "io"

const (
	// blockBytes holds one part that age writes: 64 KiB and its tag.
	blockBytes = 64<<10 + 16
	// blocks are some 8 MiB, as many as one chunk of an upload: while one is on its
	// way, the next is made. With a pipe in its place whoever makes it would stand
	// still meanwhile.
	blocks = 128
)

// buffer joins one writer and one reader as io.Pipe does, but lets the writer run
// ahead by some blocks, which are made when they are needed first.
type buffer struct {
	free chan []byte // blocks that can be filled
	full chan []byte // blocks that can be read, closed by the writer's end
	made int         // owned by the writer
	part []byte      // owned by the reader; what is left of the block that it reads
	from []byte      // owned by the reader; that block
	end  error       // the writer's last word, set before full is closed

	left chan struct{} // closed when the reader has gone
	why  error         // the reader's last word, set before left is closed
}

func newBuffer() *buffer {
	return &buffer{free: make(chan []byte, blocks), full: make(chan []byte, blocks), left: make(chan struct{})}
}

// Write implements io.Writer. It fails with what the reader left behind.
func (b *buffer) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		block, err := b.block()
		if err != nil {
			return written, err
		}

		n := copy(block[:cap(block)], p)
		b.full <- block[:n] // there is room for all blocks

		written, p = written+n, p[n:]
	}

	return written, nil
}

// block gives one to fill.
func (b *buffer) block() ([]byte, error) {
	select {
	case <-b.left:
		return nil, b.why
	case block := <-b.free:
		return block, nil
	default:
	}

	if b.made < blocks {
		b.made++

		return make([]byte, blockBytes), nil
	}

	select {
	case <-b.left:
		return nil, b.why
	case block := <-b.free:
		return block, nil
	}
}

// finish tells the reader that nothing comes any more: with a nil error it reads
// what there is and then io.EOF, with any other that error in place of io.EOF.
func (b *buffer) finish(err error) {
	b.end = err
	close(b.full)
}

// Read implements io.Reader.
func (b *buffer) Read(p []byte) (int, error) {
	if len(b.part) == 0 {
		if b.from != nil {
			b.free <- b.from // there is room for all blocks
			b.from = nil
		}

		block, more := <-b.full
		if !more {
			return 0, b.last()
		}

		b.part, b.from = block, block
	}

	n := copy(p, b.part)
	b.part = b.part[n:]

	return n, nil
}

func (b *buffer) last() error {
	if b.end != nil {
		return b.end
	}

	return io.EOF
}

// leave fails every further write with err. The reader calls it once.
func (b *buffer) leave(err error) {
	b.why = err
	close(b.left)
}
