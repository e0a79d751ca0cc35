package erasure

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/certificate"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Certifier signs the certificates of erasures in the company's name.
type Certifier struct {
	// Signer holds the certificate key.
	Signer note.Signer
	// Ledger checks the proof of a tombstone before anything is signed over it.
	Ledger note.Verifier
	// Company and Contact are those of the policy, whose hash is Policy; Zone is where its days are counted.
	Company, Contact, Policy string
	Zone                     *time.Location
	// Exceptions are all that the policy publishes.
	Exceptions []certificate.Exception
}

// certify signs and stores a certificate, once of each kind: where there is one already,
// that stays.
func (c Certifier) certify(ctx context.Context, tx postgres.Tx, of Case, kind certificate.Kind, at time.Time) error {
	if c.Signer == nil {
		return failure.New(failure.ConfigInvalid, "signing a certificate without certificate.key in STEWARD_KEYS_DIR")
	}

	planned, err := PlanOf(ctx, tx, of)
	if err != nil {
		return err
	}

	answers, err := answersOf(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	proof, decided, err := certificate.Prove(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	_, err = certificate.Issue(ctx, tx, c.Signer, c.Ledger, certificate.Facts{
		Kind: kind, Erasure: of.ID, Cause: string(of.Reason), Reference: of.Cause, Subject: of.Kind,
		Company: c.Company, Contact: c.Contact, Policy: c.Policy, Zone: c.Zone, Language: of.Language,
		Plan: planned.Plan, PlanSHA256: planned.SHA256, RequestedAt: of.OpenedAt, ErasedAt: of.ErasedAt, VerifiedAt: of.VerifiedAt,
		IssuedAt: at, Answers: answers, Exceptions: c.Exceptions, Tombstone: proof, DecidedAt: decided,
	})

	return err
}
