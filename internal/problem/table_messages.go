package problem

import (
	"net/http"

	"steward/internal/failure"
)

// messages are the statuses of the codes of failure's table_messages.go.
func messages() map[failure.Code]int {
	return map[failure.Code]int{
		failure.WebhookURLRefused: http.StatusUnprocessableEntity,
		failure.UnknownEndpoint:   http.StatusNotFound,
		failure.UnknownDelivery:   http.StatusNotFound,
		failure.DeliveryBusy:      http.StatusConflict,
		failure.TooManyEndpoints:  http.StatusConflict,
		// This process was not given a master key, or not the right one.
		failure.ConfigInvalid: http.StatusServiceUnavailable,
		failure.CaseKeyWrong:  http.StatusServiceUnavailable,
	}
}
