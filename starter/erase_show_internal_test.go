package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"steward/internal/console"
)

// Whoever looks at a case that stopped reads why, and what to do.
func TestWhyAnErasureStopped(t *testing.T) {
	t.Parallel()

	shown := func(code string) string {
		var out bytes.Buffer

		a := &app{console: &console.Console{Out: &out, Zone: time.UTC}}
		if err := a.showErasure(erasureWhole{erasureRow: erasureRow{ID: "era_x", Kind: "person", Code: code}}); err != nil {
			t.Fatal(err)
		}

		return out.String()
	}

	text := shown("store_gone")
	for _, wanted := range []string{
		"stopped   store_gone: a place that the erasure is about is not in the data map or the policy any more\n",
		"  Put it back, and have the erasure tried again. See: steward erase list\n",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("no %q in\n%s", wanted, text)
		}
	}

	if text := shown(""); !strings.Contains(text, "stopped   -\n") {
		t.Error(text)
	}

	if text := shown("of_tomorrow"); !strings.Contains(text, "stopped   of_tomorrow\n") {
		t.Error(text)
	}
}
