package quantity_test

import (
	"testing"

	"steward/internal/quantity"
)

func TestBytes(t *testing.T) {
	t.Parallel()

	for want, bytes := range map[string]int64{
		"0 B": 0, "999 B": 999, "1.0 kB": 1000, "2.1 MB": 2_100_000, "3.5 GB": 3_500_000_000, "5.0 EB": 5e18,
	} {
		if got := quantity.Bytes(bytes); got != want {
			t.Errorf("%d is %q, want %q", bytes, got, want)
		}
	}
}
