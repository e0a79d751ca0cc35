package devkeys_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/dev/internal/devkeys"
)

// files lists a directory of keys and checks that only their owner reads them.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", entry.Name(), info.Mode(), err)
		}
		names = append(names, entry.Name())
	}
	return names
}

func TestEachProcessGetsItsOwnKeysOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := devkeys.Ensure(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := devkeys.Ensure(dir)
	if err != nil || cmp.Diff(first, again) != "" {
		t.Fatalf("made anew: %s (%v)", cmp.Diff(first, again), err)
	}
	for _, one := range []struct {
		roles []string
		want  []string
	}{
		{[]string{devkeys.Core}, []string{"certificate.key", "ledger.key", "master.key"}},
		{[]string{devkeys.Vendors}, []string{"master.key"}},
		{[]string{devkeys.API}, []string{"account-lookup.key", "master.key"}},
		{[]string{devkeys.Backup}, []string{"manifest.key"}},
		{[]string{devkeys.Drill}, []string{"backup.identity", "replay.identity"}},
		{[]string{devkeys.Erase}, []string{"master.key", "replay.identity"}},
		{[]string{devkeys.Core, devkeys.Backup}, []string{"certificate.key", "ledger.key", "manifest.key", "master.key"}},
	} {
		got, err := devkeys.For(dir, one.roles...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one.want, files(t, got)); diff != "" {
			t.Errorf("%v: %s", one.roles, diff)
		}
	}
	if _, err := devkeys.For(dir, devkeys.Backup, devkeys.Drill); !errors.Is(err, devkeys.ErrApart) {
		t.Errorf("backup with drill: got %v", err)
	}
	if _, err := devkeys.For(dir, devkeys.Escrow); !errors.Is(err, devkeys.ErrEscrow) {
		t.Errorf("escrow: got %v", err)
	}
}

func TestKeysFitTheirPublicHalves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	public, err := devkeys.Ensure(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := func(role, name string) string {
		text, err := os.ReadFile(filepath.Join(dir, role, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	for role, recipient := range map[string]string{devkeys.Drill: public.DrillRecipient, devkeys.Escrow: public.EscrowRecipient} {
		identity, err := age.ParseX25519Identity(read(role, devkeys.BackupIdentity))
		if err != nil || identity.Recipient().String() != recipient {
			t.Errorf("%s: the identity does not fit %s (%v)", role, recipient, err)
		}
	}
	signer, err := note.NewSigner(read(devkeys.Core, devkeys.LedgerSigner))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public.LedgerVerifier)
	if err != nil || verifier.KeyHash() != signer.KeyHash() {
		t.Errorf("the ledger's keys differ (%v)", err)
	}
	certificates, err := note.NewSigner(read(devkeys.Core, devkeys.CertificateSigner))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err = note.NewVerifier(public.CertificateVerifier)
	if err != nil || verifier.KeyHash() != certificates.KeyHash() {
		t.Errorf("the keys of certificates differ (%v)", err)
	}
	if read(devkeys.Erase, devkeys.Replay) != read(devkeys.Drill, devkeys.Replay) {
		t.Error("what erases and what restores have different replay keys")
	}
}
