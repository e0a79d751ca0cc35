package main

import (
	"bytes"
	"strings"
	"testing"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/filecatalogue"
)

// A backup that found no file says so in the list, however good it is; one that is not
// done, or that was pruned, says nothing of it.
func TestABackupWithoutFilesIsWarnedOf(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		state  catalogue.State
		count  int64
		warned bool
	}{
		{catalogue.Drilled, 0, true},
		{catalogue.Taken, 0, true},
		{catalogue.Drilled, 1, false},
		{catalogue.Running, 0, false},
		{catalogue.Bad, 0, false},
		{catalogue.Pruned, 0, false},
	} {
		row := filesRowOf(filecatalogue.Backup{ID: "fbk_x", Files: "uploads", Day: "2026-11-22", State: test.state, Count: test.count})
		if (row.Warning != "") != test.warned {
			t.Errorf("%+v: %q", test, row.Warning)
		}

		var out bytes.Buffer

		a := &app{console: &console.Console{Out: &out}}
		if err := a.showFiles([]filesRow{row}); err != nil || strings.Contains(out.String(), "no file at all") != test.warned {
			t.Errorf("%+v: %s %v", test, out.String(), err)
		}
	}
}
