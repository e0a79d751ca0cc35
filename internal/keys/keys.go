// Package keys reads the private keys of a process from its folder: files that
// nobody else may read, each with the key of one purpose (docs/keys.md).
package keys

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
)

// The files of a keys folder.
const (
	// ManifestSigner signs manifests; the backup role has it.
	ManifestSigner = "manifest.key"
	// LedgerSigner signs checkpoints of the ledger; the core role has it.
	LedgerSigner = "ledger.key"
	// AccountLookup hashes the keys of accounts that may be personal; the API has it.
	AccountLookup = "account-lookup.key"
	// CertificateSigner signs certificates of erasures; the core role has it.
	CertificateSigner = "certificate.key"
	// ReplayIdentity seals and opens replay records, and hashes the identities in them; the roles
	// erase and drill have it.
	ReplayIdentity = "replay.identity"
	// BackupIdentity decrypts backups; the drill role has it.
	BackupIdentity = "backup.identity"
)

// othersMayRead are the permission bits that a private key must not have.
const othersMayRead = 0o077

// Read gives the content of one key file. It fails with ConfigInvalid if the
// file is missing or if others may read it.
func Read(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)

	info, err := os.Stat(path)
	if err != nil {
		return nil, failure.New(failure.ConfigInvalid, "reading "+name+" in STEWARD_KEYS_DIR (there is none)")
	}

	if info.Mode().Perm()&othersMayRead != 0 {
		return nil, failure.New(failure.ConfigInvalid, "reading "+name+" in STEWARD_KEYS_DIR (others may read it; run: chmod 600)")
	}

	content, err := os.ReadFile(path) //nolint:gosec // the folder comes from the operator
	if err != nil {
		return nil, failure.New(failure.ConfigInvalid, "reading "+name+" in STEWARD_KEYS_DIR")
	}

	return bytes.TrimSpace(content), nil
}

// Signer reads a signing key.
func Signer(dir, name string) (note.Signer, error) {
	content, err := Read(dir, name)
	if err != nil {
		return nil, err
	}

	signer, err := note.NewSigner(string(content))
	if err != nil {
		return nil, failure.New(failure.ConfigInvalid, "reading "+name+" in STEWARD_KEYS_DIR (it is no signing key)")
	}

	return signer, nil
}

// Verifier reads a public key as the policy pins it. It fails with PolicyInvalid.
func Verifier(key string) (note.Verifier, error) {
	made, err := note.NewVerifier(key)
	if err != nil {
		return nil, failure.New(failure.PolicyInvalid, "reading a public key of the policy")
	}

	return made, nil
}

// Holds reports whether the folder has a file of that name. It fails with
// ConfigInvalid where that cannot be seen: a key that cannot be reached is not the
// same as none.
func Holds(dir, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, name))

	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, failure.New(failure.ConfigInvalid, "looking for "+name+" in STEWARD_KEYS_DIR (it cannot be looked into)")
	}
}
