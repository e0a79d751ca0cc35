package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/doctor/doctortest"
	"steward/internal/failure"
	"steward/internal/keys"
)

// Who makes backups cannot read them: the role does not start beside an identity, and
// registers nothing.
func TestABackupRoleRefusesADecryptionIdentity(t *testing.T) {
	t.Parallel()

	w := doctortest.NewPolicy(t)

	identity := filepath.Join(w.Config.KeysDir, keys.BackupIdentity)
	if err := os.WriteFile(identity, []byte(w.Identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	p := &process{config: w.Config, policy: w.Policy}

	err := p.register(t.Context(), backupRole)
	if !failure.Is(err, failure.ConfigInvalid) || !strings.Contains(err.Error(), "decryption identity") {
		t.Error(err)
	}

	if err != nil && strings.Contains(err.Error(), "AGE-SECRET-KEY") {
		t.Error("the error holds the identity")
	}

	if len(p.workers) > 0 || len(p.background) > 0 {
		t.Errorf("it registered %d workers and %d goroutines", len(p.workers), len(p.background))
	}
}
