package policy_test

import (
	"errors"
	"strings"
	"testing"

	"steward/internal/policy"
)

// checkProblems demands of every error what people need to act on it.
func checkProblems(t *testing.T, err error) {
	t.Helper()
	var problems *policy.Problems
	if !errors.As(err, &problems) || len(problems.List) == 0 {
		t.Fatalf("the error is no list of problems: %v", err)
	}
	line := 0
	for _, p := range problems.List {
		if p.Line < 1 || p.Column < 1 || p.Line < line || p.Message == "" || p.Remedy == "" {
			t.Errorf("problem %+v after line %d", p, line)
		}
		line = p.Line
	}
}

func TestProblemsAreMasked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ab ", 100)
	for _, src := range []string{
		"name: " + long, long + ": x", "a\x01b: c", "k: " + strings.Repeat("x", 500), "AGE-SECRET-KEY-1XYZ: x", "? |\n  x\n: y", "token: x", "[}",
	} {
		_, err := policy.Parse("policy.yaml", []byte(src))
		checkProblems(t, err)
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if len(line) > 500 || strings.Contains(line, "1XYZ") || strings.ContainsRune(line, 1) {
				t.Errorf("%.40q prints %q", src, line)
			}
		}
	}
}
