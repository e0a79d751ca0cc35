package fileprune_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"pgregory.net/rapid"

	"steward/internal/calendar"
	"steward/internal/fileprune"
)

// keeping is a rule that keeps for a time counted on the calendar of a zone.
func keeping(t testing.TB, text, zone string) fileprune.Rule {
	t.Helper()

	keep, err := calendar.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}

	where, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}

	return fileprune.Rule{Keep: keep, Zone: where, KeepLastDrilled: true, Tolerance: 2 * time.Hour}
}

// The times of 30 and 31 January end both on 28 February, that of the earlier hour
// first: what both name stays until the older manifest goes, and what the younger
// names alone goes with that.
func TestTheFloorOfEachManifestInMonths(t *testing.T) {
	t.Parallel()

	evening, morning := time.Date(2027, 1, 30, 22, 0, 0, 0, time.UTC), time.Date(2027, 1, 31, 2, 0, 0, 0, time.UTC)
	long := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	manifests := []time.Time{long, evening, morning}
	contents := []fileprune.Content{
		{ID: "both", FirstAt: evening, NewestAt: morning},
		{ID: "the younger", FirstAt: morning, NewestAt: morning},
		{ID: "long", FirstAt: long, NewestAt: morning},
		{ID: "none", FirstAt: evening.Add(time.Minute), NewestAt: morning.Add(-time.Minute)}, // of an attempt that died
	}
	february := func(hour, minute int) time.Time { return time.Date(2027, 2, 28, hour, minute, 0, 0, time.UTC) }

	for _, c := range []struct {
		asOf time.Time
		want string
	}{
		{february(1, 58), "kkkk"}, {february(2, 0), "kdkd"}, {february(21, 59), "kdkd"}, {february(22, 0), "dddd"},
	} {
		var got strings.Builder

		for _, decision := range fileprune.Contents(contents, manifests, fileprune.Beyond{}, keeping(t, "1mo", "UTC"), c.asOf) {
			got.WriteString(letter(decision))
		}

		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.asOf, got.String(), c.want)
		}
	}

	decided := fileprune.Contents(contents, manifests, fileprune.Beyond{}, keeping(t, "1mo", "UTC"), february(23, 59))
	if decided[0].Late || !decided[0].Due.Equal(february(22, 0)) || !decided[1].Late {
		t.Errorf("%+v", decided)
	}
}

// Over random histories around the ends of months and the changes of the clocks, for
// keeps in calendar units: a content is kept exactly while a manifest that names it is
// kept, to the instant of each manifest's end.
func TestAContentGoesWithItsLastManifestInMonths(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		rule := keeping(t, rapid.SampledFrom([]string{"1mo", "2mo", "6mo", "1y", "13mo"}).Draw(r, "keep"),
			rapid.SampledFrom([]string{"UTC", "Europe/Paris", "America/New_York", "Pacific/Apia"}).Draw(r, "zone"))
		rule.KeepLastDrilled = rapid.Bool().Draw(r, "keep last")

		from := time.Date(2027, time.Month(rapid.IntRange(1, 24).Draw(r, "month")), rapid.IntRange(26, 29).Draw(r, "day"), 0, 0, 0, 0, time.UTC)
		h := drawHistory(r, from, 30)

		for _, at := range h.snapshots {
			end := rule.Keep.AddTo(at, rule.Zone)
			goesWithItsLast(r, h, rule, end.Add(-1))
			goesWithItsLast(r, h, rule, end)
		}
	})
}
