package filedrill_test

import (
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/filestest"
)

// A refusal names contents that were found wanting, and the first and the last day
// that name the one which was named first, to people and in the ledger; never what
// the app calls a file.
func TestARefusalNamesWhatIsLost(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a person's file", "content")
	b.Drilled(t)
	old := b.Names(t, "uploads/contents/")[0]

	for range 2 {
		b.Clock.Advance(day)
		b.Write(t, "a younger file", "of "+b.Clock.Now().String())
		b.Drilled(t)
	}

	b.Clock.Advance(day)
	b.Write(t, "today's file", "more")
	taken := b.Take(t)

	for _, name := range append(b.Names(t, "uploads/contents/")[:1], old) {
		if err := b.Bucket.Remove(t.Context(), name); err != nil && !failure.Is(err, failure.ObjectNotFound) {
			t.Fatal(err)
		}
	}

	_, err := b.Driller.Drill(t.Context(), taken.ID)
	if !failure.Is(err, failure.ObjectNotFound) {
		t.Fatal(err)
	}

	if text := err.Error(); !strings.Contains(text, "content "+old+", which the days from 2026-11-22 to 2026-11-25 name") ||
		strings.Contains(text, "person") {
		t.Error(text)
	}

	body := b.Strings(t, `select body from ledger.entries where kind = 'files.refused'`)
	if len(body) != 1 || !strings.Contains(body[0], `"first_day":"2026-11-22"`) || !strings.Contains(body[0], `"day":"2026-11-25"`) ||
		!strings.Contains(body[0], `"name":"`+old+`"`) || strings.Contains(body[0], "person") {
		t.Error(body)
	}
}

// However many are lost, few are named.
func TestARefusalNamesFew(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	for name := range strings.SplitSeq("abcdefghijkl", "") {
		b.Write(t, name, name)
	}

	taken := b.Take(t)

	for _, name := range b.Names(t, "uploads/contents/") {
		check(t, b.Bucket.Remove(t.Context(), name))
	}

	if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, failure.ObjectNotFound) || strings.Count(err.Error(), "cnt_") != 1 {
		t.Error(err)
	}

	body := b.Strings(t, `select body from ledger.entries where kind = 'files.refused'`)
	if len(body) != 1 || !strings.Contains(body[0], `"count":12`) || strings.Count(body[0], "cnt_") != 5 {
		t.Error(body)
	}
}
