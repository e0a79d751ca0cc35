package fence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"steward/internal/failure"
	"steward/internal/fence"
)

var errWork = errors.New("the work failed")

func TestHold(t *testing.T) {
	t.Parallel()

	taken := failure.New(failure.DayTaken, "testing")

	for name, c := range map[string]struct {
		silence time.Duration
		beat    func(n int) error // the nth sign of life
		work    func(ctx context.Context) error
		want    error
		beats   int
	}{
		"done":               {time.Minute, nil, lasting(70*time.Second, nil), nil, 4},
		"failed":             {time.Minute, nil, lasting(20*time.Second, errWork), errWork, 1},
		"no signs":           {0, nil, lasting(time.Hour, nil), nil, 0},
		"a sign is lost":     {time.Minute, func(int) error { return failure.New(failure.Unavailable, "testing") }, lasting(40*time.Second, nil), nil, 2},
		"taken over":         {time.Minute, func(int) error { return taken }, lasting(time.Hour, nil), taken, 1},
		"taken over at last": {time.Minute, func(int) error { return taken }, func(context.Context) error { time.Sleep(20 * time.Second); return nil }, nil, 1}, //nolint:forbidigo // a synctest bubble has its own clock
	} {
		synctest.Test(t, func(t *testing.T) {
			beats := 0
			err := fence.Hold(t.Context(), c.silence, func(context.Context) error {
				beats++

				if c.beat == nil {
					return nil
				}

				return c.beat(beats)
			}, c.work)

			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || beats != c.beats {
				t.Errorf("%s: %v after %d beats", name, err, beats)
			}
		})
	}
}

// lasting works for a while, unless it is stopped.
func lasting(d time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
			return err
		}
	}
}
