package plan

import "slices"

// How much a step may have grown or shrunk between the plan that was approved and the
// look before the tombstone. A subject lives on while people read its plan: a few
// displays or clicks more are the same erasure, a tenth of a table more is another one.
const (
	toleratedRows    = 100
	toleratedPercent = 10
)

// Drift says where reality left a plan: the first place that differs, in the order of
// the plan, and why, as a code. It is empty where it has not.
type Drift struct {
	Store, Place string
	// Why is "map", "schema", "step", "columns", "basis" or "rows".
	Why string
}

// Compare looks for what a newer plan of the same subject would do otherwise than the
// one that was approved: another table, column, action or basis, or many more or fewer rows.
func Compare(approved, now Plan) Drift {
	switch {
	case approved.Subject != now.Subject || approved.Map != now.Map:
		return Drift{Why: "map"}
	case approved.Schema != now.Schema:
		return Drift{Why: "schema"}
	}

	for _, old := range approved.Steps {
		fresh, found := now.step(old)
		if why := compare(old, fresh, found); why != "" {
			return Drift{Store: old.Store, Place: old.Place, Why: why}
		}
	}

	for _, fresh := range now.Steps {
		if _, known := approved.step(fresh); !known && fresh.Rows != 0 {
			return Drift{Store: fresh.Store, Place: fresh.Place, Why: "step"}
		}
	}

	return Drift{}
}

// step finds the step of the same place and action: that of the same columns and basis where one table has several of
// its kind (keys that are unlinked, columns that are made null and others that are hashed, bases of what is retained),
// or else the only one of its kind.
func (p Plan) step(like Step) (Step, bool) {
	var alike []Step

	for _, s := range p.Steps {
		if s.Store != like.Store || s.Place != like.Place || s.Action != like.Action {
			continue
		}

		if s.Basis == like.Basis && s.Until == like.Until && slices.Equal(s.Columns, like.Columns) {
			return s, true
		}

		alike = append(alike, s)
	}

	if len(alike) != 1 || like.Action == Unlink {
		return Step{}, false
	}

	return alike[0], true
}

func compare(old, fresh Step, found bool) string {
	switch {
	case !found && (old.Rows != 0 || old.Action == Absent): // an account that is there after all is another erasure
		return "step"
	case !found:
		return ""
	case !slices.Equal(old.Columns, fresh.Columns):
		return "columns"
	case old.Basis != fresh.Basis || old.Until != fresh.Until:
		return "basis"
	case (old.Rows < 0) != (fresh.Rows < 0) || old.Rows >= 0 && !near(old.Rows, fresh.Rows):
		return "rows"
	default:
		return ""
	}
}

// near reports whether the number of rows is still that of the plan, within what is tolerated.
func near(planned, now int64) bool {
	const whole = 100

	apart := max(planned-now, now-planned)

	return apart <= max(toleratedRows, planned/whole*toleratedPercent)
}
