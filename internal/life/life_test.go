package life_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/catalogue"
	"steward/internal/evidence/entries"
	"steward/internal/ledger"
	"steward/internal/life"
)

func at(minute int) time.Time { return time.Date(2026, 11, 22, 2, 30+minute, 0, 123456789, time.UTC) }

// row is a backup with a whole life.
func row() catalogue.Backup {
	return catalogue.Backup{
		ID: "bkp_one", Database: "app", Day: "2026-11-22", Attempt: "att_b", OpenedAt: at(0), SnapshotAt: at(1), TakenAt: at(5),
		DrilledAt: at(9), DrillSeconds: 12.34, PrunedAt: at(99),
	}
}

// entry is one that names the backup.
func entry(kind ledger.Kind, when time.Time, position int64, members string) entries.Entry {
	return entries.Entry{Position: position, Entry: ledger.Entry{
		ID: ledger.ID("led_" + strings.ReplaceAll(string(kind), ".", "_")), Kind: kind, At: when.Truncate(time.Microsecond),
		Body: []byte(`{"backup":"bkp_one","database":"app","day":"2026-11-22"` + members + `}`),
	}}
}

// story is the events as a few words each.
func story(events []life.Event) string {
	var lines []string
	for _, each := range events {
		lines = append(lines, fmt.Sprintf("%s %s %d", each.What, each.Proof, each.Position))
	}

	return strings.Join(lines, "\n")
}

func TestAWholeLife(t *testing.T) {
	t.Parallel()

	snapshot := fmt.Sprintf(`,"snapshot_at":%q`, at(1).Format(time.RFC3339Nano))

	events := life.Of(row(), []entries.Entry{
		entry(ledger.BackupRefused, at(4), 3, `,"code":"content_differs"`),
		entry(ledger.BackupStored, at(5), 4, snapshot),
		entry(ledger.BackupDrilled, at(9), 5, ""),
		entry("backup.exception", at(20), 7, `,"objects":["a","b"],"until_at":"2026-11-30"`),
		entry(ledger.BackupPruned, at(99), entries.Waiting, ""),
	})

	want := strings.Join([]string{
		"opened catalogue -1", "snapshot sealed 4", "backup.refused sealed 3", "taken sealed 4", "drilled sealed 5",
		"backup.exception sealed 7", "pruned waiting -1",
	}, "\n")
	if diff := cmp.Diff(want, story(events)); diff != "" {
		t.Error(diff)
	}

	for i, text := range map[int]string{
		2: "backup refused: code content_differs, the restored content is not what the manifest says",
		4: "restored elsewhere and found equal, in 12.3 s",
		5: "backup.exception: objects [a b], until at 2026-11-30",
	} {
		if events[i].Text != text {
			t.Errorf("%q instead of %q", events[i].Text, text)
		}
	}

	if events[5].Kind != "backup.exception" || events[5].Entry != "led_backup_exception" || len(events[5].Body) == 0 {
		t.Errorf("%+v", events[5])
	}
}

// What the catalogue says and no entry does is told as that.
func TestALifeThatNothingProves(t *testing.T) {
	t.Parallel()

	moved := fmt.Sprintf(`,"snapshot_at":%q`, at(2).Format(time.RFC3339Nano))

	for name, c := range map[string]struct {
		found []entries.Entry
		want  string
	}{
		"no entry at all": {nil, "opened catalogue -1\nsnapshot missing -1\ntaken missing -1\ndrilled missing -1\npruned missing -1"},
		"another snapshot": {
			[]entries.Entry{entry(ledger.BackupStored, at(5), 4, moved)},
			"opened catalogue -1\nsnapshot missing -1\ntaken sealed 4\ndrilled missing -1\npruned missing -1",
		},
		"another time": {
			[]entries.Entry{entry(ledger.BackupDrilled, at(8), 4, "")},
			"opened catalogue -1\nsnapshot missing -1\ntaken missing -1\nbackup.drilled sealed 4\ndrilled missing -1\npruned missing -1",
		},
	} {
		if diff := cmp.Diff(c.want, story(life.Of(row(), c.found))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestALifeThatHasJustBegun(t *testing.T) {
	t.Parallel()

	young := catalogue.Backup{ID: "bkp_one", Day: "2026-11-22", Attempt: "att_a", OpenedAt: at(0), SnapshotAt: at(0)}
	broken := entry("backup.strange", at(1), 0, "")
	broken.Body = []byte("half")

	events := life.Of(young, []entries.Entry{broken})
	if got := story(events); got != "opened catalogue -1\nbackup.strange sealed 0" || !strings.Contains(events[1].Text, "cannot be read") {
		t.Errorf("%s: %q", got, events[1].Text)
	}

	plain := life.Of(young, []entries.Entry{entry("backup.strange", at(1), 0, "")})
	if plain[1].Text != "backup.strange" {
		t.Errorf("%q", plain[1].Text)
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()

	got := life.Attempts(row(), []catalogue.Object{
		{Attempt: "att_b", Name: "a", Generation: 7}, {Attempt: "att_a", Name: "b"}, {Attempt: "att_a", Name: "c", Generation: 8},
	})
	want := []life.Attempt{{ID: "att_a", Objects: 2, Stored: 1}, {ID: "att_b", Current: true, Objects: 1, Stored: 1}}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	if got := life.Attempts(row(), nil); len(got) != 1 || !got[0].Current || got[0].Objects != 0 {
		t.Errorf("%+v", got)
	}
}

// The receipt of a backup that was pruned is the last event of its life.
func ExampleOf() {
	day := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)
	pruned := catalogue.Backup{Day: "2026-11-22", OpenedAt: day, PrunedAt: day.AddDate(0, 0, 7)}

	for _, event := range life.Of(pruned, []entries.Entry{{Position: 42, Entry: ledger.Entry{Kind: ledger.BackupPruned, At: pruned.PrunedAt}}}) {
		fmt.Println(event.At.Format(time.DateOnly), event.What, event.Proof, event.Position)
	}
	// Output:
	// 2026-11-22 opened catalogue -1
	// 2026-11-29 pruned sealed 42
}
