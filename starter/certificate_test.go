package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/doctor/doctortest"
)

// certificates writes the vectors of package certificate as files of certificates, and gives their folder with
// the two public keys.
func certificates(t *testing.T) (folder, key, ledgerKey string) {
	t.Helper()

	vectors, err := filepath.Glob("../internal/certificate/testdata/vectors/*.txt")
	if err != nil || len(vectors) == 0 {
		t.Fatal(vectors, err)
	}

	folder = t.TempDir()

	for _, name := range vectors {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}

		_, content, _ := strings.Cut(string(text), "\n")

		switch base := strings.TrimSuffix(filepath.Base(name), ".txt"); base {
		case "certificate-key":
			key = strings.TrimSpace(content)
		case "ledger-key":
			ledgerKey = strings.TrimSpace(content)
		default:
			if err := os.WriteFile(filepath.Join(folder, base+".json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}

	return folder, key, ledgerKey
}

// TestCertificates checks certificates as somebody does who was given one.
func TestCertificates(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.NewPolicy(t)
	folder, key, ledgerKey := certificates(t)

	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/certificate/verify.txtar"}, Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy,
				"CERTIFICATES="+folder, "CERTIFICATE_KEY="+key, "LEDGER_KEY="+ledgerKey)...)

			return nil
		},
	})
}
