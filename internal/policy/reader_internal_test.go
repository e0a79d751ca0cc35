package policy

import "testing"

// A syntax error need not have a token; it still has a place.
func TestPlaceWithoutToken(t *testing.T) {
	t.Parallel()
	if got := at("a.b", nil); got != (place{path: "a.b", line: 1, column: 1}) {
		t.Errorf("place %+v", got)
	}
}
