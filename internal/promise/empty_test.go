package promise_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/promise"
)

// filesWeek is week for files, with so many in each backup, today's first.
func filesWeek(t *testing.T, counts ...int64) promise.Evidence {
	t.Helper()
	e := week(t)
	e.Armed[promise.Key{Promise: promise.Backups, Item: "files/uploads"}] = e.Armed[promise.Key{Promise: promise.Backups, Item: "app"}]
	for i := range e.Backups {
		e.Backups[i].Database = "files/uploads"
		if i < len(counts) {
			e.Backups[i].Files = counts[i]
		}
	}
	return e
}

// A good backup of nothing is no kept promise, unless the policy says that there may
// be nothing. It is told which day is the last that has files, and until when.
func TestABackupWithoutFiles(t *testing.T) {
	t.Parallel()
	asOf := instant(t, today).Add(time.Hour)
	const mend = "Are bucket and prefix in the policy right?"
	for why, test := range map[string]struct {
		evidence promise.Evidence
		allowed  bool
		state    promise.State
		says     []string
	}{
		"all have files":     {filesWeek(t, 3, 4, 5, 5, 5, 5, 5), false, promise.Kept, nil},
		"an older has none":  {filesWeek(t, 3, 0, 5), false, promise.Kept, nil},
		"none was ever full": {filesWeek(t), false, promise.AtRisk, []string{"2026-11-22 has no file at all, and neither has any other", mend}},
		"today has none": {
			filesWeek(t, 0, 0, 1234, 1000), false, promise.AtRisk,
			[]string{"2026-11-22 has no file at all, that of 2026-11-20 has 1234, which are stored until 2026-11-27 02:30 UTC.", mend},
		},
		"the policy allows it":         {filesWeek(t, 0, 5), true, promise.Kept, []string{"no file at all, which the policy allows."}},
		"the policy allows it for all": {filesWeek(t), true, promise.Kept, []string{"which the policy allows."}},
	} {
		rule := backupRule(t, "files/uploads")
		if test.allowed {
			rule.Backups.MayBeEmpty = []string{"files/uploads"}
		}
		got := one(t, rule, test.evidence, asOf)
		if got.State != test.state || (len(test.says) == 0) == strings.Contains(got.Reason, "no file") {
			t.Errorf("%s: %+v", why, got)
		}
		for _, says := range test.says {
			if !strings.Contains(got.Reason, says) {
				t.Errorf("%s: %s", why, got.Reason)
			}
		}
	}
	if got := one(t, backupRule(t, "app"), week(t), asOf); got.State != promise.Kept {
		t.Errorf("a database has no files: %+v", got)
	}
}

// That there are none does not hide that there is no backup, and is told beside it.
func TestABackupWithoutFilesThatIsLateToo(t *testing.T) {
	t.Parallel()
	e := filesWeek(t, 0, 0, 7)
	for after, want := range map[time.Duration]promise.State{day + time.Hour: promise.AtRisk, day + 2*time.Hour: promise.AtRisk, day + 20*time.Hour: promise.Broken} {
		got := one(t, backupRule(t, "files/uploads"), e, instant(t, today).Add(after))
		if got.State != want || !strings.Contains(got.Reason, "no file at all") {
			t.Errorf("%s: %+v", after, got)
		}
	}
	// The backup that the sentence is about has to be there.
	e = filesWeek(t)
	e.Backups = nil
	if got := one(t, backupRule(t, "files/uploads"), e, instant(t, today).Add(time.Hour)); strings.Contains(got.Reason, "no file at all") {
		t.Errorf("%+v", got)
	}
}
