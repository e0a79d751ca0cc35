package main

// anchor is a column of the table: code that we admire, measured by us in November 2026 with the rules of package
// measure, from these snapshots: age v1.3.2, boulder 2d00c8e, litestream 63225f1, miniflux 106cdd0.
// Its values stand in the order of rows.
type anchor struct {
	name   string
	values []string
}

// source is printed below the table.
const source = "The other columns were measured by us in 2026-11, with the same counting rules."

var anchors = []anchor{
	{"age 1.3.2", []string{
		"33 / 19", "164 / 505 / 679", "10 / 62 / 225", "3.6 %", "48 %", "47 %",
		"33/299", "5 / 0", "68/2/8", "8", "0.63",
	}},
	{"boulder", []string{
		"246 / 120", "122 / 689 / 2879", "12 / 81 / 267", "6.8 %", "69 %", "19 %",
		"377/1366", "43 / 22", "1043/0/0", "44", "1.16",
	}},
	{"litestream", []string{
		"62 / 17", "185 / 1846 / 3408", "14 / 85 / 289", "7.5 %", "72 %", "12 %",
		"539/804", "3 / 0", "587/2/0", "37", "1.54",
	}},
	{"miniflux", []string{
		"335 / 87", "71 / 395 / 1560", "11 / 73 / 558", "5.4 %", "61 %", "2 %",
		"103/620", "2 / 0", "1163/4/0", "13", "0.89",
	}},
}
