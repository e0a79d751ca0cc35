package problem

import (
	"encoding/json"
	"maps"
	"net/http"
)

// Write answers with the problem. It is for what happens before a handler is
// found; huma writes those that handlers return.
func Write(w http.ResponseWriter, p *Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)

	// The asker may be gone; nobody else could be told.
	_ = json.NewEncoder(w).Encode(p) //nolint:errcheck,errchkjson // as said
}
