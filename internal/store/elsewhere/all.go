package elsewhere

import (
	"steward/internal/clocks"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// LoginRecords is the name of the store of login records.
const LoginRecords = "login_records"

// All are the stores of a policy in which nothing is erased from here, in a fixed order: backups, declared
// copies, login records, processors. They come after those in which something is erased. Steward is the steward
// database, with the rights of the role that erases.
func All(rules *policy.Policy, steward postgres.Queryer, clock clocks.Clock) []store.Store {
	all := []store.Store{BackupsOf(rules, steward, clock)}

	for _, copied := range rules.Copies {
		all = append(all, Declared(copied, steward, rules.Company.Zone))
	}

	if rules.Promises.LoginRecords != nil {
		all = append(all, Unconnected(LoginRecords))
	}

	if rules.Promises.Processors != nil {
		for _, processor := range rules.Promises.Processors.Names {
			all = append(all, Unconnected("processors/"+processor.Name))
		}
	}

	return all
}
