package system_test

import (
	"strings"
	"testing"

	"steward/dev/harness"
	"steward/internal/emulator/gcs"
	"steward/internal/faults"
)

// TestTheWireCountsTheSame compares the gate's count of one clean backup with what
// really passed on the wire. A call that does not pass the gate could fail without
// the Nth-call loop ever seeing it.
func TestTheWireCountsTheSame(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Processes: harness.Apart(), Wire: true})
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if err := world.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A second day: connections are open, the first checkpoint is there.
	if err := world.Move(day); err != nil {
		t.Fatal(err)
	}
	world.MainWire.Forget()
	world.DrillWire.Forget()
	requests := len(world.Storage.Requests())
	world.Gate.Arm(harness.Plan{})
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	gate := map[string]int{}
	for _, call := range world.Gate.Calls() {
		switch {
		case call.Kind == faults.SQL && call.Name == "connect":
			gate["connect "+call.Process]++
		case call.Kind == faults.SQL:
			gate["sql "+call.Process]++
		case call.Kind == faults.HTTP && call.Process != "core":
			gate["http"]++
		}
	}
	wire := map[string]int{}
	for _, one := range []*harness.Wire{world.MainWire, world.DrillWire} {
		for client, n := range one.Statements() {
			t.Logf("on the wire: %d statements of %s %s", n, client.User, client.Application)
			if strings.HasPrefix(client.Application, "pg_") {
				continue // pg_dump, pg_dumpall and pg_restore: counted as processes
			}
			if strings.HasSuffix(client.Application, "_ahead") {
				continue // a drill that reads ahead: whatever fails of it is read again
			}
			switch {
			case client.User == "test_backup":
				wire["sql backup"] += n
			// The third lends schemas, as the role that restores.
			case client.User == "test_drill", client.User == "drill_admin", strings.HasPrefix(client.User, "drill_role_"):
				wire["sql drill"] += n
			}
		}
	}
	http := 0
	for _, request := range world.Storage.Requests()[requests:] {
		if request.Bucket == backups && request.Operation != gcs.Operation("") {
			http++
		}
	}
	t.Logf("gate %v, wire %v, requests to the bucket of backups %d", gate, wire, http)
	if gate["http"] != http {
		t.Errorf("the gate saw %d requests, the service %d", gate["http"], http)
	}
	for _, kind := range []string{"sql backup", "sql drill"} {
		// Beside the gate go signs of life (by the clock), pings of idle
		// connections in the pool, and roll-backs: at most a handful.
		if beside := wire[kind] - gate[kind]; beside < 0 || beside > maxBeside {
			t.Errorf("%s: the gate saw %d, the wire %d", kind, gate[kind], wire[kind])
		}
	}
}

// maxBeside is how many statements of one backup may pass beside the gate: signs
// of life every 300 ms at this scale, and one ping for each connection of a pool.
const maxBeside = 12
