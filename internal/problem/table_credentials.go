package problem

import (
	"net/http"

	"steward/internal/failure"
)

// credentials are the statuses of the codes of failure's table_credentials.go.
func credentials() map[failure.Code]int {
	return map[failure.Code]int{
		failure.CredentialsMissing: http.StatusUnauthorized,
		failure.CredentialsWrong:   http.StatusUnauthorized,
		failure.CredentialsExpired: http.StatusUnauthorized,
		failure.CredentialsRevoked: http.StatusUnauthorized,
		failure.CredentialsSlowed:  http.StatusTooManyRequests,
		failure.CredentialRefused:  http.StatusUnprocessableEntity,
		failure.CredentialOver:     http.StatusConflict,
		failure.TokenHanded:        http.StatusForbidden,
		failure.UnknownKey:         http.StatusNotFound,
		failure.UnknownStaff:       http.StatusNotFound,
		failure.HandleTaken:        http.StatusConflict,
		failure.OwnAccess:          http.StatusForbidden,
	}
}
