package ids_test

import (
	"strings"
	"testing"

	"steward/internal/ids"
)

func TestNewIsValidAndFresh(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}

	for range 1000 {
		id := ids.New("bkp")
		if !ids.Valid("bkp", id) {
			t.Fatalf("%q is not valid", id)
		}

		if seen[id] {
			t.Fatalf("%q came twice", id)
		}

		seen[id] = true
	}
}

func TestValidRefuses(t *testing.T) {
	t.Parallel()

	good := ids.New("bkp")
	for _, bad := range []string{"", "bkp_", "bkp", strings.ToUpper(good), good + "a", good[:len(good)-1], "x" + good, "bkp_!"} {
		if ids.Valid("bkp", bad) {
			t.Errorf("%q was accepted", bad)
		}
	}

	if ids.Valid("drl", good) {
		t.Error("the prefix was not checked")
	}
}
