package fileprune_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/calendar"
	"steward/internal/fileprune"
)

const day = 24 * time.Hour

func rule(t testing.TB, keepLast bool) fileprune.Rule {
	t.Helper()

	keep, err := calendar.ParseDuration("7d")
	if err != nil {
		t.Fatal(err)
	}

	return fileprune.Rule{Keep: keep, Zone: time.UTC, KeepLastDrilled: keepLast, Tolerance: 2 * time.Hour}
}

func start() time.Time { return time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC) }

func TestManifests(t *testing.T) {
	t.Parallel()

	one := fileprune.Manifest{ID: "a", Files: "x", OpenedAt: start().Add(-time.Minute), SnapshotAt: start(), Drilled: true}
	younger := fileprune.Manifest{ID: "b", Files: "x", OpenedAt: start().Add(day), SnapshotAt: start().Add(day), Drilled: true}
	undrilled := younger
	undrilled.Drilled = false
	other := younger
	other.Files = "y"
	never := fileprune.Manifest{ID: "c", Files: "x", OpenedAt: start()}
	twin := one
	twin.ID = "b"

	for name, c := range map[string]struct {
		held     []fileprune.Manifest
		after    time.Duration
		keepLast bool
		want     string // d deletes, k keeps, x is an exception; one for each
	}{
		"a moment too early":           {[]fileprune.Manifest{one, younger}, 7*day - 1, true, "kk"},
		"at its time":                  {[]fileprune.Manifest{one, younger}, 7 * day, true, "dk"},
		"the last":                     {[]fileprune.Manifest{one}, 7 * day, true, "x"},
		"the last, ceiling first":      {[]fileprune.Manifest{one}, 7 * day, false, "d"},
		"a younger one is not proven":  {[]fileprune.Manifest{one, undrilled}, 7 * day, true, "xk"},
		"a younger one is of others":   {[]fileprune.Manifest{one, other}, 7 * day, true, "xk"},
		"both past, the younger stays": {[]fileprune.Manifest{one, younger}, 9 * day, true, "dx"},
		"nothing was ever attempted":   {[]fileprune.Manifest{never}, 7 * day, true, "d"},
		"nothing yet":                  {[]fileprune.Manifest{never}, 7*day - 1, true, "k"},
		"two of one time":              {[]fileprune.Manifest{one, twin}, 7 * day, true, "dx"},
		"two of one time, other order": {[]fileprune.Manifest{twin, one}, 7 * day, true, "xd"},
	} {
		var got strings.Builder

		for i, decision := range fileprune.Manifests(c.held, rule(t, c.keepLast), start().Add(c.after)) {
			got.WriteString(letter(decision))

			if decision.ID != c.held[i].ID || decision.Reason == "" {
				t.Errorf("%s: %+v", name, decision)
			}
		}

		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got.String(), c.want)
		}
	}
}

func letter(d fileprune.Decision) string {
	switch {
	case d.Delete && d.Exception:
		return "?"
	case d.Delete:
		return "d"
	case d.Exception:
		return "x"
	default:
		return "k"
	}
}

func TestContents(t *testing.T) {
	t.Parallel()

	content := fileprune.Content{ID: "a", FirstAt: start(), NewestAt: start().Add(2 * day)}

	for name, c := range map[string]struct {
		excepted time.Time
		after    time.Duration // since the newest manifest that names it
		keepLast bool
		want     string
	}{
		"a moment too early":               {time.Time{}, 7*day - 1, true, "k"},
		"at its time":                      {time.Time{}, 7 * day, true, "d"},
		"named by the exception":           {start().Add(day), 7 * day, true, "x"},
		"named by it first":                {start(), 7 * day, true, "x"},
		"named by it last":                 {start().Add(2 * day), 7 * day, true, "x"},
		"the exception is older":           {start().Add(-1), 7 * day, true, "d"},
		"the exception is younger":         {start().Add(2*day + 1), 7 * day, true, "d"},
		"no exceptions under this policy":  {start(), 7 * day, false, "d"},
		"an exception, and still in time":  {start(), 7*day - 1, true, "k"},
		"an exception, and long past time": {start(), 700 * day, true, "x"},
	} {
		decisions := fileprune.Contents([]fileprune.Content{content}, nil, fileprune.Beyond{At: c.excepted}, rule(t, c.keepLast), content.NewestAt.Add(c.after))
		if got := letter(decisions[0]); got != c.want || decisions[0].ID != "a" || decisions[0].Reason == "" {
			t.Errorf("%s: %+v, want %s", name, decisions[0], c.want)
		}
	}
}

// history is a random life of one set: its manifests, and which files lived when.
type history struct {
	manifests []fileprune.Manifest
	contents  []fileprune.Content
	names     map[string][]int // by content, the manifests that name it
	snapshots []time.Time      // of the manifests
}

func drawHistory(t *rapid.T, from time.Time, apart int) history {
	days := rapid.IntRange(1, 12).Draw(t, "days")
	h := history{names: map[string][]int{}}

	at := from
	for n := range days {
		at = at.Add(time.Duration(rapid.IntRange(1, apart).Draw(t, "hours")) * time.Hour)
		h.snapshots = append(h.snapshots, at)
		h.manifests = append(h.manifests, fileprune.Manifest{
			ID: fmt.Sprintf("m%02d", n), Files: "x", OpenedAt: at, SnapshotAt: at, Drilled: rapid.Bool().Draw(t, "drilled"),
		})
	}

	for n := range rapid.IntRange(1, 6).Draw(t, "contents") {
		first := rapid.IntRange(0, days-1).Draw(t, "first")
		last := rapid.IntRange(first, days-1).Draw(t, "last")
		id := fmt.Sprintf("c%d", n)
		h.contents = append(h.contents, fileprune.Content{ID: id, FirstAt: h.manifests[first].SnapshotAt, NewestAt: h.manifests[last].SnapshotAt})

		for each := first; each <= last; each++ {
			h.names[id] = append(h.names[id], each)
		}
	}

	return h
}

// Over random histories, at any instant: a content is kept exactly while a manifest
// that names it is kept, whatever the reason.
func TestAContentGoesWithItsLastManifest(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		h := drawHistory(r, start(), 60)
		rule := rule(t, rapid.Bool().Draw(r, "keep last"))
		goesWithItsLast(r, h, rule, start().Add(time.Duration(rapid.IntRange(0, 60*24).Draw(r, "as of"))*time.Hour))
	})
}

func goesWithItsLast(r *rapid.T, h history, rule fileprune.Rule, asOf time.Time) {
	kept := map[int]bool{}
	for i, decision := range fileprune.Manifests(h.manifests, rule, asOf) {
		kept[i] = !decision.Delete
	}

	beyond := fileprune.Beyond{At: fileprune.Excepted(h.manifests, rule, asOf)["x"]}
	for _, decision := range fileprune.Contents(h.contents, h.snapshots, beyond, rule, asOf) {
		named := false
		for _, each := range h.names[decision.ID] {
			named = named || kept[each]
		}

		if decision.Delete == named {
			r.Fatalf("content %s: %+v, named by a kept manifest: %v", decision.ID, decision, named)
		}
	}
}
