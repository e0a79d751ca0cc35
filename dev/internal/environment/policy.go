package environment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"steward/dev/internal/state"
	"steward/internal/policy"
)

// policyFile is the tracked policy with this environment's keys filled in.
func (e *Environment) policyFile() string { return e.dir.Path("policy.yaml") }

// dataMapFile is the tracked data map of the demo app: it holds nothing of this environment.
func (e *Environment) dataMapFile() string { return filepath.Join(e.dir.Clone(), "datamap.yaml") }

// upPolicy fills the placeholders of the tracked policy.yaml with the public keys
// of this environment. The tracked file itself never holds a key that works.
func (e *Environment) upPolicy(context.Context) (string, error) {
	tracked, err := os.ReadFile(e.dir.Clone() + "/policy.yaml")
	if err != nil {
		return "", fmt.Errorf("reading the policy: %w", err)
	}
	filled, err := policy.Fill(tracked, map[string]string{
		"LEDGER_KEY":       e.keys.LedgerVerifier,
		"CERTIFICATE_KEY":  e.keys.CertificateVerifier,
		"MANIFEST_KEY":     e.keys.ManifestVerifier,
		"DRILL_RECIPIENT":  e.keys.DrillRecipient,
		"ESCROW_RECIPIENT": e.keys.EscrowRecipient,
	})
	if err != nil {
		return "", fmt.Errorf("filling the policy: %w", err)
	}
	if err := state.WriteFile(e.policyFile(), filled); err != nil {
		return "", fmt.Errorf("writing the policy: %w", err)
	}
	return "", nil
}
