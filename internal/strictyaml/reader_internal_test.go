package strictyaml

import "testing"

// A syntax error need not have a token; it still has a place.
func TestPlaceWithoutToken(t *testing.T) {
	t.Parallel()
	if got := at("a.b", nil); got != (Place{Path: "a.b", Line: 1, Column: 1}) {
		t.Errorf("place %+v", got)
	}
}
