package liveschema

// Statements are what Read sends beside its settings, for the benchmark.
func Statements() []string {
	return []string{
		tablesQuery, columnsQuery, checksQuery, indexesQuery, keysQuery, triggersQuery, inheritanceQuery,
		"select count(*) from pg_catalog.pg_largeobject_metadata",
	}
}
