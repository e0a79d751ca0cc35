package main

import (
	"slices"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/report"
)

// answered refuses a genuine report that is not the answer to what was asked:
// whoever reaches Temporal may have started a run of this name for something else,
// or let it give a report of before. It must be of the month, of everything that the
// policy promises or of what was named, and as of the call or later. The clocks of
// worker and command may be apart by as much as the doctor lets pass.
func (f evidenceFlags) answered(opened report.Report, rules *policy.Policy) error {
	refused := func(why string) error {
		return failure.New(failure.ReportRefused, "reading the report ("+why+")")
	}

	var told []string

	for _, each := range opened.Databases {
		if each.InPolicy {
			told = append(told, each.Name)
		}
	}

	wanted := rules.Promises.Backups.Items()

	for _, place := range rules.Promises.Backups.Copies {
		for _, database := range rules.Promises.Backups.Databases {
			wanted = append(wanted, place.Item(database.Name))
		}
	}

	if f.database != "" {
		wanted = []string{f.database}
	}

	for _, name := range wanted {
		if !slices.Contains(told, name) {
			return refused("it does not tell of everything that was asked for")
		}
	}

	switch {
	case opened.Month != f.month:
		return refused("it is of another month than was asked for")
	case f.database != "" && len(opened.Databases) != 1:
		return refused("it tells of more than was asked for")
	case opened.AsOf.Before(f.since.Add(-clocks.Skew)):
		return refused("it is from before it was asked for; ask again")
	default:
		return nil
	}
}
