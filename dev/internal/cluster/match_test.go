package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"steward/dev/internal/cluster"
)

// TestMatchFindsTheProgramsThatMadeTheData: after an upgrade of the machine to
// another major the newest programs cannot read the data.
func TestMatchFindsTheProgramsThatMadeTheData(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	bin := func(version string) string { return filepath.Join(root, version, "bin") }
	for _, version := range []string{"15", "18"} {
		if err := os.MkdirAll(bin(version), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin(version), "postgres"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(root, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := cluster.Match(bin("18"), data); err != nil || got != bin("18") {
		t.Errorf("without data: %s, %v", got, err)
	}
	for made, want := range map[string]string{"18": bin("18"), "15": bin("15"), "16": ""} {
		if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(made+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := cluster.Match(bin("18"), data)
		if got != want || errors.Is(err, cluster.ErrMajor) != (want == "") {
			t.Errorf("made by %s: %s, %v", made, got, err)
		}
	}
}
