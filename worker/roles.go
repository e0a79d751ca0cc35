package main

import (
	"slices"
	"strings"

	"steward/internal/failure"
)

// role is what a process may do; its secrets and its database role go with it.
type role string

const (
	// core runs the workflows, gathers evidence and seals the ledger.
	core role = "core"
	// backupRole dumps, encrypts to public keys, signs, prunes.
	backupRole role = "backup"
	// drillRole decrypts, restores elsewhere, compares.
	drillRole role = "drill"
	// vendorsRole speaks to mail servers and to the app's webhooks.
	vendorsRole role = "vendors"
	// eraseRole plans erasures and erases, with the one login that may write in the app's databases.
	eraseRole role = "erase"
)

// parseRoles reads the --role flag. It fails with UsageWrong for an unknown
// role and for backup together with drill.
func parseRoles(list string) ([]role, error) {
	var roles []role

	for name := range strings.SplitSeq(list, ",") {
		wanted := role(strings.TrimSpace(name))

		switch wanted {
		case core, backupRole, drillRole, vendorsRole, eraseRole:
			roles = append(roles, wanted)
		case "":
		default:
			return nil, failure.New(failure.UsageWrong, "reading --role (known are core, backup, drill, vendors and erase)")
		}
	}

	if len(roles) == 0 {
		return nil, failure.New(failure.UsageWrong, "reading --role (name at least one of core, backup, drill, vendors and erase)")
	}

	if slices.Contains(roles, backupRole) && slices.Contains(roles, drillRole) {
		return nil, failure.New(failure.UsageWrong,
			"reading --role (backup and drill never share a process: what dumps must not be able to decrypt)")
	}

	slices.Sort(roles)

	return slices.Compact(roles), nil
}
