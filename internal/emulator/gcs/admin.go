package gcs

import (
	"encoding/json"
	"net/http"
)

// Stats is the answer of /_emulator/stats.
type Stats struct {
	// Cells is the table of Server.Cells.
	Cells []Cell `json:"cells"`
	// Stalled is the number of requests that wait in a stall.
	Stalled int `json:"stalled"`
	// Requests is the log of Server.Requests.
	Requests []Request `json:"requests"`
}

// serveAdmin answers the emulator's own routes: faults (GET lists, POST adds, DELETE clears),
// release (POST lets stalled requests go) and stats (GET).
func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request, path string) {
	switch r.Method + " " + path {
	case "GET faults":
		writeAdmin(w, s.Faults())
	case "POST faults":
		s.addFault(w, r)
	case "DELETE faults":
		s.ClearFaults()
		writeAdmin(w, s.Faults())
	case "POST release":
		s.Release()
		writeAdmin(w, struct{}{})
	case "GET stats":
		writeAdmin(w, Stats{Cells: s.Cells(), Stalled: s.Stalled(), Requests: s.Requests()})
	default:
		http.Error(w, "unknown route of the emulator", http.StatusNotFound)
	}
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDocument))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		http.Error(w, "decoding the fault: "+err.Error(), http.StatusBadRequest)
		return
	}
	id, err := s.InjectFault(fault)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeAdmin(w, map[string]int{"id": id})
}

func writeAdmin(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	// The only error left is a client that has gone.
	_ = json.NewEncoder(w).Encode(answer) //nolint:errcheck,errchkjson // the only error left is a client that has gone
}
