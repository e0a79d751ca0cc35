package main

// Run is the whole command, for tests that start themselves under its name.
var Run = run //nolint:gochecknoglobals // a function
