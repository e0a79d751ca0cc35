package harness

import "time"

// lastDrilled is the one cause for which the policy of these worlds lets anything stay
// beyond its time.
const lastDrilled = "last_drilled"

// stay is something that is kept until it is due.
type stay struct {
	what     string
	due      time.Time
	gone     *time.Time // when it went, nil if it is there
	excepted bool       // the ledger lets it stay beyond its time
}

// judge tells of what went before its time, and of what the newest prune that ended
// well has left behind; pruned is when that began.
func (s stay) judge(check string, pruned time.Time, found *findings) {
	switch {
	case s.gone != nil && s.gone.Before(s.due):
		found.addf(check, "%s went too early, at %s", s.what, s.gone.UTC().Format(time.RFC3339))
	case s.gone == nil && !s.excepted && !pruned.IsZero() && !s.due.After(pruned):
		found.addf(check, "%s stays too late, it was due at %s", s.what, s.due.UTC().Format(time.RFC3339))
	}
}

// excepted reports whether the ledger lets something stay beyond its time, for a cause
// of the policy: an entry of this family about it and this end, that holds, and none
// after it that ends the stay.
func excepted(entries []leaf, family string, due time.Time, about, holds func(leaf) bool) bool {
	stays := false
	for _, entry := range entries {
		if !about(entry) || entry.Body.DueAt == nil || !entry.Body.DueAt.Equal(due) {
			continue
		}
		switch entry.Kind {
		case family + "excepted":
			stays = entry.Body.Cause == lastDrilled && holds(entry)
		case family + "exception.ended":
			stays = false
		}
	}
	return stays
}
