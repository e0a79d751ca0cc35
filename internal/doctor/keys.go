package doctor

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/keys"
)

// othersMay are the permission bits that a folder of private keys must not have.
const othersMay = 0o077

// keys looks at the folder of private keys of this process: who may read it, and
// whether each key is the other half of the one in the policy. No key is shown.
func (d *Doctor) keys(ctx context.Context) []Check {
	const folder = "folder"

	dir := d.Config.KeysDir
	if dir == "" {
		return []Check{skipped(folder, "STEWARD_KEYS_DIR is not set here; each worker has its own")}
	}

	info, err := os.Stat(dir)

	switch {
	case err != nil || !info.IsDir():
		return []Check{wrong(folder, failure.ConfigInvalid, "STEWARD_KEYS_DIR is no folder", "See docs/keys.md")}
	case info.Mode().Perm()&othersMay != 0:
		return []Check{wrong(folder, failure.ConfigInvalid, "others may enter STEWARD_KEYS_DIR", "Run: chmod 700 "+dir)}
	}

	checks := []Check{fine(folder, "only its owner may enter")}

	for _, key := range []struct{ file, public string }{
		{keys.ManifestSigner, d.Policy.Keys.Manifest},
		{keys.LedgerSigner, d.Policy.Keys.Ledger},
		{keys.CertificateSigner, d.Policy.Keys.Certificate},
	} {
		if held(dir, key.file) {
			checks = append(checks, signer(dir, key.file, key.public))
		}
	}

	if held(dir, keys.BackupIdentity) {
		checks = append(checks, d.identity(dir))
	}

	checks = append(checks, d.master(ctx))

	if held(dir, keys.BackupIdentity) && held(dir, keys.ManifestSigner) {
		checks = append(checks, wrong("separation", failure.ConfigInvalid, "one folder holds the keys of backup and of drill",
			"What dumps must not be able to decrypt; give each role its own folder (docs/keys.md)."))
	}

	return checks
}

// held takes a file that cannot be seen for one that is there: reading it then says
// what is wrong.
func held(dir, name string) bool {
	there, err := keys.Holds(dir, name)

	return there || err != nil
}

// signer shows that a private key is the other half of the public one.
func signer(dir, file, public string) Check {
	private, err := keys.Signer(dir, file)
	if err != nil {
		return failed(file, err)
	}

	pinned, err := note.NewVerifier(public)
	if err != nil {
		return failed(file, failure.New(failure.PolicyInvalid, "reading a public key of the policy"))
	}

	proof := []byte("steward doctor\n")

	signature, err := private.Sign(proof)
	if err != nil || private.Name() != pinned.Name() || !pinned.Verify(proof, signature) {
		return wrong(file, failure.ConfigInvalid, "it is not the other half of the public key in the policy",
			"Put the right key there, or write its public half into the policy (docs/keys.md).")
	}

	return fine(file, "belongs to the key "+pinned.Name()+" of the policy")
}

// identity shows that what the policy's recipients get can be decrypted here.
func (d *Doctor) identity(dir string) Check {
	const name = keys.BackupIdentity

	identities, err := archive.IdentitiesIn(dir)
	if err != nil {
		return failed(name, err)
	}

	for _, recipient := range d.Policy.Promises.Backups.Recipients {
		if opens(recipient.Key, identities) {
			return fine(name, "opens what is encrypted to the recipient "+recipient.Name)
		}
	}

	return wrong(name, failure.DecryptFailed, fmt.Sprintf("it opens nothing of what is encrypted to the policy's %d recipients",
		len(d.Policy.Promises.Backups.Recipients)), "See docs/keys.md")
}

// opens encrypts a word to one recipient and looks whether it can be read.
func opens(public string, identities []age.Identity) bool {
	recipients, err := archive.Recipients([]string{public})
	if err != nil {
		return false
	}

	var sealed bytes.Buffer

	writer, err := age.Encrypt(&sealed, recipients...)
	if err != nil || writer.Close() != nil {
		return false
	}

	_, err = age.Decrypt(&sealed, identities...)

	return err == nil
}
