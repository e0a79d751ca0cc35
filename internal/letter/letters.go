package letter

import "time"

// PromiseAlert tells staff that a promise is at risk or broken.
type PromiseAlert struct {
	// Company is the name of the policy's company.
	Company string
	// Promise is the promise and its item, such as "backups/app".
	Promise string
	// State is "at risk" or "broken".
	State string
	// Since is when an audit first found this state.
	Since time.Time
	// Runbook is the place that says what to do.
	Runbook string
}

// Name implements Letter.
func (PromiseAlert) Name() string { return "promise_alert" }

func (PromiseAlert) sample() Letter {
	return PromiseAlert{
		Company: "Popkit", Promise: "backups/app", State: "broken", Since: sampleTime(), Runbook: "docs/runbooks.md#backups-broken",
	}
}

// TaskOverdue tells staff that something only a person can do is late.
type TaskOverdue struct {
	// Company is the name of the policy's company.
	Company string
	// Task is the opaque id of the task, Kind its kind as a code.
	Task, Kind string
	// Role is whose task it is.
	Role string
	// Due is when it was due.
	Due time.Time
}

// Name implements Letter.
func (TaskOverdue) Name() string { return "task_overdue" }

func (TaskOverdue) sample() Letter {
	return TaskOverdue{
		Company: "Popkit", Task: "tsk_aaaaaaaaaaaaaaaaaaaaaaaaaa", Kind: "account.delete", Role: "lead", Due: sampleTime(),
	}
}

// Test shows that mail from here arrives.
type Test struct {
	// Company is the name of the policy's company.
	Company string
	// At is when somebody asked for it.
	At time.Time
}

// Name implements Letter.
func (Test) Name() string { return "test" }

func (Test) sample() Letter { return Test{Company: "Popkit", At: sampleTime()} }

// sampleTime is the instant of all previews.
func sampleTime() time.Time { return time.Date(2026, time.February, 3, 4, 5, 0, 0, time.UTC) }
