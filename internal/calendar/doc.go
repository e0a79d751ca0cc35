// Package calendar computes with the units in which a policy makes promises:
// civil days, months and years in the company's zone, and exact hours.
//
// It is pure: the instant and the zone are always parameters. A caller that
// ships as a binary imports time/tzdata itself, so that zones are known on a
// machine without zone files; the tests of this package do the same.
package calendar
