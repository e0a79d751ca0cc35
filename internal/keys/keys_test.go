package keys_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/keys"
)

func write(t *testing.T, dir, name, content string, mode os.FileMode) {
	t.Helper()

	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAreRead(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()

	private, _, err := note.GenerateKey(rand.Reader, "manifest")
	if err != nil {
		t.Fatal(err)
	}

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	write(t, dir, keys.ManifestSigner, private+"\n", 0o600)
	write(t, dir, keys.BackupIdentity, identity.String()+"\n", 0o400)

	if signer, err := keys.Signer(dir, keys.ManifestSigner); err != nil || signer.Name() != "manifest" {
		t.Error(err)
	}

	if identities, err := archive.IdentitiesIn(dir); err != nil || len(identities) != 1 {
		t.Error(err)
	}

	for name, want := range map[string]bool{keys.BackupIdentity: true, keys.LedgerSigner: false} {
		if held, err := keys.Holds(dir, name); err != nil || held != want {
			t.Errorf("%s: %v, %v", name, held, err)
		}
	}

	// A folder that is a file cannot be looked into, for root neither.
	if held, err := keys.Holds(filepath.Join(dir, keys.BackupIdentity), keys.LedgerSigner); held || !failure.Is(err, failure.ConfigInvalid) {
		t.Errorf("what cannot be seen is taken for none: %v, %v", held, err)
	}
}

func TestBadKeysAreRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()

	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660, 0o610, 0o700 | 0o001} {
		dir := t.TempDir()
		write(t, dir, keys.LedgerSigner, "secret", mode)

		if _, err := keys.Read(dir, keys.LedgerSigner); !failure.Is(err, failure.ConfigInvalid) || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("%o: %v", mode, err)
		}
	}

	dir := t.TempDir()
	write(t, dir, keys.ManifestSigner, "PRIVATE+KEY+secret", 0o600)
	write(t, dir, keys.BackupIdentity, "AGE-SECRET-KEY-1SECRET", 0o600)

	_, signerErr := keys.Signer(dir, keys.ManifestSigner)
	_, identityErr := archive.IdentitiesIn(dir)
	_, missingErr := keys.Signer(dir, keys.LedgerSigner)
	_, noneErr := archive.IdentitiesIn(t.TempDir())

	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}

	_, folderErr := keys.Read(dir, "folder")

	for _, err := range []error{signerErr, identityErr, missingErr, noneErr, folderErr} {
		if !failure.Is(err, failure.ConfigInvalid) || strings.Contains(strings.ToLower(err.Error()), "secret+") ||
			strings.Contains(err.Error(), "1SECRET") || strings.Contains(err.Error(), "+secret") {
			t.Error(err)
		}
	}
}
