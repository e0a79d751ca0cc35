package main

import (
	"github.com/spf13/cobra"

	"steward/internal/certificate"
	"steward/internal/failure"
	"steward/internal/keys"
)

func newCertificateShow(a *app) *cobra.Command {
	var out, page string

	command := &cobra.Command{
		Use: "show CERTIFICATE", Short: "Show a certificate, and write its file and its page",
		Long: "Shows a certificate by its id, or the newest of an erasure by that. With --out the signed file is written as it is\n" +
			"given away, with --page a page to read and print, in the language of the subject.",
		Example: "  steward certificate show era_aaaaaaaaaaaaaaaaaaaaaaaaaa\n" +
			"  steward certificate show crt_aaaaaaaaaaaaaaaaaaaaaaaaaa --out certificate.json --page certificate.html",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			settings, rules, err := a.load()
			if err != nil {
				return err
			}

			if rules.Keys.Certificate == "" {
				return failure.New(failure.PolicyInvalid, "showing a certificate (the policy pins no keys.certificate)")
			}

			key, err := keys.Verifier(rules.Keys.Certificate)
			if err != nil {
				return err
			}

			db, err := a.database(command.Context(), settings)
			if err != nil {
				return err
			}

			signed, err := certificate.ByID(command.Context(), db, given[0])
			if err != nil {
				return err
			}

			read, err := signed.Open(key)
			if err != nil {
				return err
			}

			if err := writeCertificate(signed, read, out, page); err != nil {
				return err
			}

			row := rowOfCertificate(read, signed)
			if a.console.JSON {
				return a.console.Document(row)
			}

			return a.sayCertificate(row)
		},
	}
	command.Flags().StringVar(&out, "out", "", "the file to write the signed certificate to")
	command.Flags().StringVar(&page, "page", "", "the file to write the page to")

	return command
}
