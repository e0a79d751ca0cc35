package demoapp

// table says how one table is filled.
type table struct {
	// name as SQL wants it: with schema, quoted where needed.
	name    string
	columns []string
	// orphans counts rows without a parent. With it the rows go in without a foreign key check for each, which
	// costs more than the row itself, and are checked together at the end of the table.
	orphans string
	// parts is the number of COPY statements; nil means one.
	parts func(*plan) int
	write func(p *plan, part int, r *rows) error
}

func (t table) partCount(p *plan) int {
	if t.parts == nil {
		return 1
	}
	return t.parts(p)
}

// tables lists every table that holds generated rows, parents first. Companies come before their owners, which the
// deferred foreign key allows until the commit.
func tables() []table {
	groups := [][]table{
		accountTables(), billingTables(), campaignTables(), collectedTables(), supportTables(),
	}
	var all []table
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}
