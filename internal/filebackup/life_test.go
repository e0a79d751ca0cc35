package filebackup_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/filestest"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const day = 24 * time.Hour

// From the first backup to the last trace: each content is stored once, stays while
// any kept manifest names it, and goes with the last.
func TestTheLifeOfAFile(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "accounts/1/Jane Doe.png", "jane's picture")
	b.Write(t, "accounts/2/stays.txt", "stays")
	b.Write(t, "empty", "")

	first := b.Drilled(t)
	if first.State != catalogue.Drilled || first.Count != 3 || first.Fresh != 3 || first.Bytes != 19 || first.Vanished != 0 {
		t.Fatalf("%+v", first)
	}

	header := b.Header(t, first)
	if header.Count != 3 || header.SourceBytes != 19 || header.SourceBucket != "app-uploads" || header.Day != "2026-11-22" {
		t.Errorf("%+v", header)
	}

	// The second day stores only what changed.
	b.Clock.Advance(day)
	b.Write(t, "accounts/2/stays.txt", "was changed")
	b.Unlink(t, "accounts/1/Jane Doe.png")

	second := b.Drilled(t)
	if second.Count != 2 || second.Fresh != 1 {
		t.Fatalf("%+v", second)
	}

	for at, want := range []struct {
		after                  time.Duration // since the first snapshot
		manifests, contents    int64         // that this prune removes
		objects, leftManifests int
	}{
		{7*day - time.Second, 0, 0, 4, 2},
		{7 * day, 1, 2, 2, 1}, // the picture and the older text, not the empty file
		{7*day + time.Hour, 0, 0, 2, 1},
	} {
		b.Clock.Advance(want.after - b.Clock.Now().Sub(filestest.Start()))

		result := b.Prune(t)
		if result.Removed != want.manifests || result.Contents != want.contents {
			t.Errorf("%d: %+v", at, result)
		}

		if names := b.Names(t, "uploads/contents/"); len(names) != want.objects {
			t.Errorf("%d: %d contents", at, len(names))
		}

		if names := b.Names(t, "uploads/2026"); len(names) != 2*want.leftManifests {
			t.Errorf("%d: %v", at, names)
		}
	}

	// Backups stopped: the newest proven one stays as an exception, whole.
	b.Clock.Advance(3 * day)

	if result := b.Prune(t); result.Exceptions != 1 || result.Removed != 0 || result.Contents != 0 {
		t.Errorf("%+v", result)
	}

	b.Remover.Rule.KeepLastDrilled = false

	if result := b.Prune(t); result.Removed != 1 || result.Contents != 2 {
		t.Errorf("%+v", result)
	}

	if names := b.Names(t, ""); len(names) != 0 {
		t.Errorf("there is still %v", names)
	}

	// Nothing that told of the app's objects is left, and it never was in evidence.
	left := b.Strings(t, `select c::text from file_contents as c where source is not null or plain_sha256 is not null`)
	if len(left) > 0 {
		t.Error(left)
	}

	for _, row := range b.Strings(t, `select c::text from file_contents as c union all select b::text from file_backups as b
		union all select o::text from file_objects as o union all select body from ledger.entries`) {
		if strings.Contains(row, "Jane") || strings.Contains(row, "accounts") {
			t.Errorf("a name is in %s", row)
		}
	}

	kinds := b.Strings(t, `select kind || ' ' || count(*) from ledger.entries group by kind order by 1`)
	if got := strings.Join(kinds, ", "); got != "files.drilled 2, files.excepted 1, files.exception.ended 1, files.pruned 4, files.stored 2" {
		t.Error(got)
	}
}
