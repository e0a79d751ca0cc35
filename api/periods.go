package main

import (
	"time"

	"steward/internal/policy"
)

// periods are how long the policy keeps what requests leave behind; none is zero.
type periods struct {
	// answers are those that a repeated request gets again, looks who saw whose data,
	// done the tasks that are finished.
	answers, looks, done time.Duration
}

func periodsOf(rules *policy.Policy) periods {
	return periods{answers: rules.KeepIdempotencyKeys(), looks: rules.KeepAccessLog(), done: rules.KeepTasks()}
}
