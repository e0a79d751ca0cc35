package ledger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
)

func TestCheckpointHasOneTextAndOneKey(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	_, other := ledgertest.Keys(t)
	checkpoint := ledger.Checkpoint{Origin: signer.Name(), Size: 50, Root: tlog.RecordHash([]byte("x")), At: day().Truncate(time.Microsecond)}

	signed, err := checkpoint.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}

	got, err := ledger.OpenCheckpoint(signed, verifier)
	if err != nil || got != checkpoint {
		t.Fatalf("%+v, %v", got, err)
	}

	for i := range signed {
		for bit := range 8 {
			changed := bytes.Clone(signed)
			changed[i] ^= 1 << bit

			if _, err := ledger.OpenCheckpoint(changed, verifier); !failure.Is(err, failure.SignatureInvalid) {
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
		}
	}

	if _, err := ledger.OpenCheckpoint(signed, other); !failure.Is(err, failure.SignatureInvalid) {
		t.Error("another key opened it")
	}

	checkpoint.Origin = "elsewhere"
	if _, err := checkpoint.Sign(signer); err == nil {
		t.Error("signed for another origin")
	}

	checkpoint.Origin = ledgertest.Origin
}

func TestSegmentRoundTrip(t *testing.T) {
	t.Parallel()

	signer, _ := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 3)
	name := ledger.SegmentName(0, 3)
	data := world.Objects[name]

	segment, err := ledger.ParseSegment(data)
	if err != nil || len(segment.Lines) != 3 || !bytes.Equal(segment.Encode(), data) {
		t.Fatalf("%+v, %v", segment, err)
	}

	if from, to, ok := ledger.ParseSegmentName(name); from != 0 || to != 3 || !ok {
		t.Error(name)
	}

	for _, broken := range []string{
		"", "x", string(data[:40]), string(data) + "\n", strings.Replace(string(data), "range 0 3", "range 0 4", 1),
		strings.Replace(string(data), "\n1 ", "\n2 ", 1), strings.Replace(string(data), "\n1 ", "\nx ", 1),
	} {
		if _, err := ledger.ParseSegment([]byte(broken)); !failure.Is(err, failure.LedgerTampered) {
			t.Errorf("%.50q was taken", broken)
		}
	}

	for _, name := range []string{"segments/3-0", "segments/000000000003-000000000001", "other/000000000000-000000000001", "segments/x"} {
		if _, _, ok := ledger.ParseSegmentName(name); ok {
			t.Errorf("%s was taken", name)
		}
	}

	if _, ok := ledger.ParseStagingName(ledger.StagingName(7, 9, [32]byte{})); !ok {
		t.Error("a staging name was not taken")
	}
}

func proofs(t *testing.T) (ledgertest.World, func(int64) []byte, func([]byte) error) {
	t.Helper()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 5, 8)
	prove := func(position int64) []byte {
		path, err := tlog.ProveRecord(13, position, world.Reader())
		if err != nil {
			t.Fatal(err)
		}

		return ledger.Proof{Index: position, Path: path, Checkpoint: []byte(world.Head.Checkpoint)}.Encode()
	}

	return world, prove, func(proof []byte) error {
		_, position, err := ledger.VerifyProof(world.Rows[4].Entry.Leaf(), proof, verifier)
		if err == nil && position != 4 {
			return errors.New("another position")
		}

		return err
	}
}

func TestProofHoldsForOneLeafOnly(t *testing.T) {
	t.Parallel()

	_, prove, verify := proofs(t)
	good := prove(4)

	if err := verify(good); err != nil {
		t.Fatal(err)
	}

	if err := verify(prove(5)); !failure.Is(err, failure.SignatureInvalid) {
		t.Errorf("a proof of another leaf: %v", err)
	}

	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1

		if err := verify(changed); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}

	for _, text := range []string{"", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nindex 1\n" + strings.Repeat("x\n", 70) + "\n"} {
		if err := verify([]byte(text)); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConsistencyHoldsForOneHistoryOnly(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 5, 8, 4)
	fork := ledgertest.NewWorld(t, signer, 5, 8, 4)

	path, err := tlog.ProveTree(17, 5, world.Reader())
	if err != nil {
		t.Fatal(err)
	}

	proof := ledger.Consistency{OldSize: 5, Path: path, Checkpoint: []byte(world.Head.Checkpoint)}.Encode()

	newer, err := ledger.VerifyConsistency([]byte(world.Segments[0].Checkpoint), proof, verifier)
	if err != nil || newer.Size != 17 {
		t.Fatal(err)
	}

	for name, old := range map[string]string{
		"fork": fork.Segments[0].Checkpoint, "other size": world.Segments[1].Checkpoint, "no checkpoint": "x",
	} {
		if _, err := ledger.VerifyConsistency([]byte(old), proof, verifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	for i := range proof {
		changed := bytes.Clone(proof)
		changed[i] ^= 1

		if _, err := ledger.VerifyConsistency([]byte(world.Segments[0].Checkpoint), changed, verifier); err == nil {
			t.Errorf("byte %d changed", i)
		}
	}
}
