package calendar_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/calendar"
)

func duration(t testing.TB, text string) calendar.Duration {
	t.Helper()
	d, err := calendar.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, words := range map[string]string{
		"7d": "7 days", "1d": "1 day", "2h": "2 hours", "1h": "1 hour", "30min": "30 minutes", "1min": "1 minute",
		"1mo": "1 month", "18mo": "18 months", "2y": "2 years", "0d": "0 days", "0min": "0 minutes",
		"100y": "100 years", "1200mo": "1200 months", "36600d": "36600 days",
	} {
		d, err := calendar.ParseDuration(text)
		if err != nil || d.String() != text || d.Words() != words {
			t.Errorf("ParseDuration(%q) = %v (%s), %v", text, d, d.Words(), err)
		}
	}
}

func TestParseDurationErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "must begin with a whole number",
		"d":                     "must begin with a whole number",
		"-7d":                   "must begin with a whole number",
		" 7d":                   "must begin with a whole number",
		"7":                     "the unit is missing; write min, h, d, mo or y, as in 7d",
		"7m":                    "m could be minutes or months; write min or mo",
		"7w":                    `unknown unit "w"`,
		"7D":                    `unknown unit "D"`,
		"7 d":                   `unknown unit " d"`,
		"1.5h":                  `unknown unit ".5h"`,
		"1d12h":                 `unknown unit "d12h"`,
		"30s":                   `unknown unit "s"`,
		"٣d":                    "must begin with a whole number",
		"07d":                   "the number must not begin with 0",
		"00d":                   "the number must not begin with 0",
		"101y":                  "longer than 100 years",
		"1201mo":                "longer than 100 years",
		"36601d":                "longer than 100 years",
		"878401h":               "longer than 100 years",
		"52704001min":           "longer than 100 years",
		"99999999999999999d":    "longer than 100 years",
		"99999999999999999999d": "the number is too large",
	} {
		d, err := calendar.ParseDuration(text)
		if !errors.Is(err, calendar.ErrNotADuration) || !strings.Contains(err.Error(), want) || d != (calendar.Duration{}) {
			t.Errorf("ParseDuration(%q) = %v, %v, want %q", text, d, err, want)
		}
	}
	if _, err := calendar.NewDuration(-1, calendar.Days); !errors.Is(err, calendar.ErrNotADuration) {
		t.Errorf("a negative duration gives %v", err)
	}
	if _, err := calendar.NewDuration(1, "week"); !errors.Is(err, calendar.ErrNotADuration) {
		t.Errorf("an unknown unit gives %v", err)
	}
}

func TestZeroDuration(t *testing.T) {
	t.Parallel()
	var none calendar.Duration
	if none.String() != "0min" || none.Words() != "0 minutes" || !none.IsZero() {
		t.Errorf("the zero duration is %v, %s", none, none.Words())
	}
	if !none.Equal(duration(t, "0mo")) || none.Equal(duration(t, "1min")) || duration(t, "24h").Equal(duration(t, "1d")) {
		t.Error("Equal compares neither nothing nor units")
	}
	at := instant(t, "2026-10-25T01:30:00Z") // the second 02:30 of a fold in Paris
	for _, text := range []string{"0min", "0mo", "0y"} {
		if got := duration(t, text).AddTo(at, zone(t, "Europe/Paris")); !got.Equal(at) {
			t.Errorf("%s moves to %v", text, got)
		}
	}
	if got := none.AddTo(at, time.UTC); !got.Equal(at) {
		t.Errorf("the zero duration moves to %v", got)
	}
}

func TestDurationMarshalling(t *testing.T) {
	t.Parallel()
	want := map[string]calendar.Duration{"keep": duration(t, "7d"), "after": duration(t, "2y")}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"after":"2y","keep":"7d"}` {
		t.Fatalf("JSON = %s, %v", text, err)
	}
	var got map[string]calendar.Duration
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"keep":"a week"}`), &got); !errors.Is(err, calendar.ErrNotADuration) {
		t.Errorf("a bad duration gives %v", err)
	}
}

func TestLengths(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, test := range []struct {
		text              string
		exact             bool
		shortest, longest time.Duration
	}{
		{"90min", true, 90 * time.Minute, 90 * time.Minute},
		{"20h", true, 20 * time.Hour, 20 * time.Hour},
		{"7d", true, 7 * day, 7 * day},
		{"1mo", false, 28 * day, 31 * day},
		{"13mo", false, 393 * day, 397 * day},
		{"2y", false, 730 * day, 732 * day},
		{"100y", false, 36_500 * day, 36_600 * day},
	} {
		d := duration(t, test.text)
		length, exact := d.Exact()
		if exact != test.exact || exact && length != test.shortest {
			t.Errorf("%s: Exact = %v, %v", test.text, length, exact)
		}
		if d.Shortest() != test.shortest || d.Longest() != test.longest {
			t.Errorf("%s: %v to %v, want %v to %v", test.text, d.Shortest(), d.Longest(), test.shortest, test.longest)
		}
	}
}

func drawDuration(t *rapid.T) calendar.Duration {
	unit := rapid.SampledFrom([]calendar.Unit{
		calendar.Minutes, calendar.Hours, calendar.Days, calendar.Months, calendar.Years,
	}).Draw(t, "unit")
	most := 100
	if unit == calendar.Years {
		most = 8 // stays in the years whose zone changes are explicit
	}
	d, err := calendar.NewDuration(rapid.IntRange(0, most).Draw(t, "count"), unit)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDurationTextProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDuration(t)
		again, err := calendar.ParseDuration(d.String())
		if err != nil || again != d {
			t.Fatalf("%v read as %v: %v", d, again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"7d", "1mo", "", "9999999999999999999999y", "7m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := calendar.ParseDuration(text)
		if err == nil && d.String() != text {
			t.Errorf("%q is read, but written as %q", text, d)
		}
		if err != nil && !errors.Is(err, calendar.ErrNotADuration) {
			t.Errorf("%q gives an untyped error: %v", text, err)
		}
	})
}
