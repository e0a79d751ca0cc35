package report

import (
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/evidence/inclusion"
	"steward/internal/failure"
	"steward/internal/ledger"
)

// Cited are the entries that the report cites, for a check against a copy of the
// ledger. It fails with SignatureInvalid for a hash that is none.
func (r Report) Cited() ([]inclusion.Cited, error) {
	cited := make([]inclusion.Cited, len(r.Entries))

	for i, each := range r.Entries {
		hash, err := tlog.ParseHash(each.Hash)
		if err != nil {
			return nil, failure.Wrap(failure.SignatureInvalid, "reading a cited entry's hash", err)
		}

		cited[i] = inclusion.Cited{ID: each.ID, Position: each.Position, Hash: hash}
	}

	return cited, nil
}

// StandsOn opens the checkpoint that the report stands on; the zero Checkpoint
// for a ledger that was empty. It fails with SignatureInvalid when its signature
// does not hold or it is of another state than the report says.
func (r Report) StandsOn(verifier note.Verifier) (ledger.Checkpoint, error) {
	if r.Ledger.Size == 0 && r.Ledger.Checkpoint == "" {
		return ledger.Checkpoint{}, nil
	}

	opened, err := ledger.OpenCheckpoint([]byte(r.Ledger.Checkpoint), verifier)
	if err != nil {
		return opened, err
	}

	if opened.Size != r.Ledger.Size || opened.Root.String() != r.Ledger.Root {
		return opened, failure.New(failure.SignatureInvalid, "reading the checkpoint of a report (it is of another state)")
	}

	return opened, nil
}
