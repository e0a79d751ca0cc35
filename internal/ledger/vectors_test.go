package ledger_test

import (
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
)

// vectors holds language-neutral examples of each format. A first line
// "expect: …" says what a reader must make of the text that follows it.
const vectors = "testdata/vectors"

var makeVectors = flag.Bool("make-vectors", false, "make new test vectors, with a new key that is thrown away")

// readVector gives the text after the expect line.
func readVector(t testing.TB, name string) string {
	t.Helper()

	_, text := vector(t, name)

	return text
}

func vector(t testing.TB, name string) (expect, text string) {
	t.Helper()

	data, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}

	first, text, _ := strings.Cut(string(data), "\n")

	return strings.TrimPrefix(first, "expect: "), text
}

func TestVectors(t *testing.T) {
	t.Parallel()

	if *makeVectors {
		writeVectors(t)
	}

	want, leaf := vector(t, "entry.txt")

	entry, err := ledger.ParseLeaf([]byte(leaf))
	if err != nil || want != "hash "+entry.Hash().String() {
		t.Errorf("entry: %s, %v", entry.Hash(), err)
	}

	want, signed := vector(t, "checkpoint.txt")

	checkpoint, err := ledger.OpenCheckpoint([]byte(signed), testKey(t))
	if err != nil || want != fmt.Sprintf("valid size %d root %s", checkpoint.Size, checkpoint.Root) {
		t.Errorf("checkpoint: %+v, %v", checkpoint, err)
	}

	want, bad := vector(t, "checkpoint-bad.txt")
	if _, err := ledger.OpenCheckpoint([]byte(bad), testKey(t)); err == nil || want != "invalid" {
		t.Error("a bad checkpoint was opened")
	}

	want, proof := vector(t, "proof.txt")

	_, position, err := ledger.VerifyProof([]byte(leaf), []byte(proof), testKey(t))
	if err != nil || want != fmt.Sprintf("valid index %d", position) {
		t.Errorf("proof: %d, %v", position, err)
	}

	want, consistency := vector(t, "consistency.txt")

	newer, err := ledger.VerifyConsistency([]byte(readVector(t, "checkpoint-old.txt")), []byte(consistency), testKey(t))
	if err != nil || want != fmt.Sprintf("valid new %d", newer.Size) {
		t.Errorf("consistency: %+v, %v", newer, err)
	}

	want, text := vector(t, "segment.txt")

	segment, err := ledger.ParseSegment([]byte(text))
	if err != nil || want != fmt.Sprintf("valid from %d to %d", segment.From, segment.To) {
		t.Errorf("segment: %v", err)
	}
}

// A second implementation, which shares no line with this one, reads the same
// vectors and says what it makes of each.
func TestVectorsInPython(t *testing.T) {
	t.Parallel()

	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here: the second implementation was not run")
	}

	output, err := exec.CommandContext(t.Context(), python, "testdata/verify.py", vectors).CombinedOutput()
	if err != nil || !strings.Contains(string(output), "7 vectors agree") {
		t.Fatalf("%v\n%s", err, output)
	}
}

// writeVectors makes the vectors anew.
func writeVectors(t *testing.T) {
	t.Helper()

	secret, public, err := note.GenerateKey(rand.Reader, ledgertest.Origin)
	if err != nil {
		t.Fatal(err)
	}

	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}

	world := ledgertest.NewWorld(t, signer, 5, 8)
	record, _ := tlog.ProveRecord(13, 6, world.Reader())
	tree, _ := tlog.ProveTree(13, 5, world.Reader())
	newest := world.Head.Checkpoint
	write := func(name, expect, text string) {
		if err := os.WriteFile(filepath.Join(vectors, name), []byte("expect: "+expect+"\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	write("key.txt", "a public key", public)
	write("entry.txt", "hash "+world.Rows[6].LeafHash.String(), string(world.Rows[6].Entry.Leaf()))
	write("checkpoint.txt", fmt.Sprintf("valid size 13 root %s", world.Head.Root), newest)
	write("checkpoint-old.txt", fmt.Sprintf("valid size 5 root %s", world.Segments[0].Root), world.Segments[0].Checkpoint)
	write("checkpoint-bad.txt", "invalid", strings.Replace(newest, "\n13\n", "\n12\n", 1))
	write("proof.txt", "valid index 6", string(ledger.Proof{Index: 6, Path: record, Checkpoint: []byte(newest)}.Encode()))
	write("consistency.txt", "valid new 13",
		string(ledger.Consistency{OldSize: 5, Path: tree, Checkpoint: []byte(newest)}.Encode()))
	write("segment.txt", "valid from 5 to 13", string(world.Objects[ledger.SegmentName(5, 13)]))
}
