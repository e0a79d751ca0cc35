package policy_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/policy"
)

// update writes the expected files anew: go test ./internal/policy -update.
var update = flag.Bool("update", false, "write the expected files anew")

func fixtures(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures %s: %v, %v", pattern, files, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// golden compares text with the file, or writes it.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, file)), text); diff != "" {
		t.Errorf("%s (-file +now):\n%s", file, diff)
	}
}

func TestWorking(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t, "working_*.yaml") {
		if _, err := policy.Parse(file, read(t, file)); err != nil {
			t.Errorf("%s:\n%v", file, err)
		}
	}
}

// Each busted file has a file beside it with the whole error.
func TestBusted(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t, "busted_*.yaml") {
		name := filepath.Base(file)
		p, err := policy.Parse(name, read(t, file))
		var problems *policy.Problems
		if p != nil || !errors.As(err, &problems) {
			t.Errorf("%s is accepted: %v", file, err)
			continue
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", problems.Error()+"\n")
		for _, problem := range problems.List {
			if problem.Line < 1 || problem.Column < 1 || problem.Message == "" || problem.Remedy == "" {
				t.Errorf("%s: incomplete %+v", file, problem)
			}
		}
	}
}

// No secret that a fixture holds comes out again.
func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t, "busted_*.txt") {
		for _, secret := range []string{"hunter2", "1M3SAC8YG", "user:pw", "AbsNXh85ovy"} {
			if strings.Contains(string(read(t, file)), secret) {
				t.Errorf("%s shows %s", file, secret)
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	src := append(tracked(t), []byte(strings.Repeat("# more\n", 10_000))...)
	_, err := policy.Parse("policy.yaml", src)
	if err == nil || !strings.Contains(err.Error(), "policy.yaml:1:1: the file has more than 65536 bytes") {
		t.Errorf("%v", err)
	}
}

func TestRulesOfTheTrackedPolicy(t *testing.T) {
	t.Parallel()
	p := parsed(t)
	if p.Company.Name != policy.DemoCompany || p.Company.Zone.String() != "Europe/Paris" || p.Version != 1 {
		t.Errorf("company %+v", p.Company)
	}
	rules := p.Rules()
	backups, ledger := rules[0].Backups, rules[1].Ledger
	if diff := cmp.Diff([]string{"app", "steward", "files/uploads"}, backups.Databases); diff != "" {
		t.Error(diff)
	}
	if backups.At.String() != "02:30" || backups.Keep.String() != "7d" || backups.Tolerance.String() != "2h" ||
		backups.CatchUp.String() != "20h" || backups.DoneWithin.String() != "2h" || ledger.VerifyEvery.String() != "25h" {
		t.Errorf("rules %+v, %+v", backups, ledger)
	}
	if env, ok := p.HeartbeatEnv("backups"); !ok || env != "HEARTBEAT_BACKUPS" {
		t.Errorf("heartbeat %q, %v", env, ok)
	}
	if env, ok := p.HeartbeatEnv("ledger"); ok {
		t.Errorf("heartbeat %q", env)
	}
}
