// Package throttle holds long work back: to a number of bytes a second, and
// altogether while the source has too much to do. Whether to hold is a pure
// decision; the gate and the pacer only do it.
package throttle
