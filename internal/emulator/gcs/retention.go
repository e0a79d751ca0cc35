package gcs

import (
	"net/http"
	"time"
)

// retainedUntil is the instant before which the bucket's retention policy forbids deleting v, or zero when
// there is no policy or when an event-based hold keeps the period from starting.
func (b *bucket) retainedUntil(v *version) time.Time {
	period := b.config.RetentionPolicy.duration()
	if period == 0 || v.Fields.flag("eventBasedHold") {
		return time.Time{}
	}
	begin := v.Created
	if v.HoldReleased.After(begin) {
		begin = v.HoldReleased
	}
	return begin.Add(period)
}

// protection says why v cannot be deleted or replaced at now; nil when it can.
// Holds come before retention, as in the service's own answers.
func (b *bucket) protection(v *version, now time.Time) error {
	if v.Fields.flag("temporaryHold") || v.Fields.flag("eventBasedHold") {
		return refuse(http.StatusForbidden, "objectUnderActiveHold",
			"Object is under active hold and cannot be deleted, overwritten or archived until hold is removed.")
	}
	if until := b.retainedUntil(v); now.Before(until) {
		return refuse(http.StatusForbidden, "retentionPolicyNotMet",
			"Object is subject to bucket's retention policy and cannot be deleted or overwritten until %s.", stamp(until))
	}
	own, err := objectRetentionOf(v.Fields)
	if err != nil {
		return err
	}
	if now.Before(own.RetainUntilTime) {
		return refuse(http.StatusForbidden, "retentionPolicyNotMet",
			"Object is subject to an object retention and cannot be deleted or overwritten until %s.", stamp(own.RetainUntilTime))
	}
	return nil
}

// objectRetention is the per-object retention configuration (Object Retention Lock).
type objectRetention struct {
	Mode            string
	RetainUntilTime time.Time
}

func objectRetentionOf(fields document) (objectRetention, error) {
	var view struct{ Retention objectRetention }
	err := decodeInto(document{"retention": fields["retention"]}, &view)
	return view.Retention, err
}

// checkObjectRetention refuses a change of the retention of one object that its lock forbids: a Locked one
// may only grow, an Unlocked one may shrink only when the caller says so.
func (b *bucket) checkObjectRetention(before, after document, override bool, now time.Time) error {
	was, err := objectRetentionOf(before)
	if err != nil {
		return err
	}
	next, err := objectRetentionOf(after)
	if err != nil {
		return err
	}
	if next == was {
		return nil
	}
	if b.config.ObjectRetention.Mode != "Enabled" {
		return invalid("The bucket must have object retention enabled.")
	}
	reduced := next.RetainUntilTime.Before(was.RetainUntilTime) || (was.Mode == "Locked" && next.Mode != "Locked")
	if reduced && now.Before(was.RetainUntilTime) && (was.Mode == "Locked" || !override) {
		return refuse(http.StatusForbidden, "forbidden", "The retention of this object cannot be reduced or removed.")
	}
	return nil
}

// checkRetentionChange refuses to shorten, remove or unlock a locked bucket retention policy.
func checkRetentionChange(before, after *retentionPolicy) error {
	if before == nil || !before.IsLocked {
		return nil
	}
	if after == nil || after.duration() < before.duration() || !after.IsLocked {
		return refuse(http.StatusForbidden, "forbidden", "Cannot reduce or remove a locked retention policy.")
	}
	return nil
}
