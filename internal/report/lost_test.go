package report_test

import (
	"testing"
	"time"

	"steward/internal/ledger"
)

// What a later day's drill refused is lost to the days before it that name it, within
// their time, and refused on its own day.
func TestWhatALaterDrillRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "files/uploads", "files/others")
	w.whole("files/uploads", map[int]plan{8: {undrilled: true}})
	w.whole("files/others", nil)

	row := w.find("files/uploads", "2026-11-12")
	body := ledger.FilesBody{
		Backup: row.ID, Files: "uploads", Day: "2026-11-12", FirstDay: "2026-11-03", Count: 9, Code: "content_differs",
		Objects: []ledger.ObjectBody{{Name: "uploads/contents/cnt_a", Generation: 3}},
	}
	w.write(ledger.FilesRefused, row.TakenAt.Add(-time.Minute), body)
	w.seal(0)

	made := w.assemble()
	for day, want := range map[string]string{
		"2026-11-02": "", "2026-11-05": "", "2026-11-06": "lost!", "2026-11-08": "missed!", "2026-11-11": "lost!", "2026-11-12": "refused", "2026-11-13": "",
	} {
		got := dayOf(made, "files/uploads", day)
		if codes(got) != want {
			t.Errorf("%s: %q, want %q", day, codes(got), want)
		}

		if want == "lost!" && codes(got) == want && (got.Findings[0].Cause != "content_differs" || got.Findings[0].Kind != ledger.FilesRefused || got.Findings[0].Count != 0) {
			t.Errorf("%s: %+v", day, got.Findings[0])
		}

		if other := codes(dayOf(made, "files/others", day)); other != "" {
			t.Errorf("others: %s: %s", day, other)
		}
	}
}

// What only the catalogue knows to be lost is told all the same, once, and only of
// what was proven and lost within its time and before the report.
func TestALossThatOnlyTheCatalogueKnows(t *testing.T) {
	t.Parallel()

	at := utc(11, 12, 2, 31)

	for name, c := range map[string]struct {
		how    plan
		lost   time.Time
		change func(w *world)
		codes  string
	}{
		"within its time":      {lost: at, codes: "lost!"},
		"after its time":       {lost: at.AddDate(0, 0, 7)},
		"never proven":         {how: plan{undrilled: true}, lost: at, codes: "missed!"},
		"told by an entry too": {lost: at, codes: "lost!", change: func(w *world) { w.entry(ledger.BackupMissing, *w.find("files/uploads", "2026-11-10"), at, plan{}) }},
		"after the report":     {lost: at, change: func(w *world) { w.facts.AsOf = at.Add(-time.Second) }},
	} {
		w := newWorld(t, "2026-11", later(), "files/uploads")
		w.whole("files/uploads", map[int]plan{10: c.how})
		w.find("files/uploads", "2026-11-10").LostAt = c.lost

		if c.change != nil {
			c.change(w)
		}

		w.seal(0)

		if got := codes(dayOf(w.assemble(), "files/uploads", "2026-11-10")); got != c.codes {
			t.Errorf("%s: %q, want %q", name, got, c.codes)
		}
	}
}

// What the first attempt at a day lost is not lost to the day that was taken anew.
func TestWhatAnEarlierAttemptLost(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "files/uploads")
	w.whole("app", nil)
	w.whole("files/uploads", nil)

	row, files := w.find("app", "2026-11-10"), w.find("files/uploads", "2026-11-10")
	w.entry(ledger.BackupMissing, *row, row.TakenAt.Add(-time.Minute), plan{})
	w.write(ledger.FilesMissing, files.TakenAt.Add(-time.Minute), lostFiles("uploads", "2026-11-10", "2026-11-10"))
	w.seal(0)

	made := w.assemble()
	for _, item := range []string{"app", "files/uploads"} {
		if got := codes(dayOf(made, item, "2026-11-10")); got != "recorded" {
			t.Errorf("%s: %q", item, got)
		}
	}

	if !made.Holds {
		t.Error("it is held against the day")
	}
}
