package report_test

import (
	"fmt"
	"time"

	"steward/internal/calendar"
	"steward/internal/promise"
	"steward/internal/report"
)

// A steward that was set up on the evening of the second, and no backup since: the
// first two days were not promised yet, one is missed, and the last can still be
// made good.
func ExampleAssemble() {
	month, err := calendar.ParseMonth("2026-11")
	if err != nil {
		fmt.Println(err)
	}

	length := func(count int, unit calendar.Unit) calendar.Duration {
		made, err := calendar.NewDuration(count, unit)
		if err != nil {
			fmt.Println(err)
		}

		return made
	}

	installed := time.Date(2026, 11, 2, 18, 0, 0, 0, time.UTC)

	made, err := report.Assemble(report.Facts{
		Month: month, AsOf: time.Date(2026, 11, 4, 9, 0, 0, 0, time.UTC), Zone: time.UTC, InstalledAt: installed,
		Rule: promise.BackupRule{
			Databases: []string{"app"}, DoneWithin: length(2, calendar.Hours), CatchUp: length(20, calendar.Hours),
			Keep: length(7, calendar.Days), Tolerance: length(2, calendar.Hours),
		},
		Watched: map[string]time.Time{"app": installed},
	})
	if err != nil {
		fmt.Println(err)
	}

	for _, day := range made.Databases[0].Days {
		fmt.Println(day.Day, day.State)
	}

	fmt.Println("holds:", made.Holds)
	// Output:
	// 2026-11-01 not_installed
	// 2026-11-02 not_installed
	// 2026-11-03 missed
	// 2026-11-04 due
	// holds: false
}
