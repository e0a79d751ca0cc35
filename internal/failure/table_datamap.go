package failure

// The codes of the data map by itself.
const (
	DataMapInvalid Code = "datamap_invalid"
	DataMapDrift   Code = "datamap_drift"
	UnknownTable   Code = "unknown_table"
)

// dataMaps are the rows about the file, and about what it says of the databases.
func dataMaps() []Row {
	return []Row{
		{DataMapInvalid, "the data map is wrong", "Mend what the message names, then run: steward datamap check", false, Usage, false},
		{
			DataMapDrift, "the data map and the database do not agree, so that nothing can be erased",
			"Decide what is named in datamap.yaml, then run: steward datamap check", false, Failed, false,
		},
		{
			UnknownTable, "neither the data map nor the database has this table, or none is one of accounts",
			"Name it with its schema, as in app.leads; see: steward datamap graph", false, Usage, false,
		},
	}
}
