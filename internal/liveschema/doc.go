// Package liveschema describes the schema of a PostgreSQL database as it is now: tables,
// columns, keys, foreign keys, and what acts by itself when rows go (rules of deletion,
// triggers, row-level security). It is read in one snapshot and is a plain value
// afterwards, so that the data map can be checked against it by pure functions.
package liveschema
