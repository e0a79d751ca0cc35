package everywhere

import (
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/store"
	"steward/internal/store/elsewhere"
)

// A database that is called as another place is would have that one's outcome, or give it its own.
func TestTwoPlacesOfOneName(t *testing.T) {
	t.Parallel()

	for name, twice := range map[string]bool{"app": false, elsewhere.BackupsName: true} {
		all := []store.Store{appdb.New(nil, datamap.Database{Name: name}, appdb.Options{})}
		all = append(all, elsewhere.All(&policy.Policy{}, nil, nil)...)

		if err := distinct(all); failure.Is(err, failure.ConfigInvalid) != twice || twice && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
