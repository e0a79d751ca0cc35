// Package quantity writes amounts for people. It knows nothing but numbers, so
// that workflows may use it too.
package quantity

import "fmt"

// Bytes writes a number of bytes in decimal units, as storage is sold and listed.
func Bytes(bytes int64) string {
	const unit = 1000

	if bytes < unit {
		return fmt.Sprintf("%d B", bytes)
	}

	size, prefixes := float64(bytes)/unit, "kMGTPE"
	for size >= unit && len(prefixes) > 1 {
		size, prefixes = size/unit, prefixes[1:]
	}

	return fmt.Sprintf("%.1f %cB", size, prefixes[0])
}
