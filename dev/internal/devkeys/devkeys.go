// Package devkeys makes the keys of one clone's dev environment, freshly and once,
// and hands each process a directory with its own and no other: the process that
// dumps cannot decrypt, because it was never given an identity (DESIGN 6).
package devkeys

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/dev/internal/state"
	"steward/internal/casekey"
	"steward/internal/keys"
)

// Files in a directory of keys. Each holds one line.
const (
	// LedgerSigner signs checkpoints of the ledger (note.GenerateKey).
	LedgerSigner = "ledger.key"
	// CertificateSigner signs certificates of erasures (note.GenerateKey).
	CertificateSigner = keys.CertificateSigner
	// Replay seals and opens replay records (age, X25519).
	Replay = keys.ReplayIdentity
	// ManifestSigner signs backup manifests (note.GenerateKey).
	ManifestSigner = "manifest.key"
	// BackupIdentity decrypts backups (age, X25519).
	BackupIdentity = "backup.identity"
	// Master wraps the keys of cases (casekey).
	Master = casekey.MasterFile
	// AccountLookup hashes keys of accounts that may be personal.
	AccountLookup = keys.AccountLookup
)

// Roles that hold keys; Escrow is no process but the safe in which the second
// identity would lie.
const (
	Core   = "core"
	Backup = "backup"
	Drill  = "drill"
	// Erase erases what is decided, and writes what a restore needs to be erased again.
	Erase = "erase"
	// Vendors speaks to mail servers and webhooks.
	Vendors = "vendors"
	// API answers requests.
	API    = "api"
	Escrow = "escrow"
)

// Public is what may be known by everybody: it goes into the policy.
type Public struct {
	// LedgerVerifier and ManifestVerifier are note verifier keys.
	LedgerVerifier   string `json:"ledger_verifier"`
	ManifestVerifier string `json:"manifest_verifier"`
	// CertificateVerifier is one too; environments of before there were certificates get it later.
	CertificateVerifier string `json:"certificate_verifier"`
	// DrillRecipient and EscrowRecipient are age recipients (age1…).
	DrillRecipient  string `json:"drill_recipient"`
	EscrowRecipient string `json:"escrow_recipient"`
}

// publicFile stands beside the directories of the roles. It is written last: with
// it there, every key is.
const publicFile = "public.json"

// Ensure makes all keys under dir unless they are there. A crash in between
// leaves keys without their public half; the next call makes all of them anew,
// which is right, because nothing was signed or encrypted with them yet.
func Ensure(dir string) (Public, error) {
	var public Public
	path := filepath.Join(dir, publicFile)
	found, err := state.ReadJSON(path, &public)
	if err != nil {
		return public, fmt.Errorf("looking for keys: %w", err)
	}
	if err := errors.Join(ensureMaster(dir), ensureLookup(dir), ensureReplay(dir)); err != nil {
		return public, err
	}
	if public.CertificateVerifier == "" {
		// Nothing was signed with one that a crash left here: its public half was never told.
		if public.CertificateVerifier, err = signer(dir, Core, CertificateSigner, "steward-dev-certificate"); err != nil {
			return public, err
		}
		if found {
			return public, publish(path, public)
		}
	}
	if found {
		return public, nil
	}
	if public.LedgerVerifier, err = signer(dir, Core, LedgerSigner, "steward-dev-ledger"); err != nil {
		return public, err
	}
	if public.ManifestVerifier, err = signer(dir, Backup, ManifestSigner, "steward-dev-manifest"); err != nil {
		return public, err
	}
	if public.DrillRecipient, err = identity(dir, Drill); err != nil {
		return public, err
	}
	if public.EscrowRecipient, err = identity(dir, Escrow); err != nil {
		return public, err
	}
	return public, publish(path, public)
}

// publish notes the public halves.
func publish(path string, public Public) error {
	if err := state.WriteJSON(path, public); err != nil {
		return fmt.Errorf("noting the keys: %w", err)
	}
	return nil
}

