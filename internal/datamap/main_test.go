package datamap_test

import (
	"testing"

	"steward/internal/datamap"
)

// demo reads the data map of the demo app.
func demo(t testing.TB) *datamap.Map {
	t.Helper()

	read, err := datamap.Load("../../datamap.yaml")
	if err != nil {
		t.Fatal(err)
	}

	return read
}

func TestTheDemoMapIsAMap(t *testing.T) {
	t.Parallel()

	read := demo(t)
	app := read.Database("app")
	if app == nil || len(app.Tables) != 28 || len(read.SHA256) != 64 {
		t.Fatalf("%d tables, hash %q", len(app.Tables), read.SHA256)
	}
}
