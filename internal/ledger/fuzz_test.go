package ledger_test

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/ledger"
)

// testKey is the public key of the vectors; its private half was thrown away.
func testKey(t testing.TB) note.Verifier {
	t.Helper()

	verifier, err := note.NewVerifier(readVector(t, "key.txt"))
	if err != nil {
		t.Fatal(err)
	}

	return verifier
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(leafOf(`{"a":1}`))
	f.Add([]byte(readVector(f, "entry.txt")))

	f.Fuzz(func(t *testing.T, leaf []byte) {
		entry, err := ledger.ParseLeaf(leaf)
		if err == nil && !bytes.Equal(entry.Leaf(), leaf) {
			t.Fatalf("%q was read as %q", leaf, entry.Leaf())
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	f.Add([]byte(readVector(f, "checkpoint.txt")))

	verifier, want := testKey(f), readVector(f, "checkpoint.txt")

	f.Fuzz(func(t *testing.T, signed []byte) {
		// Nobody has the private key: all that opens has the one signed text.
		checkpoint, err := ledger.OpenCheckpoint(signed, verifier)
		if err == nil && !strings.HasPrefix(want, checkpoint.Text()) {
			t.Fatalf("forged: %q", signed)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(readVector(f, "proof.txt")))
	f.Add([]byte(readVector(f, "consistency.txt")))

	f.Fuzz(func(t *testing.T, text []byte) {
		if proof, err := ledger.ParseProof(text); err == nil && !bytes.Equal(proof.Encode(), text) {
			t.Fatalf("%q was read as %q", text, proof.Encode())
		}

		if proof, err := ledger.ParseConsistency(text); err == nil && !bytes.Equal(proof.Encode(), text) {
			t.Fatalf("%q was read as %q", text, proof.Encode())
		}
	})
}

func FuzzParseSegment(f *testing.F) {
	f.Add([]byte(readVector(f, "segment.txt")))

	f.Fuzz(func(t *testing.T, text []byte) {
		if segment, err := ledger.ParseSegment(text); err == nil && !bytes.Equal(segment.Encode(), text) {
			t.Fatalf("%q was read as %q", text, segment.Encode())
		}
	})
}
