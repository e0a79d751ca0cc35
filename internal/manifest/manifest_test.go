package manifest_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/manifest"
)

func keyPair(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()

	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}

	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}

	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}

	return signer, verifier
}

func at() time.Time { return time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC) }

func sample() manifest.Manifest {
	return manifest.Manifest{
		Format: manifest.Format, Backup: "bkp_a", Attempt: "att_a", Database: "app", Day: "2026-11-22", SnapshotAt: at(),
		LSN: "0/1", ServerVersion: 150020, ClientVersion: "15.20", Owner: "app_owner",
		Roles:   []manifest.Role{{Name: "app_owner", MemberOf: []string{}}},
		Archive: manifest.Stored{Bucket: "b", Object: "o", Generation: 1, Bytes: 2, SHA256: "ab", CRC32C: 3},
		Content: content.Description{Tables: []content.Table{{Schema: "app", Name: "users", Digest: content.Digest{Rows: 1, Hash: "00"}}}},
	}
}

func signed(t testing.TB, m manifest.Manifest, signer note.Signer) []byte {
	t.Helper()

	stored, err := manifest.Sign(m, signer)
	if err != nil {
		t.Fatal(err)
	}

	return stored
}

func TestSignedComesBackWhole(t *testing.T) {
	t.Parallel()

	signer, verifier := keyPair(t, "manifest")

	got, err := manifest.Open(signed(t, sample(), signer), verifier)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
}

// Whatever byte is changed, taken away or added: refused, and with a code that
// says that the manifest is at fault.
func TestEveryMutationIsRefused(t *testing.T) {
	t.Parallel()

	signer, verifier := keyPair(t, "manifest")
	stored := signed(t, sample(), signer)
	mutants := [][]byte{nil, []byte("\n"), append(bytes.Clone(stored), 'x')}

	for i := range stored {
		flipped := bytes.Clone(stored)
		flipped[i] ^= 1
		mutants = append(mutants, flipped, stored[:i], append(bytes.Clone(stored[:i]), stored[i+1:]...))
	}

	for i, mutant := range mutants {
		got, err := manifest.Open(mutant, verifier)
		if err == nil && !cmp.Equal(got, sample()) {
			t.Fatalf("mutant %d was accepted with other content", i)
		}

		if err != nil && !failure.Is(err, failure.SignatureInvalid) && !failure.Is(err, failure.ManifestInvalid) {
			t.Fatalf("mutant %d: %v", i, err)
		}
	}

	t.Logf("%d mutants", len(mutants))
}

func TestAStrangersSignatureIsRefused(t *testing.T) {
	t.Parallel()

	_, verifier := keyPair(t, "manifest")
	for _, name := range []string{"manifest", "other"} {
		stranger, _ := keyPair(t, name)
		if _, err := manifest.Open(signed(t, sample(), stranger), verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASignatureOfAnotherManifestIsRefused(t *testing.T) {
	t.Parallel()

	signer, verifier := keyPair(t, "manifest")
	other := sample()
	other.Day = "2026-11-21"
	line, _, _ := bytes.Cut(signed(t, other, signer), []byte("\n"))
	_, signature, _ := bytes.Cut(signed(t, sample(), signer), []byte("\n"))

	swapped := append(append(bytes.Clone(line), '\n'), signature...)
	if _, err := manifest.Open(swapped, verifier); !failure.Is(err, failure.SignatureInvalid) {
		t.Error(err)
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	t.Parallel()

	signer, verifier := keyPair(t, "manifest")
	later := sample()
	later.Format = "steward-backup/2"

	if _, err := manifest.Open(signed(t, later, signer), verifier); !failure.Is(err, failure.ManifestInvalid) {
		t.Error(err)
	}
}

func TestCheckRefusesAGenuineOneInTheWrongPlace(t *testing.T) {
	t.Parallel()

	signer, _ := keyPair(t, "manifest")
	stored := signed(t, sample(), signer)
	right := manifest.Expected{Backup: "bkp_a", Attempt: "att_a", Database: "app", Day: "2026-11-22", SHA256: manifest.Hash(stored)}

	if err := manifest.Check(sample(), stored, right, at()); err != nil {
		t.Fatal(err)
	}

	for name, change := range map[string]func(*manifest.Expected){
		"checking the manifest (it is of another backup): the manifest is not valid":            func(e *manifest.Expected) { e.Backup = "bkp_b" },
		"checking the manifest (it is of another attempt): the manifest is not valid":           func(e *manifest.Expected) { e.Attempt = "att_b" },
		"checking the manifest (it is of another database): the manifest is not valid":          func(e *manifest.Expected) { e.Database = "steward" },
		"checking the manifest (it is of another day): the manifest is not valid":               func(e *manifest.Expected) { e.Day = "2026-11-21" },
		"checking the manifest (it is not the one in the catalogue): the manifest is not valid": func(e *manifest.Expected) { e.SHA256 = "00" },
	} {
		wrong := right
		change(&wrong)

		if err := manifest.Check(sample(), stored, wrong, at()); err == nil || err.Error() != name {
			t.Errorf("want %q, got %v", name, err)
		}
	}

	// Two machines' clocks need not agree to the second.
	const early = 5 * time.Minute
	if err := manifest.Check(sample(), stored, right, at().Add(-early)); err != nil {
		t.Errorf("by a clock that is behind: %v", err)
	}

	if err := manifest.Check(sample(), stored, right, at().Add(-early-1)); !failure.Is(err, failure.ManifestInvalid) {
		t.Errorf("from the future: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	signer, verifier := keyPair(f, "manifest")
	f.Add(signed(f, sample(), signer))
	f.Add([]byte("{}\nsteward-backup/1\n"))
	f.Fuzz(func(t *testing.T, stored []byte) {
		if got, err := manifest.Open(stored, verifier); err == nil && !cmp.Equal(got, sample()) {
			t.Errorf("a manifest that we never signed was accepted: %+v", got)
		}
	})
}
