package promise

import (
	"fmt"
	"slices"
	"strings"
)

// empty reports whether a backup of files has no file at all. That is what a mistyped
// bucket or prefix gives every day, proven and worth nothing: it does not count as kept
// unless the policy says that there may be none.
func (j *judgement) empty(backup Backup) bool {
	return strings.HasPrefix(j.item, "files/") && backup.Files == 0
}

func (j *judgement) mayBeEmpty() bool { return slices.Contains(j.rule.MayBeEmpty, j.item) }

// emptiness tells that the newest proven backup has no file, and which is the last that
// has some.
func (j *judgement) emptiness(newest Backup, exists bool) string {
	if !exists || !j.empty(newest) {
		return ""
	}
	text := fmt.Sprintf(" The backup of %s has no file at all", newest.Day)
	if j.mayBeEmpty() {
		return text + ", which the policy allows."
	}
	const mend = " Are bucket and prefix in the policy right? If there may be none, say may_be_empty there."
	last, found := j.lastFull()
	if !found {
		return text + ", and neither has any other that is stored." + mend
	}
	return fmt.Sprintf("%s, that of %s has %d, which are stored until %s.%s", text, last.Day, last.Files, clock(j.endOf(last)), mend)
}

// lastFull is the newest proven backup that still exists and has a file.
func (j *judgement) lastFull() (Backup, bool) {
	for _, backup := range slices.Backward(j.backups) {
		if !backup.DrilledAt.IsZero() && backup.GoneAt.IsZero() && backup.Files > 0 {
			return backup, true
		}
	}
	return Backup{}, false
}
