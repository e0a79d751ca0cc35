package postgres

import "time"

// Instant is what a column of timestamptz holds, in UTC, zero where it is null.
func Instant(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}

	return at.UTC()
}

// Nullable is an instant as such a column takes it: null for zero.
func Nullable(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}

	return &at
}
