package gcs

import (
	"slices"
	"strings"
	"time"
)

const day = 24 * time.Hour

// lifecycleRule is one rule of a bucket. Every condition that is given must hold.
type lifecycleRule struct {
	Action    struct{ Type, StorageClass string }
	Condition lifecycleCondition
}

// lifecycleCondition uses pointers where zero and absent differ.
type lifecycleCondition struct {
	Age                     *int64 // days since creation
	CreatedBefore           string // date
	CustomTimeBefore        string // date
	DaysSinceCustomTime     *int64
	DaysSinceNoncurrentTime *int64
	IsLive                  *bool
	MatchesPrefix           []string
	MatchesSuffix           []string
	MatchesStorageClass     []string
	NoncurrentTimeBefore    string // date
	NumNewerVersions        *int64
}

// knownConditions are the members that the emulator evaluates; another one is refused, since ignoring a
// condition would delete more than was asked.
var knownConditions = []string{
	"age", "createdBefore", "customTimeBefore", "daysSinceCustomTime", "daysSinceNoncurrentTime", "isLive",
	"matchesPrefix", "matchesSuffix", "matchesStorageClass", "noncurrentTimeBefore", "numNewerVersions",
}

func checkLifecycle(fields document, rules []lifecycleRule) error {
	for _, rule := range rules {
		switch rule.Action.Type {
		case "Delete", "SetStorageClass", "AbortIncompleteMultipartUpload":
		default:
			return invalid("Unknown lifecycle action %q.", rule.Action.Type)
		}
		c := rule.Condition
		for _, date := range []string{c.CreatedBefore, c.CustomTimeBefore, c.NoncurrentTimeBefore} {
			if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
				return invalid("Lifecycle date %q is not YYYY-MM-DD.", date)
			}
		}
	}
	var view struct {
		Lifecycle struct {
			Rule []struct{ Condition document }
		}
	}
	if err := decodeInto(document{"lifecycle": fields["lifecycle"]}, &view); err != nil {
		return err
	}
	for _, rule := range view.Lifecycle.Rule {
		if len(rule.Condition) == 0 {
			return invalid("A lifecycle rule must have a condition.")
		}
		for name := range rule.Condition {
			if !slices.Contains(knownConditions, name) {
				return unsupported("the lifecycle condition " + name)
			}
		}
	}
	return nil
}

// matches reports whether the rule applies to v at now; newer counts the versions of the name above v.
func (c *lifecycleCondition) matches(name string, v *version, newer int64, now time.Time) bool {
	return c.matchesName(name, v) && c.matchesAge(v, now) && c.matchesCustomTime(v, now) &&
		(c.IsLive == nil || *c.IsLive == v.live()) &&
		(c.NumNewerVersions == nil || newer >= *c.NumNewerVersions)
}

func (c *lifecycleCondition) matchesName(name string, v *version) bool {
	starts := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	ends := func(suffix string) bool { return strings.HasSuffix(name, suffix) }
	class := v.Fields.text("storageClass")
	return (len(c.MatchesPrefix) == 0 || slices.ContainsFunc(c.MatchesPrefix, starts)) &&
		(len(c.MatchesSuffix) == 0 || slices.ContainsFunc(c.MatchesSuffix, ends)) &&
		(len(c.MatchesStorageClass) == 0 || slices.Contains(c.MatchesStorageClass, class))
}

func (c *lifecycleCondition) matchesAge(v *version, now time.Time) bool {
	if c.Age != nil && now.Before(v.Created.Add(time.Duration(*c.Age)*day)) {
		return false
	}
	if !before(v.Created, c.CreatedBefore) || !before(v.Noncurrent, c.NoncurrentTimeBefore) {
		return false
	}
	if c.DaysSinceNoncurrentTime == nil {
		return true
	}
	due := v.Noncurrent.Add(time.Duration(*c.DaysSinceNoncurrentTime) * day)
	return !v.Noncurrent.IsZero() && !now.Before(due)
}

func (c *lifecycleCondition) matchesCustomTime(v *version, now time.Time) bool {
	if c.DaysSinceCustomTime == nil && c.CustomTimeBefore == "" {
		return true
	}
	custom, err := time.Parse(time.RFC3339Nano, v.Fields.text("customTime"))
	if err != nil {
		return false
	}
	since := c.DaysSinceCustomTime == nil || !now.Before(custom.Add(time.Duration(*c.DaysSinceCustomTime)*day))
	return since && before(custom, c.CustomTimeBefore)
}

// before reports whether t is set and before midnight UTC of date; an empty date always holds.
// The date was checked when the rule was stored.
func before(t time.Time, date string) bool {
	if date == "" {
		return true
	}
	limit, err := time.Parse(time.DateOnly, date)
	return err == nil && !t.IsZero() && t.Before(limit)
}
