package problem

import "steward/internal/failure"

// accounts are the statuses of the codes of failure's table_accounts.go.
func accounts() map[failure.Code]int {
	return nil
}
