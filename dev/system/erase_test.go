package system_test

import (
	"testing"
	"time"

	"steward/dev/harness"
)

// erasing are the options of a world that erases and backs up nothing.
func erasing() harness.Options {
	return harness.Options{Processes: []string{"core"}, Erase: true, Undrilled: true}
}

// TestErasure takes an account through the whole sentence, as people ask for it: support opens the case, a lead agrees
// to the hash of its plan, and the day comes by which it is gone everywhere. What is there then, CheckWorld says.
func TestErasure(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	account, err := world.AddAccount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	id, err := world.Erase(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("erased in %s by %d outside calls", time.Since(began).Round(time.Millisecond), len(world.Gate.Calls()))
	if stage, err := world.Stage(t.Context(), id); err != nil || stage != "done" {
		t.Errorf("%s, %v", stage, err)
	}
}
