package ledgertest

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Conformance checks an implementation of ledger.Mirror against the contract.
// Each part gets a fresh empty mirror.
func Conformance(t *testing.T, newMirror func(t *testing.T) ledger.Mirror) {
	t.Helper()

	t.Run("create once", func(t *testing.T) { createOnce(t, newMirror(t)) })
	t.Run("replace by generation", func(t *testing.T) { replace(t, newMirror(t)) })
	t.Run("absent", func(t *testing.T) { absent(t, newMirror(t)) })
	t.Run("list", func(t *testing.T) { list(t, newMirror(t)) })
	t.Run("one winner", func(t *testing.T) { oneWinner(t, newMirror(t)) })
	t.Run("sizes", func(t *testing.T) { sizes(t, newMirror(t)) })
}

func put(t *testing.T, m ledger.Mirror, name, data string, generation ledger.Generation) ledger.Generation {
	t.Helper()

	stored, err := m.Put(t.Context(), name, []byte(data), generation)
	if err != nil || stored == ledger.NoObject {
		t.Fatalf("Put(%s) = %d, %v", name, stored, err)
	}

	return stored
}

func refused(t *testing.T, m ledger.Mirror, name string, generation ledger.Generation) {
	t.Helper()

	if _, err := m.Put(t.Context(), name, []byte("intruder"), generation); !failure.Is(err, failure.ObjectExists) {
		t.Fatalf("Put(%s, generation %d): %v, want %s", name, generation, err, failure.ObjectExists)
	}
}

func holds(t *testing.T, m ledger.Mirror, name, want string) {
	t.Helper()

	data, _, err := m.Get(t.Context(), name)
	if err != nil || string(data) != want {
		t.Fatalf("Get(%s) = %q, %v, want %q", name, data, err, want)
	}
}

func createOnce(t *testing.T, m ledger.Mirror) {
	t.Helper()

	name := ledger.SegmentName(0, 1)
	put(t, m, name, "first", ledger.NoObject)
	refused(t, m, name, ledger.NoObject)
	holds(t, m, name, "first")
}

func replace(t *testing.T, m ledger.Mirror) {
	t.Helper()

	first := put(t, m, ledger.LatestName, "first", ledger.NoObject)

	_, read, err := m.Get(t.Context(), ledger.LatestName)
	if err != nil || read != first {
		t.Fatalf("Get gives generation %d, %v, want %d", read, err, first)
	}

	second := put(t, m, ledger.LatestName, "second", first)
	if second == first {
		t.Fatal("two versions share a generation")
	}

	refused(t, m, ledger.LatestName, first)
	holds(t, m, ledger.LatestName, "second")
}

func absent(t *testing.T, m ledger.Mirror) {
	t.Helper()

	name := ledger.StagingName(0, 1, [32]byte{})

	if _, _, err := m.Get(t.Context(), name); !failure.Is(err, failure.ObjectNotFound) {
		t.Fatalf("Get of nothing: %v", err)
	}

	if err := m.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete of nothing: %v", err)
	}

	put(t, m, name, "batch", ledger.NoObject)

	if err := m.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete: %v", err)
	}

	if _, _, err := m.Get(t.Context(), name); !failure.Is(err, failure.ObjectNotFound) {
		t.Fatalf("Get of what was deleted: %v", err)
	}

	put(t, m, name, "again", ledger.NoObject)
}

func list(t *testing.T, m ledger.Mirror) {
	t.Helper()

	for _, size := range []int64{30, 10, 20} {
		put(t, m, ledger.CheckpointName(size), "x", ledger.NoObject)
	}

	put(t, m, ledger.SegmentName(0, 10), "x", ledger.NoObject)

	for from, want := range map[string][]string{
		"":                        {ledger.CheckpointName(10), ledger.CheckpointName(20), ledger.CheckpointName(30)},
		ledger.CheckpointName(20): {ledger.CheckpointName(20), ledger.CheckpointName(30)},
		ledger.CheckpointName(31): nil,
	} {
		var got []string

		for name, err := range m.List(t.Context(), ledger.CheckpointPrefix, from) {
			if err != nil {
				t.Fatal(err)
			}

			got = append(got, name)
		}

		if !slices.Equal(got, want) {
			t.Errorf("List from %q = %v, want %v", from, got, want)
		}
	}
}

// rivals is the number of writers that contend for one name.
const rivals = 8

func oneWinner(t *testing.T, m ledger.Mirror) {
	t.Helper()

	var (
		group sync.WaitGroup
		won   atomic.Int64
	)

	for range rivals {
		group.Go(func() {
			_, err := m.Put(t.Context(), ledger.LatestName, []byte("mine"), ledger.NoObject)
			if err == nil {
				won.Add(1)
			} else if !failure.Is(err, failure.ObjectExists) {
				t.Errorf("a loser got %v", err)
			}
		})
	}

	group.Wait()

	if won.Load() != 1 {
		t.Fatalf("%d winners", won.Load())
	}
}

func sizes(t *testing.T, m ledger.Mirror) {
	t.Helper()

	for i, size := range []int64{0, 1, 300_000, 1 << 20} {
		name, data := ledger.CheckpointName(int64(i)), bytes.Repeat([]byte{'x'}, int(size))
		put(t, m, name, string(data), ledger.NoObject)
		holds(t, m, name, string(data))
	}
}
