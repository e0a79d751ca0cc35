package residue

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The matcher finds what a search for one value after the other finds.
func TestTheMatcherFindsWhatIsThere(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringMatching(`[abAB@.é]{6,9}`)
		values := rapid.SliceOfN(letters, 1, 6).Draw(t, "values")
		text := strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(values), letters, rapid.SampledFrom([]string{" ", `\n`, "\t", `"`, "."}))).
			Draw(t, "text"), "")

		m := newMatcher(values)

		var got []string

		for _, hit := range m.find([]byte(text)) {
			got = append(got, string(m.values[hit.value]))
		}

		var want []string

		for at := range len(text) {
			for _, value := range m.values {
				if strings.HasPrefix(lower(text[at:]), string(value)) && m.stands([]byte(text), at, value) {
					want = append(want, string(value))
				}
			}
		}

		slices.Sort(got)
		slices.Sort(want)

		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q: %q, want %q", values, text, got, want)
		}
	})
}

// lower is without regard to letters outside of ASCII.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}

		return r
	}, text)
}

// A value stands by itself, or it is another's.
func TestAValueStandsByItself(t *testing.T) {
	t.Parallel()

	m := newMatcher([]string{"Ann@Example.com"})

	for text, want := range map[string]int{
		"ann@example.com": 1, "joann@example.com": 0, "Write to ANN@example.com.": 1, "ann@example.com.au": 0, `{"to":"ann@example.com"}`: 1,
		"“ann@example.com”": 1, "ann@example.com…": 1, "…ann@example.com": 1, "、ann@example.com。": 1, "\u00a0ann@example.com\u00a0": 1, "éann@example.com": 0,
		"ann@example.comé": 0, "jo\u0301ann@example.com": 0, "?to=%3Cann@example.com%3E": 1, "- ann@example.com - me": 1, "--ann@example.com--": 1, "_ann@example.com_": 1,
		"jo-ann@example.com": 0, "jo.-ann@example.com": 0, "ann@example.com-x.org": 0, "ann@example.com...": 1, "\xffann@example.com\xff": 1,
		`first line\nann@example.com`: 1, "ann@example.community": 0, "<ann@example.com>,<ann@example.com>": 2, "": 0, "ann": 0,
	} {
		if got := len(m.find([]byte(text))); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Letters outside of ASCII are found small and capital, whichever is looked for.
func TestLettersOutsideOfASCIIAreFoundInBothCases(t *testing.T) {
	t.Parallel()

	for _, sought := range []string{"Jörg@Müller.de", "jörg@müller.de", "JÖRG@MÜLLER.DE"} {
		m := newMatcher([]string{"another@example.org", sought})

		for _, text := range []string{"jörg@müller.de", "JÖRG@MÜLLER.DE", "Jörg@Müller.DE"} {
			hits := m.find([]byte("to " + text + "!"))
			if len(hits) != 1 || !slices.Equal(m.ownersOf(hits[0]), []int{1}) {
				t.Errorf("%s in %s: %v", sought, text, hits)
			}
		}
	}
}
