// Package harness is the world of a whole-system test: the real worker binary in
// processes of its own, a real Temporal server, real PostgreSQL clusters, the GCS
// emulator, one dev clock, and a gate that decides how each outside call ends.
//
// A test package calls Main from its TestMain and New in each test. When a test
// ends, its world is looked through by CheckWorld, which shares no code with what
// it checks. docs/testing.md says how to work with it.
package harness
