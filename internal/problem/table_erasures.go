package problem

import (
	"net/http"

	"steward/internal/failure"
)

// erasures are the statuses of the codes about erasures and holds.
func erasures() map[failure.Code]int {
	return map[failure.Code]int{
		failure.ErasureUnknown:     http.StatusNotFound,
		failure.ErasureOpen:        http.StatusConflict,
		failure.ErasureDecided:     http.StatusConflict,
		failure.ErasureMoved:       http.StatusConflict,
		failure.OwnErasure:         http.StatusForbidden,
		failure.PlanChanged:        http.StatusConflict,
		failure.HoldEnd:            http.StatusUnprocessableEntity,
		failure.SubjectRefused:     http.StatusUnprocessableEntity,
		failure.PolicyObserves:     http.StatusConflict,
		failure.StoreGone:          http.StatusConflict,
		failure.RecheckOld:         http.StatusConflict,
		failure.HoldUnknown:        http.StatusNotFound,
		failure.CertificateMissing: http.StatusNotFound,
		failure.CauseMissing:       http.StatusConflict,
		failure.ReplayUnknown:      http.StatusConflict,
	}
}
