package main

import (
	"testing"

	"steward/internal/failure"
)

func TestParseRoles(t *testing.T) {
	t.Parallel()

	for list, want := range map[string]string{
		"core": "core", "backup,core": "backup,core", "core , backup,core": "backup,core", "drill": "drill", "vendors": "vendors", "vendors,drill": "drill,vendors", "drill,core,": "core,drill",
		"": "", ",": "", "admin": "", "backup,drill": "", "core,drill,backup": "", "Core": "",
	} {
		roles, err := parseRoles(list)
		if want == "" && !failure.Is(err, failure.UsageWrong) || want != "" && (err != nil || names(roles) != want) {
			t.Errorf("%q: %s, %v", list, names(roles), err)
		}
	}
}
