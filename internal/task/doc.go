// Package task keeps what a person must do: the things that no machine may decide.
// Silence decides none of them: a task past its due time is overdue, and alarms,
// until somebody does it.
package task
