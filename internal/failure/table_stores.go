package failure

// The codes of what stands in the way of an erasure in a store.
const (
	MapUnfit     Code = "map_unfit"
	RouteChanged Code = "route_changed"
	NotFrozen    Code = "not_frozen"
	StillWritten Code = "still_written"
	StoreRefuses Code = "store_refuses"
	ResidueFound Code = "residue_found"
	NamesNotKept Code = "names_not_kept"
)

// stores are the rows about the places that hold data of subjects.
func stores() []Row {
	return []Row{
		{
			MapUnfit, "the data map does not fit the database",
			"Decide what the message names in datamap.yaml; until then nothing is erased. See: steward datamap check",
			true, Refused, false,
		},
		{
			RouteChanged, "the data map or the database changed since the erasure was planned",
			"Bring back what the case names (erase show), or decide it in datamap.yaml so that all is done as before. See: steward erase list",
			true, Refused, false,
		},
		{NotFrozen, "the keys of the subject were not frozen", "Plan the erasure anew. See: steward doctor", false, Failed, false},
		{
			StillWritten, "rows of the subject keep being written", "Find what still writes for the closed account, stop it, and try again.",
			true, Failed, false,
		},
		{
			NamesNotKept, "the steward database did not keep names of objects in time, while their rows were locked",
			"The rows were let go, and the erasure tries again. See whether that database answers: steward doctor",
			true, Failed, false,
		},
		{
			ResidueFound, "identifiers of somebody who was erased are still in texts",
			"Look at the columns that are named; decide about them in datamap.yaml, then erase anew. See: steward datamap residue",
			false, Broken, false,
		},
		{
			StoreRefuses, "the login of the erasure may not do what it must", "Grant the right that the message names; see: steward doctor",
			true, NotAllowed, false,
		},
	}
}
