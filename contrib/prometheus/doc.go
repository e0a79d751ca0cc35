// Package prometheus holds no code: it is the home of the alerts that ship with
// Steward, and of the test that holds them to the metrics, the policy and the
// runbooks.
package prometheus
