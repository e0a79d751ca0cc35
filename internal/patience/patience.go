// Package patience scales every timeout of Steward by one number, so that tests
// meet in milliseconds what production meets in minutes.
package patience

import "time"

// Scale multiplies timeouts. The zero value is that of production: 1.
type Scale float64

// least keeps a scaled timeout from becoming none at all.
const least = 10 * time.Millisecond

// Of gives the timeout to use where production uses d.
func (s Scale) Of(d time.Duration) time.Duration {
	if s == 0 {
		return d
	}

	return max(least, time.Duration(float64(d)*float64(s)))
}

// Factor is the number itself.
func (s Scale) Factor() Scale {
	if s == 0 {
		return 1
	}

	return s
}
