package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"steward/internal/ledger"
)

// Every object of files is named in some entry, and each entry fits.
func TestEveryObjectOfFilesIsNamed(t *testing.T) {
	t.Parallel()

	var objects []ledger.ObjectBody

	for n := range 100 {
		objects = append(objects, ledger.ObjectBody{
			Name: fmt.Sprintf("%s/contents/cnt_%s%03d", strings.Repeat("d", 41), strings.Repeat("a", 23), n), Generation: 1<<63 - 1,
		})
	}

	due, named, sums := day(), map[string]bool{}, map[string]bool{}
	body := ledger.FilesObjectsBody{
		Files: strings.Repeat("d", 41), Backup: "fbk_" + strings.Repeat("a", 26), Day: "2026-11-22", FirstDay: "2026-11-15", DueAt: &due,
		Cause: strings.Repeat("c", 40),
	}

	for _, one := range body.Naming(objects) {
		if _, err := ledger.NewEntry(ledger.FilesOverdue, due.Add(time.Hour), one); err != nil {
			t.Fatal(err)
		}

		if int(one.Count) != len(one.Objects) || sums[one.ObjectsSHA256] {
			t.Errorf("count %d of %d, hash %s", one.Count, len(one.Objects), one.ObjectsSHA256)
		}

		sums[one.ObjectsSHA256] = true

		for _, object := range one.Objects {
			named[object.Name] = true
		}
	}

	if len(named) != len(objects) || len(body.Naming(nil)) != 0 {
		t.Errorf("%d named", len(named))
	}
}
