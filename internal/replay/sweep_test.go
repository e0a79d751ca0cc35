package replay_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/replay"
)

// TestFate: what a record may still lie behind stays, whatever else is so.
func TestFate(t *testing.T) {
	t.Parallel()

	old, young := at().Add(-49*time.Hour), at().Add(-47*time.Hour)

	for _, stored := range []time.Time{old, young} {
		for _, ended := range []time.Time{{}, old, young} {
			for bits := range 8 {
				lying := replay.Lying{At: stored, Recorded: bits&1 > 0, Gone: bits&2 > 0, Case: bits&4 > 0, EndedAt: ended}

				want := replay.Unknown

				switch over := ended.Equal(old); {
				case stored.Equal(young), lying.Recorded, lying.Case && !over:
					want = replay.Stays
				case lying.Case, lying.Gone:
					want = replay.Goes
				}

				if got := lying.Fate(at()); got != want {
					t.Errorf("%+v %s", lying, got)
				}
			}
		}
	}
}

// put stores an object as if a record had been written, and its row not.
func (h *house) put(t *testing.T, name string) {
	t.Helper()

	_, err := h.Bucket.Put(t.Context(), name, strings.NewReader("sealed"), gcs.PutOptions{Expect: 6})
	must(t, err)
}

// opened is an erasure that was opened long ago, and has ended or not.
func (h *house) opened(t *testing.T, ended bool) (id string) {
	t.Helper()

	id = ids.New("era")
	_, err := h.db.Exec(t.Context(), `insert into erasures (id, cause, reason, approval, kind, mode, language, asked_by, opened_by, opened_at, staged_at,
			stage, ended_at, ends_at)
		values ($1, $2, 'staff.request', true, 'person', 'enforce', 'en', 'steward', 'steward', $3, $3,
			case when $4 then 'cancelled' else 'closing' end, case when $4 then $3::timestamptz end, case when $4 then $3::timestamptz else 'infinity' end)`,
		id, ids.New("act"), at(), ended)
	must(t, err)

	return id
}

// there are the names in the bucket.
func (h *house) there(t *testing.T) map[string]bool {
	t.Helper()

	names := map[string]bool{}

	for object, err := range h.Bucket.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		must(t, err)

		names[object.Name] = true
	}

	return names
}

// Objects that no record has go, once nobody can be writing them any more; what is a record, or may be one, and what nobody
// knows stays, whatever fails on the way.
func TestStraysGo(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	of := facts()
	_, err := h.Write(t.Context(), of, frozen(t, 1)) // a record of which the database has no erasure
	must(t, err)

	open, ended, again, unknown := h.opened(t, false), h.opened(t, true), facts(), ids.New("era")
	_, err = h.Write(t.Context(), again, frozen(t, 1))
	must(t, err)
	must(t, h.Delete(t.Context(), again.Subject.Erasure, at()))

	for _, name := range []string{
		replay.Object(open), replay.Object(ended), replay.Object(again.Subject.Erasure), replay.Object(unknown), "erasures/" + ended + "/notes",
	} {
		h.put(t, name)
	}

	soon, later := time.Now().Add(time.Hour), time.Now().Add(49*time.Hour)

	if found, err := h.Sweep(t.Context(), soon); err != nil || found != (replay.Swept{}) || len(h.there(t)) != 6 {
		t.Errorf("young ones: %+v, %v, %v", found, err, h.there(t))
	}

	if found, err := h.Look(t.Context(), later); err != nil || found != (replay.Swept{Strays: 2, Unknown: 2}) || len(h.there(t)) != 6 {
		t.Errorf("a look: %+v, %v, %v", found, err, h.there(t))
	}

	for page := range 7 { // the same, whatever part of it is looked at together
		if found, err := h.LookBy(t.Context(), later, page+1); err != nil || found != (replay.Swept{Strays: 2, Unknown: 2}) {
			t.Errorf("by %d: %+v, %v", page+1, found, err)
		}
	}

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}
		found, err := h.Sweep(faults.With(t.Context(), counter), later)

		reached = counter.Reached()
		if err == nil || !reached && (!failure.Is(err, failure.ReplayUnknown) || found.Unknown != 2) {
			t.Errorf("call %d: %+v, %v", n, found, err)
		}
	}

	left := h.there(t)
	for _, name := range []string{replay.Object(of.Subject.Erasure), replay.Object(open), replay.Object(unknown), "erasures/" + ended + "/notes"} {
		if !left[name] {
			t.Errorf("%s went", name)
		}
	}

	if len(left) != 4 {
		t.Errorf("left: %v", left)
	}

	// The record that was there still opens.
	_, err = h.Open(context.WithoutCancel(t.Context()), of.Subject.Erasure)
	must(t, err)
}
