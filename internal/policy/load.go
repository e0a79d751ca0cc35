package policy

import (
	"fmt"
	"os"
	"strings"
)

// Environment is where a policy is loaded: the value of STEWARD_ENV.
type Environment string

const (
	// Dev is a dev environment: everything on one machine.
	Dev Environment = "dev"
	// Production is anything else.
	Production Environment = "production"
)

const (
	// DemoCompany is the company of the tracked policy.yaml. Production refuses it.
	DemoCompany = "Popkit"
	// DevKeyPrefix begins the names of the keys that a dev environment makes.
	// Production refuses such keys.
	DevKeyPrefix = "steward-dev-"
)

// Load reads the policy at path. It returns *Problems for a policy that cannot
// be used, in production also for one of a dev environment or of the demo
// company, and an error of the file system when the file cannot be read.
// Any environment but Dev counts as production.
func Load(path string, env Environment) (*Policy, error) {
	src, err := os.ReadFile(path) //nolint:gosec // the path comes from the operator (STEWARD_POLICY)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	p, err := Parse(path, src)
	if err != nil {
		return nil, err
	}
	if env == Dev {
		return p, nil
	}
	if problems := p.devOnly(); len(problems) > 0 {
		return nil, &Problems{File: path, List: problems}
	}
	return p, nil
}

// devOnly finds what only a dev environment may use.
func (p *Policy) devOnly() []Problem {
	var problems []Problem
	refuse := func(wrong bool, path, message, remedy string) {
		if wrong {
			where, _ := p.place(path)
			problems = append(problems, Problem{Line: where.Line, Column: where.Column, Path: path, Message: message, Remedy: remedy})
		}
	}
	refuse(p.Company.Name == DemoCompany, "company.name", "this is the policy of the demo company",
		"write your own policy; docs/policy.md has every key")
	const made = "the key was made by a dev environment"
	const remedy = "make a key for production as in docs/keys.md, and write its public half here"
	refuse(strings.HasPrefix(p.Keys.Manifest, DevKeyPrefix), "keys.manifest", made, remedy)
	refuse(strings.HasPrefix(p.Keys.Ledger, DevKeyPrefix), "keys.ledger", made, remedy)
	refuse(strings.HasPrefix(p.Keys.Certificate, DevKeyPrefix), "keys.certificate", made, remedy)
	return problems
}
