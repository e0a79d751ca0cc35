package main

import (
	"time"

	"steward/internal/promise"
	"steward/internal/prune"
)

// pruneResult is what backup prune prints.
type pruneResult struct {
	// AsOf is the instant of the plan.
	AsOf time.Time `json:"as_of"`
	// Mode is that of the promise; in observe nothing is removed.
	Mode promise.Mode `json:"mode"`
	// Hash names what the plan does, after the version of what it covers; --execute
	// wants it whole.
	Hash string `json:"hash"`
	// Effects is how many things the plan does; 0 means that nothing is to be done.
	Effects int `json:"effects"`
	// Backups are those that are not recorded as gone.
	Backups []plannedBackup `json:"backups"`
	// Objects are all generations in the bucket, and what is missing from it.
	Objects []plannedObject `json:"objects"`
	// NotShown is what the hourly prune removes too and no plan by hand has: "files",
	// "copies". An --execute touches none of it.
	NotShown []string `json:"not_shown,omitempty"`
	// Executed is what was done, with --execute.
	Executed []executedPrune `json:"executed,omitempty"`
}

// plannedBackup is what happens to one backup.
type plannedBackup struct {
	// ID is opaque.
	ID string `json:"id"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// Action is delete, keep or except (kept beyond its time).
	Action prune.Action `json:"action"`
	// Due is when its time is over.
	Due time.Time `json:"due"`
	// Late says that it goes only after its time and the tolerance.
	Late bool `json:"late"`
	// Ends is why an exception ends now.
	Ends prune.Cause `json:"ends,omitempty"`
	// Honours is why the newest proven backup goes at its time: honour_ceiling or
	// left_policy.
	Honours prune.Cause `json:"honours,omitempty"`
	// Reason says why, for people.
	Reason string `json:"reason"`
}

// plannedObject is what happens to one generation of one object.
type plannedObject struct {
	// Name is its name in the bucket.
	Name string `json:"name"`
	// Generation is the one meant; 0 for a missing object that was never recorded.
	Generation int64 `json:"generation"`
	// Backup is the one it belongs to, none for a foreign object.
	Backup string `json:"backup,omitempty"`
	// Action is delete, keep, except, release, wait, foreign or missing.
	Action prune.Action `json:"action"`
	// Hold is set or release, where a temporary hold changes.
	Hold prune.Hold `json:"hold,omitempty"`
	// Due is when the promise wants it gone.
	Due time.Time `json:"due,omitzero"`
	// Until is when a waiting one can go.
	Until time.Time `json:"until,omitzero"`
	// Late says that it is there past its time and the tolerance.
	Late bool `json:"late"`
	// Reason says why, for people.
	Reason string `json:"reason"`
}

// executedPrune is what a prune by hand did.
type executedPrune struct {
	// Act is the opaque id under which the ledger holds intent and outcome.
	Act string `json:"act"`
	// Removed is how many backups are proven gone.
	Removed int `json:"removed"`
	// Leftovers is how many objects that belonged to none are.
	Leftovers int `json:"leftovers"`
	// Exceptions is how many backups stay beyond their time.
	Exceptions int `json:"exceptions"`
	// Waiting is how many objects the bucket does not let go yet.
	Waiting int `json:"waiting"`
}
