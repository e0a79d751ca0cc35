package sealed

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

var errTest = errors.New("for the test")

// What is written in any pieces is read in any pieces.
func TestTheBufferKeepsEveryByte(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3*blockBytes), 0, 20).Draw(t, "sizes")
		between := newBuffer()

		var sent []byte
		for i, size := range sizes {
			sent = append(sent, bytes.Repeat([]byte{byte(i + 1)}, size)...)
		}

		go func() {
			rest := sent
			for _, size := range sizes {
				if n, err := between.Write(rest[:size]); n != size || err != nil {
					between.finish(errTest)

					return
				}

				rest = rest[size:]
			}

			between.finish(nil)
		}()

		got, err := io.ReadAll(iotest.HalfReader(between))
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(sent), err)
		}
	})
}

// A writer runs ahead by so many blocks and no more, in the same memory however
// long it writes, and ends when the reader leaves.
func TestTheBufferIsBounded(t *testing.T) {
	t.Parallel()

	between := newBuffer()
	if _, err := between.Write(make([]byte, blocks*blockBytes)); err != nil {
		t.Fatal(err)
	}

	ended := make(chan error)

	go func() {
		_, err := between.Write([]byte{1})
		ended <- err
	}()

	between.leave(errTest)

	if err := <-ended; !errors.Is(err, errTest) {
		t.Error(err)
	}

	if between.made != blocks {
		t.Errorf("%d blocks were made", between.made)
	}
}

func TestTheBufferGivesTheWritersError(t *testing.T) {
	t.Parallel()

	between := newBuffer()
	if _, err := between.Write([]byte("begun")); err != nil {
		t.Fatal(err)
	}

	between.finish(errTest)

	if got, err := io.ReadAll(between); string(got) != "begun" || !errors.Is(err, errTest) {
		t.Error(string(got), err)
	}
}
