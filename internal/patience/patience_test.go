package patience_test

import (
	"testing"
	"time"

	"steward/internal/patience"
)

func TestOf(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		scale patience.Scale
		want  time.Duration
	}{{0, time.Minute}, {1, time.Minute}, {0.01, 600 * time.Millisecond}, {0.0000001, 10 * time.Millisecond}, {2, 2 * time.Minute}} {
		if got := test.scale.Of(time.Minute); got != test.want {
			t.Errorf("%v of a minute is %v, want %v", test.scale, got, test.want)
		}
	}
}
