package harness

import (
	"encoding/json"
	"testing"
	"time"
)

// A day of files may outstay its time only under an entry that names it, its end, what
// it holds, and a cause of the policy; and only until an entry ends that.
func TestAStayOfFilesNeedsItsEntry(t *testing.T) {
	t.Parallel()
	const excepted = `{"kind":"files.excepted","body":{"backup":"fbk_a","files":"uploads","day":"2026-11-22","due_at":"2026-11-29T02:30:00Z",
		"cause":"last_drilled","contents":3}}`
	row := filesRow{ID: "fbk_a", Set: "uploads", Day: "2026-11-22"}
	due := time.Date(2026, 11, 29, 2, 30, 0, 0, time.UTC)
	for _, each := range []struct {
		name  string
		texts []string
		due   time.Time
		named int64
		want  bool
	}{
		{"no entry", nil, due, 3, false},
		{"its entry", []string{excepted}, due, 3, true},
		{"an entry of another end", []string{excepted}, due.Add(time.Second), 3, false},
		{"an entry of other contents", []string{excepted}, due, 4, false},
		{"an entry of another day", []string{`{"kind":"files.excepted","body":{"backup":"fbk_b","files":"uploads","day":"2026-11-22",
			"due_at":"2026-11-29T02:30:00Z","cause":"last_drilled","contents":3}}`}, due, 3, false},
		{"an entry without a cause", []string{`{"kind":"files.excepted","body":{"backup":"fbk_a","files":"uploads","day":"2026-11-22",
			"due_at":"2026-11-29T02:30:00Z","contents":3}}`}, due, 3, false},
		{"another kind of entry", []string{`{"kind":"files.stored","body":{"backup":"fbk_a","files":"uploads","day":"2026-11-22",
			"due_at":"2026-11-29T02:30:00Z","cause":"last_drilled","contents":3}}`}, due, 3, false},
		{"a stay that has ended", []string{excepted, `{"kind":"files.exception.ended","body":{"backup":"fbk_a","files":"uploads","day":"2026-11-22",
			"due_at":"2026-11-29T02:30:00Z","cause":"younger_drilled"}}`}, due, 3, false},
	} {
		entries := make([]leaf, len(each.texts))
		for i, text := range each.texts {
			if err := json.Unmarshal([]byte(text), &entries[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got := row.excepted(each.due, each.named, entries); got != each.want {
			t.Errorf("%s: %v, want %v", each.name, got, each.want)
		}
	}
}
