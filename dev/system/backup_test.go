package system_test

import (
	"testing"

	"steward/dev/harness"
	"steward/internal/catalogue"
)

func TestBackupOfBothDatabases(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{})
	for _, database := range []string{"app", "steward"} {
		result, err := world.Backup(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		if result.State != catalogue.Drilled || result.Rows == 0 || result.Day != world.Today() {
			t.Errorf("%s: %+v", database, result)
		}
	}
}
