package main

import (
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/certificate"
	"steward/internal/failure"
	"steward/internal/keys"
)

// verifiedCertificate is what certificate verify prints.
type verifiedCertificate struct {
	certificateRow

	// Key names the key that signed it.
	Key string `json:"key"`
	// Origin names the ledger that its tombstone stands in.
	Origin string `json:"origin"`
	// Position is that of the tombstone.
	Position int64 `json:"position"`
	// Size is the number of entries under the checkpoint.
	Size int64 `json:"size"`
	// SignedAt is when the checkpoint was signed.
	SignedAt time.Time `json:"signed_at"`
}

// verifyFlags are those of certificate verify.
type verifyFlags struct{ key, ledgerKey, page string }

func newCertificateVerify(a *app) *cobra.Command {
	var flags verifyFlags

	command := &cobra.Command{
		Use: "verify FILE", Short: "Check a certificate without any service",
		Long: "Checks that a certificate is as the company's key signed it, and that the decision to erase stands in the ledger, for this\n" +
			"erasure, plan and subject. Needs the file (- for the standard input) and two public keys: those of the policy, or\n" +
			"--key and --ledger-key.",
		Example: "  steward certificate verify certificate.json\n  steward certificate verify - < certificate.json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			text, err := readCertificate(given[0], command.InOrStdin())
			if err != nil {
				return err
			}

			key, ledgerKey, err := a.certificateKeys(flags)
			if err != nil {
				return err
			}

			signed, err := certificate.Parse(text)
			if err != nil {
				return err
			}

			seen, err := certificate.Verify(signed, key, ledgerKey)
			if err != nil {
				return err
			}

			if err := writeCertificate(signed, seen.Certificate, "", flags.page); err != nil {
				return err
			}

			return a.showVerifiedCertificate(verifiedCertificate{
				certificateRow: rowOfCertificate(seen.Certificate, signed), Key: key.Name(), Origin: seen.Checkpoint.Origin,
				Position: seen.Certificate.Tombstone.Position, Size: seen.Checkpoint.Size, SignedAt: seen.Checkpoint.At,
			})
		},
	}
	command.Flags().StringVar(&flags.key, "key", "", "the public key of certificates; without it the one in the policy")
	command.Flags().StringVar(&flags.ledgerKey, "ledger-key", "", "the ledger's public key; without it the one in the policy")
	command.Flags().StringVar(&flags.page, "page", "", "the file to write a page to read and print to")

	return command
}

// readCertificate reads a file, or the standard input up to a little more than a certificate may have.
func readCertificate(name string, input io.Reader) (text []byte, err error) {
	if name != "-" {
		// What is too large is refused by whoever reads it.
		text, err = os.ReadFile(name) //nolint:gosec // whoever runs the command names it

		return text, failure.Wrap(failure.UsageWrong, "reading a certificate", err)
	}

	text, err = io.ReadAll(io.LimitReader(input, certificate.MaxBytes+1))

	return text, failure.Wrap(failure.UsageWrong, "reading a certificate", err)
}

// certificateKeys are the public keys that were given, or those in the policy.
func (a *app) certificateKeys(flags verifyFlags) (key, ledgerKey note.Verifier, err error) {
	if flags.key == "" || flags.ledgerKey == "" {
		_, rules, err := a.load()
		if err != nil {
			return nil, nil, err
		}

		if flags.key == "" {
			flags.key = rules.Keys.Certificate
		}

		if flags.ledgerKey == "" {
			flags.ledgerKey = rules.Keys.Ledger
		}
	}

	if flags.key == "" {
		return nil, nil, failure.New(failure.UsageWrong, "choosing a key (the policy pins no keys.certificate: give --key)")
	}

	if key, err = keys.Verifier(flags.key); err != nil {
		return nil, nil, err
	}

	ledgerKey, err = keys.Verifier(flags.ledgerKey)

	return key, ledgerKey, err
}

func (a *app) showVerifiedCertificate(result verifiedCertificate) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	if err := a.console.Say("the certificate is genuine: signed by %s; its tombstone is entry %d of %d in the ledger %s, signed %s",
		result.Key, result.Position, result.Size, result.Origin, a.console.When(result.SignedAt)); err != nil {
		return err
	}

	return a.sayCertificate(result.certificateRow)
}
