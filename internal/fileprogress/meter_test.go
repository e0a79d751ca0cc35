package fileprogress_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"steward/internal/fileprogress"
)

func TestAMeterAddsUp(t *testing.T) {
	t.Parallel()

	var told []string

	meter := fileprogress.New(func(phase string, bytes, files int64) {
		told = append(told, fmt.Sprint(phase, " ", bytes, " ", files))
	})
	meter.Begin(fileprogress.List)

	first, second := meter.Object(), meter.Object()
	first("list", 5)
	second("list", 7)
	first("list", 6)
	meter.Begin(fileprogress.Files)

	var out bytes.Buffer

	if n, err := meter.Writer(&out).Write([]byte("four")); n != 4 || err != nil || out.String() != "four" {
		t.Error(n, err)
	}

	meter.Add(0, 3)

	if want := []string{"list 0 0", "list 5 0", "list 12 0", "list 13 0", "files 0 0", "files 4 0", "files 4 3"}; !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
}

// Whoever listens is told by one goroutine at a time, and misses nothing.
func TestManyAddAtOnce(t *testing.T) {
	t.Parallel()

	var (
		group sync.WaitGroup
		last  int64
	)

	meter := fileprogress.New(func(_ string, bytes, _ int64) { last = max(last, bytes) })

	for range 8 {
		group.Go(func() {
			for range 1000 {
				meter.Add(1, 0)
			}
		})
	}

	group.Wait()

	if last != 8000 {
		t.Errorf("%d bytes", last)
	}

	fileprogress.New(nil).Add(1, 1) // nobody listens
}
