package gcs

import (
	"errors"
	"fmt"
	"net/http"
)

// apiError is a refusal in the words of the API: an HTTP status, the machine-readable reason that the
// official clients show, and a sentence.
type apiError struct {
	status  int
	reason  string
	message string
}

// Error returns status, reason and sentence in one line.
func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, e.reason, e.message)
}

func refuse(status int, reason, format string, args ...any) *apiError {
	return &apiError{status: status, reason: reason, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "invalid", format, args...)
}

func notFound(what string) *apiError {
	return refuse(http.StatusNotFound, "notFound", "The specified %s does not exist.", what)
}

// unsupported is 400 and not 501: the official client retries every 5xx, for ever if nobody stops it.
func unsupported(what string) *apiError {
	return refuse(http.StatusBadRequest, "notImplemented", "This emulator does not implement %s (docs/emulator-gcs.md).", what)
}

func conditionNotMet() *apiError {
	return refuse(http.StatusPreconditionFailed, "conditionNotMet",
		"At least one of the pre-conditions you specified did not hold.")
}

func notModified() *apiError {
	return refuse(http.StatusNotModified, "notModified", "Not modified.")
}

// asAPIError turns any error into what is answered: its own refusal, or 500 for a failing disk and the like.
func asAPIError(err error) *apiError {
	if refused, ok := errors.AsType[*apiError](err); ok {
		return refused
	}
	return refuse(http.StatusInternalServerError, "internalError", "%v", err)
}

// errorBody is the JSON document of a refusal.
func errorBody(e *apiError) map[string]any {
	item := map[string]any{"domain": "global", "reason": e.reason, "message": e.message}
	return map[string]any{"error": map[string]any{
		"code": e.status, "message": e.message, "errors": []any{item},
	}}
}
