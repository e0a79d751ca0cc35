package drill

import (
	"os"
	"strings"
	"testing"

	"steward/internal/failure"
)

// Names of tables are logged, names of roles are not.
func TestRolesAreNotLogged(t *testing.T) {
	t.Parallel()

	differences := []string{`table "stock.items" is missing`, `privilege "relation a is owned by ada" is missing`, `privilege "b to ada" is missing`}

	err := failure.Wrap(failure.ContentDiffers, "comparing ("+summary(withoutRoles(differences))+")", found(differences))
	if said := failure.Safe(err); strings.Contains(said, "ada") || strings.Count(said, "privileges differ") != 1 || !strings.Contains(said, "stock.items") {
		t.Error(said)
	}

	if !strings.Contains(err.Error(), "ada") || !failure.Is(err, failure.ContentDiffers) {
		t.Error(err)
	}
}

// The list for pg_restore has no name in any folder: a killed drill leaves none.
func TestTheListHasNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)

	list, err := writeList("1; 2 3 TABLE a b c\n")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()

	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}
