package policy_test

import (
	"os"
	"testing"
	_ "time/tzdata" // the company's zone, on any machine

	"steward/internal/policy"
)

// Public keys of the tests. Their private halves were thrown away.
const (
	manifestKey    = "popkit.example/manifest+0375a170+AbsNXh85ovyJeAO2nFUKMaD0kEVPWrnx3l2vCUCcvx4U"
	ledgerKey      = "popkit.example/ledger+51c22d79+Ac8Ej4qCW4MREa7Q7ic8F220+CEoC3BBsIeTZq0od61a"
	certificateKey = "popkit.example/certificate+600c13d0+AWEjuEcwzOj0/sX5CMOeVhtxdF29GXLWv0sn4Q0aTspM"
	drillKey       = "age13ux5pztuqf6tjd62ha0rhhj4vlffh2049e2w4durqv4ka8qxfc2ss4fw4n"
	escrowKey      = "age17k4wympwd2srurhzf2lh479z9wjyektmw3ljvghqmmzlxvuqtd5sqvwtlk"
)

func values() map[string]string {
	return map[string]string{
		"MANIFEST_KEY": manifestKey, "LEDGER_KEY": ledgerKey, "CERTIFICATE_KEY": certificateKey,
		"DRILL_RECIPIENT": drillKey, "ESCROW_RECIPIENT": escrowKey,
	}
}

// tracked returns the policy.yaml of the repository, filled in as dev does.
func tracked(t testing.TB) []byte {
	t.Helper()
	src, err := os.ReadFile("../../policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	filled, err := policy.Fill(src, values())
	if err != nil {
		t.Fatal(err)
	}
	return filled
}

func parsed(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", tracked(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
