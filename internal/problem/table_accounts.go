package problem

import (
	"net/http"

	"steward/internal/failure"
)

// accounts are the statuses of the codes about accounts and tasks.
func accounts() map[failure.Code]int {
	return map[failure.Code]int{
		failure.AccountUnknown:    http.StatusNotFound,
		failure.AccountGone:       http.StatusGone,
		failure.AccountChanged:    http.StatusConflict,
		failure.AccountKeyRefused: http.StatusUnprocessableEntity,
		failure.LookupKeyWrong:    http.StatusServiceUnavailable,
		failure.SignInFuture:      http.StatusUnprocessableEntity,
		failure.SignTooOld:        http.StatusUnprocessableEntity,
		failure.SignsWaiting:      http.StatusServiceUnavailable,
		failure.EventRefused:      http.StatusUnprocessableEntity,
		failure.TaskUnknown:       http.StatusNotFound,
		failure.TaskDone:          http.StatusConflict,
		failure.TaskNotYours:      http.StatusForbidden,
		failure.OutcomeRefused:    http.StatusUnprocessableEntity,
	}
}
