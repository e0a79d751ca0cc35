package procs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/dev/internal/procs"
)

func TestBeatNotesWhenTheMachineWasOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	alive, off := filepath.Join(dir, "alive"), filepath.Join(dir, "off.jsonl")
	evening := time.Date(2026, time.November, 1, 20, 0, 0, 0, time.UTC)
	morning := evening.Add(12 * time.Hour)
	var want []procs.Gap
	for _, one := range []struct {
		at  time.Time
		gap bool
	}{
		{evening, false},
		{evening.Add(time.Minute), false},
		{evening.Add(3 * time.Minute), false},
		{morning, true},
		{morning, false},
	} {
		gap, err := procs.Beat(alive, off, one.at)
		if err != nil {
			t.Fatal(err)
		}
		if (gap != nil) != one.gap {
			t.Errorf("at %s: gap %v", one.at, gap)
		}
		if gap != nil {
			want = append(want, *gap)
		}
	}
	got, err := procs.Gaps(off)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || !got[0].From.Equal(evening.Add(3*time.Minute)) || !got[0].To.Equal(morning) {
		t.Errorf("noted %v: %s", got, diff)
	}
}

func TestGapsLeavesOutATornLine(t *testing.T) {
	t.Parallel()
	off := filepath.Join(t.TempDir(), "off.jsonl")
	text := `{"from":"2026-11-01T20:00:00Z","to":"2026-11-02T08:00:00Z"}` + "\n" + `{"from":"2026-`
	if err := os.WriteFile(off, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	gaps, err := procs.Gaps(off)
	if err != nil || len(gaps) != 1 {
		t.Errorf("got %v, %v", gaps, err)
	}
	if none, err := procs.Gaps(off + ".missing"); err != nil || none != nil {
		t.Errorf("missing: %v, %v", none, err)
	}
}
