// Package check compares a data map with the live schema and with the policy, and finds
// everything for which an erasure would have to stop, or would do something else than people decided. It is
// a pure function: who reads the schema, and who is told, is decided elsewhere.
package check
