package main

import (
	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/policy"
)

// explainedResult is what policy explain prints.
type explainedResult struct {
	// File is the policy that was read.
	File string `json:"file"`
	// Hash identifies its values, whatever their order and comments; evidence
	// cites it.
	Hash string `json:"hash"`
	// Promises are in the order in which they are listed to people.
	Promises []policy.Sentence `json:"promises"`
}

// policyResult is what policy check prints for a policy that can be used.
type policyResult struct {
	// File is the policy that was read.
	File string `json:"file"`
	// Hash identifies its values.
	Hash string `json:"hash"`
	// Environment is dev or production; production refuses more.
	Environment policy.Environment `json:"environment"`
}

func newPolicy(a *app) *cobra.Command {
	return group("policy", "Explain and check the policy",
		"The policy holds what the company promises; docs/policy.md has every key. Both commands need no service.",
		"  steward policy explain\n  steward policy check policy.yaml",
		newPolicyExplain(a), newPolicyCheck(a))
}

func newPolicyExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "explain [FILE]", Short: "Print each promise as a sentence",
		Long: "Prints each promise of the policy as one sentence, with its mode and the sentence of the policy text.\n" +
			"Without FILE it reads the policy that STEWARD_POLICY names.",
		Example: "  steward policy explain\n  steward policy explain policy.yaml --json",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			settings, rules, err := readPolicy(given)
			if err != nil {
				return err
			}

			result := explainedResult{File: settings.Policy, Hash: rules.Hash(), Promises: rules.Explain()}
			if a.console.JSON {
				return a.console.Document(result)
			}

			for _, sentence := range result.Promises {
				built := ""
				if !sentence.Built {
					built = ", not built"
				}

				source := ""
				if sentence.Source != "" {
					source = ", " + sentence.Source
				}

				if err := a.console.Say("%s (%s%s%s)\n  %s", sentence.Promise, sentence.Mode, source, built, sentence.Text); err != nil {
					return err
				}
			}

			return nil
		},
	}
}

func newPolicyCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Check that a policy can be used",
		Long: "Names every fault with line, column and remedy. What only a dev environment may use (keys that\n" +
			"`make up` made, the demo company) is a fault unless STEWARD_ENV is dev.",
		Example: "  steward policy check\n  STEWARD_ENV=production steward policy check policy.yaml",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			settings, rules, err := readPolicy(given)
			if err != nil {
				return err
			}

			result := policyResult{File: settings.Policy, Hash: rules.Hash(), Environment: settings.Env}
			if a.console.JSON {
				return a.console.Document(result)
			}

			return a.console.Say("%s can be used in %s (hash %s)", result.File, result.Environment, result.Hash)
		},
	}
}

// readPolicy reads the policy that was given, else that of the environment. No
// other variable matters, so that a policy can be checked anywhere.
func readPolicy(given []string) (config.Config, *policy.Policy, error) {
	settings, err := config.Load()
	if err != nil {
		return settings, nil, err
	}

	if len(given) > 0 {
		settings.Policy = given[0]
	}

	rules, err := policy.Load(settings.Policy, settings.Env)

	return settings, rules, failure.Wrap(failure.PolicyInvalid, "reading the policy", err)
}
