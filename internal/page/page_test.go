package page_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/failure"
	"steward/internal/page"
)

type key struct {
	Day string `json:"day"`
	ID  int    `json:"id"`
}

func TestACursorComesBack(t *testing.T) {
	t.Parallel()

	text, err := page.Encode("tasks", key{"2026-11-22", 7})
	if err != nil {
		t.Fatal(err)
	}

	if got, found, err := page.Decode[key]("tasks", text); err != nil || !found || got != (key{"2026-11-22", 7}) {
		t.Errorf("%+v %v %v", got, found, err)
	}

	if _, found, err := page.Decode[key]("tasks", ""); err != nil || found {
		t.Errorf("%v %v", found, err)
	}

	for name, wrong := range map[string]string{
		"of another list": text, "cut": text[:len(text)-1], "no base64": "!", "no JSON": "AAAA", "another key": mustEncode(t, "backups", "x"),
		"NUL":            crafted(`{"l":"backups","k":{"day":"\u0000"}}`),
		"a surrogate":    crafted(`{"l":"backups","k":{"day":"\ud800"}}`),
		"no UTF-8":       crafted("{\"l\":\"backups\",\"k\":{\"day\":\"\xff\"}}"),
		"null":           crafted(`{"l":"backups","k":null}`),
		"a name twice":   crafted(`{"l":"backups","l":"backups","k":{"day":"x"}}`),
		"something more": crafted(`{"l":"backups","k":{"day":"x"}}{}`),
	} {
		if _, _, err := page.Decode[key]("backups", wrong); !failure.Is(err, failure.CursorInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// crafted is a cursor that a caller made up.
func crafted(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func mustEncode(t *testing.T, list, key string) string {
	t.Helper()

	text, err := page.Encode(list, key)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

// TestPagesAreTheWholeList: whatever its length and the size of a page.
func TestPagesAreTheWholeList(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		all := make([]int, rapid.IntRange(0, 50).Draw(t, "items"))
		for i := range all {
			all[i] = i + 1
		}

		limit := rapid.IntRange(1, 20).Draw(t, "limit")

		var seen []int

		for cursor, pages := "", 0; ; pages++ {
			after, _, err := page.Decode[int]("numbers", cursor)
			if err != nil || pages > len(all) {
				t.Fatal(pages, err)
			}

			shown, next, err := page.Cut("numbers", all[after:min(len(all), after+limit+1)], limit, func(n int) int { return n })
			if err != nil {
				t.Fatal(err)
			}

			seen = append(seen, shown...)

			if cursor = next.NextCursor; cursor == "" {
				break
			}
		}

		if !slices.Equal(seen, all) {
			t.Fatalf("%v", seen)
		}
	})
}

func ExampleCut() {
	// A statement that asked for one more than the three that are shown gave four.
	shown, next, err := page.Cut("numbers", []int{1, 2, 3, 4}, 3, func(n int) int { return n })
	fmt.Println(shown, next.NextCursor != "", err)
	// Output: [1 2 3] true <nil>
}