// ensureReplay makes the replay key unless it is there, and gives it to whoever erases and to whoever restores; the
// first role's file is written first and is the one that counts, as of the master key.
func ensureReplay(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, Erase, Replay))
	if errors.Is(err, os.ErrNotExist) {
		var made *age.X25519Identity
		if made, err = age.GenerateX25519Identity(); err == nil {
			text = []byte(made.String())
			err = write(dir, Erase, Replay, made.String())
		}
	}
	if err != nil {
		return fmt.Errorf("making the replay key: %w", err)
	}
	return write(dir, Drill, Replay, strings.TrimSpace(string(text)))
}

// ensureMaster makes the master key unless it is there, and gives it to whoever seals or
// opens. It has no public half, and an environment of before it gets one too: nothing
// can be sealed there yet. The core role's file is written first and is the one that
// counts: a crash in between leaves it, and the next call copies it.
func ensureMaster(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, Core, Master))
	if errors.Is(err, os.ErrNotExist) {
		text = []byte(casekey.GenerateMaster())
		err = write(dir, Core, Master, string(text))
	}
	if err != nil {
		return fmt.Errorf("making the master key: %w", err)
	}
	for _, role := range []string{Vendors, API, Erase} {
		if err := write(dir, role, Master, strings.TrimSpace(string(text))); err != nil {
			return err
		}
	}
	return nil
}

// lookupBytes is the size of that key: that of the hash.
const lookupBytes = 32

// ensureLookup makes the key under which the API hashes keys of accounts, unless it is
// there: with another one it would not find them again.
func ensureLookup(dir string) error {
	_, err := os.Stat(filepath.Join(dir, API, AccountLookup))
	if errors.Is(err, os.ErrNotExist) {
		var key [lookupBytes]byte
		_, _ = rand.Read(key[:]) // it never fails
		return write(dir, API, AccountLookup, hex.EncodeToString(key[:]))
	}
	if err != nil {
		return fmt.Errorf("looking for the lookup key: %w", err)
	}
	return nil
}

// signer makes a note signing key and gives its verifier.
func signer(dir, role, file, name string) (verifier string, err error) {
	private, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", fmt.Errorf("making the key %s: %w", name, err)
	}
	return verifier, write(dir, role, file, private)
}

// identity makes an age identity and gives its recipient.
func identity(dir, role string) (recipient string, err error) {
	made, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("making the identity of %s: %w", role, err)
	}
	return made.Recipient().String(), write(dir, role, BackupIdentity, made.String())
}

func write(dir, role, file, text string) error {
	home := filepath.Join(dir, role)
	if err := os.MkdirAll(home, state.DirMode); err != nil {
		return fmt.Errorf("making %s: %w", home, err)
	}
	if err := state.WriteFile(filepath.Join(home, file), []byte(text+"\n")); err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	return nil
}

// ErrEscrow is returned by For when a process asks for the keys of the safe.
var ErrEscrow = errors.New("no process gets the escrow's keys")

// ErrApart is returned by For when one process asks to dump and to decrypt.
var ErrApart = errors.New("backup and drill never share a process")

// For gives the directory with exactly the keys of these roles together, for one
// process' STEWARD_KEYS_DIR: a single role's own directory, or one named after
// all of them with copies. Ensure must have been called.
func For(dir string, roles ...string) (string, error) {
	if slices.Contains(roles, Escrow) {
		return "", ErrEscrow
	}
	if slices.Contains(roles, Backup) && slices.Contains(roles, Drill) {
		return "", ErrApart
	}
	if len(roles) == 1 {
		return filepath.Join(dir, roles[0]), nil
	}
	name := strings.Join(roles, "-")
	for _, role := range roles {
		if err := copyKeys(dir, role, name); err != nil {
			return "", fmt.Errorf("collecting the keys of %s: %w", role, err)
		}
	}
	return filepath.Join(dir, name), nil
}

func copyKeys(dir, role, name string) error {
	entries, err := os.ReadDir(filepath.Join(dir, role))
	if err != nil {
		return fmt.Errorf("listing keys: %w", err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, role, entry.Name()))
		if err != nil {
			return fmt.Errorf("reading a key: %w", err)
		}
		if err := write(dir, name, entry.Name(), strings.TrimSpace(string(text))); err != nil {
			return err
		}
	}
	return nil
}
