package removal

import (
	"steward/internal/policy"
	"steward/internal/prune"
)

// RuleOf is what a policy says about the end of backups.
func RuleOf(p *policy.Policy) prune.Rule {
	rules := p.Promises.Backups

	databases := make([]string, len(rules.Databases))
	for i, database := range rules.Databases {
		databases[i] = database.Name
	}

	return prune.Rule{
		Keep: rules.Keep, Zone: p.Company.Zone, KeepLastDrilled: rules.WhenBackupsStop == policy.KeepLastDrilled,
		Tolerance: rules.Tolerance.Shortest(), Databases: databases,
	}
}
