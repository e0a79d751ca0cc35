package problem

import "steward/internal/failure"

// credentials are the statuses of the codes of failure's table_credentials.go.
func credentials() map[failure.Code]int {
	return nil
}
