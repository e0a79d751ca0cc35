package progress_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"steward/dev/internal/progress"
)

// after gives a step that takes a while and ends so.
func after(length time.Duration, outcome string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		time.Sleep(length) //nolint:forbidigo // in a synctest bubble: no real time passes
		return outcome, err
	}
}

func TestStepLines(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		length  time.Duration
		outcome string
		want    string
	}{
		"short":          {time.Second, "started", "part            started\n"},
		"short, nothing": {time.Second, "", ""},
		"long":           {3 * time.Second, "started", "part            started (3 s)\n"},
		"long, nothing":  {3 * time.Second, "", "part            nothing to do (3 s)\n"},
		"very long": {
			30 * time.Second, "done",
			"part            still at work (20 s)\npart            done (30 s)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				if err := progress.To(&out).Step(t.Context(), "part", after(one.length, one.outcome, nil)); err != nil {
					t.Fatal(err)
				}
				if out.String() != one.want {
					t.Errorf("got %q, want %q", out.String(), one.want)
				}
			})
		})
	}
}

func TestFailedStepNamesItself(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	var out strings.Builder
	err := progress.To(&out).Step(t.Context(), "part", after(0, "", errBroken))
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "part: ") || out.Len() > 0 {
		t.Errorf("got %v, printed %q", err, out.String())
	}
}
