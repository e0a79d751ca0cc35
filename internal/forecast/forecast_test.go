package forecast_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/forecast"
)

func TestStored(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ last, tables, want int64 }{
		"nothing known":                 {0, 0, 0},
		"only the tables":               {0, 3500, 1000},
		"only the last backup":          {800, 0, 800},
		"both":                          {800, 3500, 800},
		"grown beyond belief":           {10, 3500, 1000},
		"shrunk beyond belief":          {8000, 3500, 1000},
		"incompressible":                {3500, 3500, 3500},
		"a thirtieth is still believed": {100, 3000, 100},
		"nonsense":                      {-1, -1, 0},
	} {
		if got := forecast.Stored(test.last, test.tables); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestLeft(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		done, expected int64
		took           time.Duration
		bytes          int64
		left           time.Duration
		known          bool
	}{
		"a quarter done":      {250, 1000, 10 * time.Second, 750, 30 * time.Second, true},
		"too early":           {250, 1000, time.Second, 0, 0, false},
		"nothing done":        {0, 1000, time.Minute, 0, 0, false},
		"nothing expected":    {250, 0, time.Minute, 0, 0, false},
		"more than expected":  {1001, 1000, time.Minute, 0, 0, false},
		"exactly as expected": {1000, 1000, time.Minute, 0, 0, false},
	} {
		bytes, left, known := forecast.Left(test.done, test.expected, test.took)
		if bytes != test.bytes || left != test.left || known != test.known {
			t.Errorf("%s: %d bytes, %s, %v", name, bytes, left, known)
		}
	}
}

// At a steady pace every estimate says the same end.
func TestASteadyPaceHasOneEnd(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(10, 100_000).Draw(t, "seconds")
		pace := rapid.Int64Range(1, 1_000_000_000).Draw(t, "bytes a second")
		at := rapid.Int64Range(3, seconds-1).Draw(t, "at")

		_, left, known := forecast.Left(at*pace, seconds*pace, time.Duration(at)*time.Second)
		if want := time.Duration(seconds-at) * time.Second; !known || (left-want).Abs() > time.Millisecond*time.Duration(seconds) {
			t.Fatalf("%s left, want %s", left, want)
		}
	})
}

// A third of the way, two thirds are left.
func ExampleLeft() {
	bytes, left, _ := forecast.Left(100, 300, 10*time.Second)
	fmt.Println(bytes, left)
	// Output: 200 20s
}
