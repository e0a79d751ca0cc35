package promise

import (
	"slices"
	"time"
)

// merged returns the intervals in order, overlaps joined, empty ones dropped.
func merged(intervals []Interval) []Interval {
	sorted := slices.Clone(intervals)
	slices.SortFunc(sorted, func(a, b Interval) int { return a.From.Compare(b.From) })
	var result []Interval
	for _, next := range sorted {
		last := len(result) - 1
		switch {
		case !next.From.Before(next.To):
		case last >= 0 && !next.From.After(result[last].To):
			result[last].To = latest(result[last].To, next.To)
		default:
			result = append(result, next)
		}
	}
	return result
}

// onTime returns how long the machine was on between from and to: the whole
// time unless this is a dev machine that was off.
func (e Evidence) onTime(from, to time.Time) time.Duration {
	on := to.Sub(from)
	for _, off := range e.Off {
		start, end := latest(off.From, from), earliest(off.To, to)
		if start.Before(end) {
			on -= end.Sub(start)
		}
	}
	return on
}

// since returns how long the machine was on since then, 0 where then is zero or to come.
func (e Evidence) since(then, asOf time.Time) time.Duration {
	if then.IsZero() || then.After(asOf) {
		return 0
	}
	return e.onTime(then, asOf)
}

// overlapping returns the intervals off that touch the time between from and to.
func (e Evidence) overlapping(from, to time.Time) []Interval {
	var result []Interval
	for _, off := range e.Off {
		if off.From.Before(to) && off.To.After(from) {
			result = append(result, off)
		}
	}
	return result
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
