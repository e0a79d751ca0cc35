package certificate

import (
	"encoding/json"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Verified is what Verify saw beside the certificate.
type Verified struct {
	Certificate Certificate
	// Checkpoint is the state of the ledger that the tombstone stands in.
	Checkpoint ledger.Checkpoint
}

// Verify checks everything about a certificate that can be checked without any service: its
// signature, that its tombstone stands in the ledger under a signed checkpoint, and that the tombstone
// is of this erasure, plan and subject. It fails with SignatureInvalid where anything of this does not hold.
func Verify(signed Signed, key, ledgerKey note.Verifier) (Verified, error) {
	read, err := signed.Open(key)
	if err != nil {
		return Verified{}, err
	}

	return proven(read, ledgerKey)
}

// proven checks all of that but the certificate's own signature: it holds before that is made.
func proven(read Certificate, ledgerKey note.Verifier) (Verified, error) {
	checkpoint, position, err := ledger.VerifyProof([]byte(read.Tombstone.Leaf), []byte(read.Tombstone.Proof), ledgerKey)
	if err != nil {
		return Verified{}, failure.Wrap(failure.SignatureInvalid, "checking the tombstone of a certificate", err)
	}

	entry, err := ledger.ParseLeaf([]byte(read.Tombstone.Leaf))
	if err != nil {
		return Verified{}, failure.New(failure.SignatureInvalid, "reading the tombstone of a certificate")
	}

	var body ledger.ErasureBody
	if err := json.Unmarshal(entry.Body, &body); err != nil {
		return Verified{}, failure.New(failure.SignatureInvalid, "reading the tombstone of a certificate")
	}

	for _, test := range []struct {
		holds  bool
		reason string
	}{
		{entry.Kind == ledger.Tombstone, "it is an entry of another kind"},
		{entry.ID == read.Tombstone.Entry && position == read.Tombstone.Position, "it is another entry"},
		{body.Erasure == read.Erasure && body.Cause == read.Cause, "it is of another erasure"},
		{body.PlanSHA256 == read.Plan, "it is of another plan"},
		{body.Commitment == read.Tombstone.Commitment, "it is of another subject"},
		{entry.At.Equal(read.DecidedAt), "it is of another time"},
		{!checkpoint.At.After(read.IssuedAt), "its ledger is younger than the certificate"},
	} {
		if !test.holds {
			return Verified{}, failure.New(failure.SignatureInvalid, "checking the tombstone of a certificate ("+test.reason+")")
		}
	}

	return Verified{Certificate: read, Checkpoint: checkpoint}, nil
}
