package problem

import "steward/internal/failure"

// messages are the statuses of the codes of failure's table_messages.go.
func messages() map[failure.Code]int {
	return nil
}
