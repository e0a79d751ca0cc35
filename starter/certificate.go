package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/certificate"
	"steward/internal/failure"
	"steward/internal/store"
)

func newCertificate(a *app) *cobra.Command {
	return group("certificate", "Show and check certificates of erasures",
		"Of each erasure a first certificate is signed once everything was carried out and verified, and a\n"+
			"final one once the subject is gone everywhere. docs/erasure.md describes them.",
		"  steward certificate show crt_aaaaaaaaaaaaaaaaaaaaaaaaaa --out certificate.json\n  steward certificate verify certificate.json",
		newCertificateShow(a), newCertificateVerify(a))
}

// certificateRow is a certificate in short.
type certificateRow struct {
	// ID is that of the certificate.
	ID string `json:"id"`
	// Erasure is the opaque id of the erasure.
	Erasure string `json:"erasure"`
	// Kind is first or final.
	Kind string `json:"kind"`
	// Subject is account or person.
	Subject string `json:"subject"`
	// IssuedAt is when it was signed.
	IssuedAt time.Time `json:"issued_at"`
	// GoneBy is when the subject is gone everywhere; missing while nobody can say.
	GoneBy time.Time `json:"gone_by,omitzero"`
	// Stores are all places that hold data of subjects.
	Stores []certificate.Store `json:"stores"`
	// SHA256 is the hash that the signature is over, in hex.
	SHA256 string `json:"sha256"`
}

func rowOfCertificate(read certificate.Certificate, signed certificate.Signed) certificateRow {
	row := certificateRow{
		ID: read.ID, Erasure: read.Erasure, Kind: string(read.Kind), Subject: string(read.Subject), IssuedAt: read.IssuedAt,
		Stores: read.Stores, SHA256: certificate.Hash([]byte(signed.Certificate)),
	}
	if read.GoneBy.Known() {
		row.GoneBy = read.GoneBy.At
	}

	return row
}

// sayCertificate tells people what a certificate says.
func (a *app) sayCertificate(row certificateRow) error {
	gone := "nobody can say yet when the subject is gone everywhere"
	if !row.GoneBy.IsZero() {
		gone = "gone everywhere by " + a.console.When(row.GoneBy)
	}

	if err := a.console.Say("%s certificate %s of %s (%s), issued %s; %s",
		row.Kind, row.ID, row.Erasure, row.Subject, a.console.When(row.IssuedAt), gone); err != nil {
		return err
	}

	for _, one := range row.Stores {
		if err := a.console.Say("  %s: %s", one.Name, a.cameOut(one)); err != nil {
			return err
		}

		for _, part := range one.Outcome.Retains() {
			if err := a.console.Say("    retained: %d, basis %s, until %s", part.Count, part.Basis, a.console.When(part.Until)); err != nil {
				return err
			}
		}
	}

	return nil
}

// cameOut says how one store came out, how much of it there was, and what is open there.
func (a *app) cameOut(one certificate.Store) string {
	switch {
	case one.Outcome.Kind == store.Failed:
		return "open, " + one.Open
	case one.Open == string(store.Expires) && !one.GoneBy.IsZero():
		return "expires, gone by " + a.console.When(one.GoneBy)
	case one.Open != "":
		return fmt.Sprintf("%s %d, open: %s", one.Outcome.Kind, one.Outcome.Count, one.Open)
	default:
		return fmt.Sprintf("%s %d", one.Outcome.Kind, one.Outcome.Count)
	}
}

// certificateMode is that of a certificate's file and page: they name nobody, and are given away.
const certificateMode = 0o644

// writeCertificate writes the signed file and the page, each where a name is given.
func writeCertificate(signed certificate.Signed, read certificate.Certificate, out, page string) error {
	if out != "" {
		text, err := signed.File()
		if err != nil {
			return err
		}

		if err := os.WriteFile(out, text, certificateMode); err != nil {
			return failure.Wrap(failure.UsageWrong, "writing the certificate", err)
		}
	}

	if page == "" {
		return nil
	}

	text, err := certificate.Page(read, signed)
	if err != nil {
		return fmt.Errorf("making the page: %w", err)
	}

	return failure.Wrap(failure.UsageWrong, "writing the page", os.WriteFile(page, text, certificateMode))
}
