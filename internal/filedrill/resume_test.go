package filedrill_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/faults"
	"steward/internal/filestest"
)

// gate is asked before each GET, with its number; the first three of a drill read
// the manifest and, twice, the list.
type gate struct {
	mu   sync.Mutex
	gets int // owned by mu
	at   func(n int)
}

const firstContent = 4

// Next implements faults.Injector.
func (g *gate) Next(_ context.Context, call faults.Call) faults.Mode {
	if call.Kind != faults.HTTP || call.Name != "GET" {
		return faults.Pass
	}

	g.mu.Lock()
	g.gets++
	n := g.gets
	g.mu.Unlock()
	g.at(n)

	return faults.Pass
}

func proven(t *testing.T, b *filestest.Bench) (count int) {
	t.Helper()
	check(t, b.Steward.QueryRow(t.Context(), `select count(*) from file_contents where drilled_at is not null`).Scan(&count))

	return count
}

// A drill that is killed goes on where it was, though it was far from the end of
// what it looks up at once.
func TestAKilledDrillGoesOn(t *testing.T) {
	t.Parallel()

	const files, killedAt = 130, 120

	b := filestest.New(t)

	for n := range files {
		b.Write(t, fmt.Sprintf("file %03d", n), fmt.Sprint("content ", n))
	}

	id := b.Take(t).ID
	ctx, kill := context.WithCancel(t.Context())

	_, err := b.Driller.Drill(faults.With(ctx, &gate{at: func(n int) {
		if n == firstContent+killedAt {
			kill()
		}
	}}), id)
	if err == nil {
		t.Fatal("it was not killed")
	}

	// Four were being read, and fewer than a hundred waited to be recorded.
	before := proven(t, b)
	if before < killedAt-4-99 || before > killedAt {
		t.Errorf("%d were proven before it was killed", before)
	}

	if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
		t.Fatalf("%+v, %v", drilled, err)
	}

	fresh := b.Strings(t, `select (body::jsonb ->> 'fresh') from ledger.entries where kind = 'files.drilled'`)
	if len(fresh) != 1 || fresh[0] != strconv.Itoa(files-before) || proven(t, b) != files {
		t.Errorf("%s were proven then, %d in all", fresh, proven(t, b))
	}
}

// What is proven is recorded while a bigger file is still being read.
func TestWhatIsProvenIsRecordedAtOnce(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "first", "first")
	b.Write(t, "second", "second")
	b.Write(t, "third", "third")

	id := b.Take(t).ID
	last := func() {
		for range 500 {
			if proven(t, b) == 2 {
				return
			}

			<-time.After(20 * time.Millisecond)
		}

		t.Error("the last content is being read, and the others are not recorded")
	}

	drilled, err := b.Driller.Drill(faults.With(t.Context(), &gate{at: func(n int) {
		switch n {
		case firstContent + 1:
			<-time.After(1100 * time.Millisecond) // what a content of some size takes
		case firstContent + 2:
			last()
		}
	}}), id)
	if err != nil || drilled.State != catalogue.Drilled {
		t.Errorf("%+v, %v", drilled, err)
	}
}
