package workflows_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/internal/guard"
	"steward/workflows"
)

// shown is what the Web UI shows of a run at one instant.
type shown struct{ stage, details string }

func (c *timed) shown(ctx workflow.Context) shown {
	now, _ := workflow.GetTypedSearchAttributes(ctx).GetKeyword(workflows.StageKey)

	return shown{stage: now, details: workflow.GetCurrentDetails(ctx)}
}

const (
	drifted = "popkit-backups: old generations are kept; mend: gcloud storage buckets update gs://popkit-backups --no-versioning"
	isWrong = "the bucket is not set up as the policy says: "
)

func drift() []activities.BucketDrift {
	return []activities.BucketDrift{{Bucket: "popkit-backups", Finding: guard.Finding{
		Key: guard.Versioning, Level: guard.Drift, Care: guard.Safe, Says: "old generations are kept",
		Mend: "gcloud storage buckets update gs://popkit-backups --no-versioning",
	}}}
}

// A bucket that is mended in the night needs no restart: the run looks again, and
// goes on.
func TestARunWaitsUntilItsBucketIsMended(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(2*time.Hour, 20*time.Hour), mendedAfter: 25 * time.Minute}
	c.run(t)

	if c.code != "" || c.stage != "drilled" || len(c.looks) != 4 || c.takes != 1 || c.ran < 30*time.Minute || c.ran > 40*time.Minute {
		t.Errorf("%d looks, %d dumps, %s after %s: %v", len(c.looks), c.takes, c.stage, c.ran, c.err)
	}

	for i, look := range c.looks[1:] {
		if look.stage != "bucket drift" || !strings.Contains(look.details, "**waits** Compare the bucket with the policy: "+drifted) ||
			!strings.Contains(look.details, "looked at again every 10m0s") {
			t.Errorf("look %d: %+v", i+1, look)
		}
	}

	if !strings.Contains(c.details, "**done** Compare the bucket with the policy\n") {
		t.Error(c.details)
	}
}

// A bucket that nobody mends fails the run before the next day's is due, without
// anything having been stored, and the failure says what to do.
func TestARunWhoseBucketStaysWrong(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(30*time.Minute, 65*time.Minute), mendedAfter: 100 * time.Hour}
	c.run(t)

	if c.code != failure.BucketDrift || c.stage != "failed" || c.takes > 0 || len(c.looks) != 7 || c.ran > 65*time.Minute || !c.overdue {
		t.Errorf("%d looks, %d dumps, %s after %s: %v", len(c.looks), c.takes, c.stage, c.ran, c.err)
	}

	c.explained(t)
}

// Who starts a run by hand is there to mend the bucket, and learns it soon.
func TestARunByHandOfADriftedBucketFailsSoon(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(0, 20*time.Hour), mendedAfter: time.Hour}
	c.opened.DueAt = time.Time{}
	c.run(t)

	if c.code != failure.BucketDrift || len(c.looks) != 3 || c.takes > 0 || c.ran != 20*time.Second {
		t.Errorf("%d looks, %d dumps after %s: %v", len(c.looks), c.takes, c.ran, c.err)
	}

	c.explained(t)

	// One wrong answer of the service does not end it.
	c = timed{openOK: true, opened: opened(0, 20*time.Hour), mendedAfter: time.Second}
	c.opened.DueAt = time.Time{}
	c.run(t)

	if c.code != "" || len(c.looks) != 2 || c.stage != "drilled" {
		t.Errorf("%d looks, %s: %v", len(c.looks), c.stage, c.err)
	}
}

// explained fails unless failure and checklist say what is wrong and how to mend
// it.
func (c *timed) explained(t *testing.T) {
	t.Helper()

	application, found := errors.AsType[*temporal.ApplicationError](c.err)
	if !found || application.Message() != isWrong+drifted || !application.NonRetryable() {
		t.Errorf("%v", c.err)
	}

	if !strings.Contains(c.details, "**failed** Compare the bucket with the policy: "+drifted) || !strings.Contains(c.details, "**waits** Dump") {
		t.Error(c.details)
	}
}

// A look that cannot be made is no permission.
func TestABucketThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()

	c := timed{
		openOK: true, opened: opened(5*time.Minute, 15*time.Minute),
		lookFails: boundary.Outside(failure.New(failure.Unavailable, "testing")),
	}
	c.run(t)

	if c.code == "" || c.takes > 0 || c.stage != "failed" || !strings.Contains(c.details, "**failed** Compare the bucket") {
		t.Errorf("%d dumps, %s: %v", c.takes, c.stage, c.err)
	}
}

// A run that is cancelled while it waits ends then, without a backup.
func TestARunThatIsCancelledWhileItsBucketIsWrong(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(2*time.Hour, 20*time.Hour), mendedAfter: 100 * time.Hour, cancelAfter: 15 * time.Minute}
	c.run(t)

	if c.code != failure.Cancelled || c.takes > 0 || len(c.looks) != 2 || c.ran != 15*time.Minute || !strings.Contains(c.details, "(`cancelled`)") {
		t.Errorf("%d looks, %d dumps after %s: %v\n%s", len(c.looks), c.takes, c.ran, c.err, c.details)
	}
}
