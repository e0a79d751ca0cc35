package fileprune_test

import (
	"testing"
	"time"

	"steward/internal/fileprune"
	"steward/internal/prune"
)

// How an exception begins, goes on and ends, and when what goes is late.
func TestExceptionsOfManifests(t *testing.T) {
	t.Parallel()

	one := fileprune.Manifest{ID: "a", Files: "x", OpenedAt: start(), SnapshotAt: start(), Drilled: true}
	younger := fileprune.Manifest{ID: "b", Files: "x", OpenedAt: start().Add(9 * day), SnapshotAt: start().Add(9 * day), Drilled: true}
	open, ended, lost := one, one, one
	open.Exception.Since = start().Add(7 * day)
	ended.Exception = fileprune.Exception{Since: start().Add(7 * day), EndedAt: start().Add(10 * day)}
	lost.Unreadable, lost.Exception = true, open.Exception
	failed := one
	failed.Drilled = false

	for name, c := range map[string]struct {
		held         []fileprune.Manifest
		after        time.Duration
		honour       bool
		delete, late bool
		exception    bool
		ends         prune.Cause
	}{
		"begins":                        {held: []fileprune.Manifest{one}, after: 7 * day, exception: true},
		"goes on":                       {held: []fileprune.Manifest{open}, after: 90 * day, exception: true},
		"goes on before its longer due": {held: []fileprune.Manifest{open}, after: 6 * day, exception: true},
		"a younger one":                 {held: []fileprune.Manifest{open, younger}, after: 9 * day, delete: true, ends: prune.YoungerDrilled},
		"the policy says no":            {held: []fileprune.Manifest{open}, after: 9 * day, honour: true, delete: true, ends: prune.HonourCeiling},
		"it cannot be read":             {held: []fileprune.Manifest{lost}, after: 9 * day, delete: true, ends: prune.ObjectsMissing},
		"ended, in time":                {held: []fileprune.Manifest{ended, younger}, after: 10*day + 2*time.Hour - 1, delete: true},
		"ended, late":                   {held: []fileprune.Manifest{ended, younger}, after: 10*day + 2*time.Hour, delete: true, late: true},
		"never one, in time":            {held: []fileprune.Manifest{failed}, after: 7*day + 2*time.Hour - 1, delete: true},
		"never one, late":               {held: []fileprune.Manifest{failed}, after: 7*day + 2*time.Hour, delete: true, late: true},
	} {
		got := fileprune.Manifests(c.held, rule(t, !c.honour), start().Add(c.after))[0]
		if got.Delete != c.delete || got.Late != c.late || got.Exception != c.exception || got.Ends != c.ends || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What an exception held is late only by the tolerance after its end.
func TestContentsAfterAnException(t *testing.T) {
	t.Parallel()

	content := fileprune.Content{ID: "a", FirstAt: start(), NewestAt: start().Add(day)}
	end := start().Add(20 * day)

	for name, c := range map[string]struct {
		of    time.Time // the snapshot of the exception that ended
		after time.Duration
		late  bool
	}{
		"in time":                {of: start(), after: 20*day + 2*time.Hour - 1},
		"late":                   {of: start(), after: 20*day + 2*time.Hour, late: true},
		"of a day that named it": {of: start().Add(day), after: 20 * day},
		"of an older day":        {of: start().Add(-1), after: 20 * day, late: true},
		"of a younger day":       {of: start().Add(day + 1), after: 20 * day, late: true},
	} {
		beyond := fileprune.Beyond{Ended: []fileprune.Ended{{At: c.of, EndedAt: end}}}
		got := fileprune.Contents([]fileprune.Content{content}, nil, beyond, rule(t, true), start().Add(c.after))[0]

		if !got.Delete || got.Late != c.late {
			t.Errorf("%s: %+v", name, got)
		}
	}

	if got := fileprune.Contents([]fileprune.Content{content}, nil, fileprune.Beyond{}, rule(t, true), start().Add(8*day)); got[0].Late {
		t.Errorf("%+v", got)
	}
}
