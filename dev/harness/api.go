package harness

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"steward/dev/internal/devkeys"
	"steward/dev/internal/ports"
)

// APIProcess is by what name the process of the API is found in World.Workers.
const APIProcess = "api"

// startAPI starts the real binary, with the login and the keys of the API and nobody
// else's. Nothing limits how much a test asks.
func (w *World) startAPI(t testing.TB) {
	t.Helper()
	shared.buildAPI(t)
	keys, err := devkeys.For(filepath.Join(w.Dir, "keys"), devkeys.API)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(ports.Host, strconv.Itoa(shared.port(t)))
	w.metrics[APIProcess] = net.JoinHostPort(ports.Host, strconv.Itoa(shared.port(t)))
	w.API = "http://" + address
	w.Workers[APIProcess] = startWorker(t, APIProcess, w.Dir, program{path: shared.api, word: `"api ready"`}, []string{
		"STEWARD_ENV=dev", "STEWARD_POLICY=" + filepath.Join(w.Dir, "policy.yaml"), "STEWARD_KEYS_DIR=" + keys,
		"STEWARD_DATABASE_URL=" + as(w.StewardURL, "test_api", w.MainWire.Address()),
		"STEWARD_DEV_CLOCK=" + w.Clock, "STEWARD_FAULT_GATE=" + w.Gate.URL(),
		"STEWARD_API_LISTEN=" + address, "STEWARD_API_DRAIN=0s", "STEWARD_API_ADDRESS_RATE=0", "STEWARD_API_CREDENTIAL_RATE=0",
		"STEWARD_LISTEN=" + w.metrics[APIProcess], "TMPDIR=" + w.Dir,
	})
}
